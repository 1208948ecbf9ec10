"""After a slot: attendance confirmed, those who came thanked and asked, pictures of visits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261127_0200"
down_revision: str | None = "20261127_0130"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attendances",
        sa.Column("slot_id", KEY, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("confirmed_by", sa.String(60), nullable=False),
        sa.Column("enterprises", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("thanked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("slot_id", name="pk_attendances"),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="fk_attendances_slot_id_slots", ondelete="CASCADE"),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by = '')", name="ck_attendances_confirmed"),
    )
    # Nobody is thanked now for what was over before anybody could be.
    op.execute(
        "INSERT INTO attendances (slot_id, confirmed_by, enterprises, people, thanked_at) "
        "SELECT id, '', 0, 0, CURRENT_TIMESTAMP FROM slots WHERE ends_at < CURRENT_TIMESTAMP"
    )
    op.create_table(
        "ratings",
        sa.Column("id", KEY, nullable=False),
        sa.Column("giver", sa.String(13), nullable=False),
        sa.Column("slot_id", KEY, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("answered", sa.String(24), nullable=True),
        sa.Column("comment", sa.String(500), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ratings"),
        sa.UniqueConstraint("giver", name="uq_ratings_giver"),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="fk_ratings_slot_id_slots", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name="fk_ratings_booking_id_bookings", ondelete="CASCADE"
        ),
        sa.CheckConstraint("answered IN ('yes', 'partly', 'no')", name="ck_ratings_answered"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="ck_ratings_stars"),
    )
    op.create_index("ix_ratings_slot_id", "ratings", ["slot_id"])
    op.create_index("ix_ratings_booking_id", "ratings", ["booking_id"])
    op.create_table(
        "visit_photos",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(13), nullable=False),
        sa.Column("record_id", KEY, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_visit_photos"),
        sa.UniqueConstraint("public_id", name="uq_visit_photos_public_id"),
        sa.ForeignKeyConstraint(
            ["record_id"], ["visit_records.id"], name="fk_visit_photos_record_id_visit_records", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_visit_photos_record_id", "visit_photos", ["record_id"])


def downgrade() -> None:
    op.drop_table("visit_photos")
    op.drop_table("ratings")
    op.drop_table("attendances")
