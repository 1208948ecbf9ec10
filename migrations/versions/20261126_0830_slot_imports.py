"""Templates: a department keeps slots under a name to make others like them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261126_0830"
down_revision: str | None = "20261126_0700"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
KEPT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "slot_templates",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("public_id", sa.String(length=13), nullable=False),
        sa.Column("department_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kept", KEPT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_slot_templates_department_id_departments")
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["people.id"], name=op.f("fk_slot_templates_created_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_templates")),
        sa.UniqueConstraint("public_id", name=op.f("uq_slot_templates_public_id")),
        sa.UniqueConstraint("department_id", "name", name=op.f("uq_slot_templates_department_id_name")),
    )


def downgrade() -> None:
    op.drop_table("slot_templates")
