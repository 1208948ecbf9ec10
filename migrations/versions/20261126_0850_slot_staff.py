"""Who comes to a slot, what to bring, its documents, and how many slots a place takes at a time."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261126_0850"
down_revision: str | None = "20261126_0840"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
FEED_KEY = "fk_feed_links_staff_id_staff"


def upgrade() -> None:
    # With its CHECK in the column's own words, which both databases add and drop together with it.
    op.execute(
        "ALTER TABLE places ADD COLUMN rooms INTEGER DEFAULT 1 NOT NULL CONSTRAINT ck_places_rooms CHECK (rooms >= 1)"
    )
    op.add_column("slots", sa.Column("bring", sa.String(500), server_default="", nullable=False))
    _create_staff()
    _create_documents()
    with op.batch_alter_table("feed_links") as batch_op:
        batch_op.add_column(sa.Column("staff_id", KEY, nullable=True))
        batch_op.create_foreign_key(FEED_KEY, "staff", ["staff_id"], ["id"])
    op.create_index("ix_feed_links_staff", "feed_links", ["staff_id"])


def _create_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(13), nullable=False),
        sa.Column("department_id", KEY, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("office", sa.String(60), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("feed_revision", sa.Integer(), nullable=False),
        sa.Column("feed_changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("public_id", name="uq_staff_public_id"),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name="fk_staff_department_id_departments"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_staff_person_id_people"),
    )
    op.create_index("ix_staff_department", "staff", ["department_id", "name"])
    op.create_index("ix_staff_person_id", "staff", ["person_id"])
    op.create_table(
        "slot_staff",
        sa.Column("slot_id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("slot_id", "staff_id", name="pk_slot_staff"),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="fk_slot_staff_slot_id_slots", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_slot_staff_staff_id_staff"),
    )
    op.create_index("ix_slot_staff_staff_id", "slot_staff", ["staff_id"])


def _create_documents() -> None:
    op.create_table(
        "slot_documents",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(13), nullable=False),
        sa.Column("slot_id", KEY, nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(24), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_slot_documents"),
        sa.UniqueConstraint("public_id", name="uq_slot_documents_public_id"),
        sa.CheckConstraint("(url = '') = (kind IS NOT NULL)", name="ck_slot_documents_link_or_file"),
        sa.CheckConstraint(
            "kind IN ('pdf', 'docx', 'xlsx', 'pptx', 'jpg', 'png', 'txt')", name="ck_slot_documents_kind"
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="fk_slot_documents_slot_id_slots", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by_id"], ["people.id"], name="fk_slot_documents_created_by_id_people"),
    )
    op.create_index("ix_slot_documents_slot_id", "slot_documents", ["slot_id"])
    op.create_table(
        "slot_document_parts",
        sa.Column("document_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "position", name="pk_slot_document_parts"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["slot_documents.id"],
            name="fk_slot_document_parts_document_id_slot_documents",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_feed_links_staff", "feed_links")
    op.execute("DELETE FROM feed_links WHERE staff_id IS NOT NULL")  # else they would show the whole department's
    with op.batch_alter_table("feed_links") as batch_op:
        batch_op.drop_constraint(FEED_KEY, type_="foreignkey")
        batch_op.drop_column("staff_id")
    op.drop_table("slot_document_parts")
    op.drop_table("slot_documents")
    op.drop_table("slot_staff")
    op.drop_table("staff")
    op.drop_column("slots", "bring")
    op.drop_column("places", "rooms")
