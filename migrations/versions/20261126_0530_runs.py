"""Slots made many at once know the run they were made in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261126_0530"
down_revision: str | None = "20261126_0500"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FOREIGN_KEY = "fk_slots_run_id_slot_runs"
INDEX = "ix_slots_run_id"


def upgrade() -> None:
    op.create_table(
        "slot_runs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(13), nullable=False),
        sa.Column("department_id", KEY, nullable=False),
        sa.Column("rule", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_slot_runs"),
        sa.UniqueConstraint("public_id", name="uq_slot_runs_public_id"),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name="fk_slot_runs_department_id_departments"),
        sa.ForeignKeyConstraint(["created_by_id"], ["people.id"], name="fk_slot_runs_created_by_id_people"),
    )
    with op.batch_alter_table("slots") as batch_op:
        batch_op.add_column(sa.Column("run_id", KEY, nullable=True))
        batch_op.create_foreign_key(FOREIGN_KEY, "slot_runs", ["run_id"], ["id"])
    op.create_index(INDEX, "slots", ["run_id"])


def downgrade() -> None:
    op.drop_index(INDEX, "slots")
    with op.batch_alter_table("slots") as batch_op:
        batch_op.drop_constraint(FOREIGN_KEY, type_="foreignkey")
        batch_op.drop_column("run_id")
    op.drop_table("slot_runs")
