"""Visits that took place: who confirmed them, who came, what was asked and promised."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261126_2300"
down_revision: str | None = "20261126_2230"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "visit_records",
        sa.Column("id", KEY, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("slot_id", KEY, nullable=False),
        sa.Column("confirmed_as", sa.String(24), nullable=False),
        sa.Column("confirmed_by", sa.String(60), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("arrived_at", INSTANT, nullable=False),
        sa.Column("departed_at", INSTANT, nullable=True),
        sa.Column("team", JSON, nullable=False),
        sa.Column("hosts", JSON, nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("promises", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_visit_records"),
        sa.UniqueConstraint("booking_id", name="uq_visit_records_booking_id"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name="fk_visit_records_booking_id_bookings", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="fk_visit_records_slot_id_slots"),
        sa.CheckConstraint("confirmed_as IN ('host', 'team')", name="ck_visit_records_confirmed_as"),
        sa.CheckConstraint("departed_at IS NULL OR departed_at >= arrived_at", name="ck_visit_records_departed"),
    )
    op.create_index("ix_visit_records_slot_id", "visit_records", ["slot_id"])


def downgrade() -> None:
    op.drop_table("visit_records")
