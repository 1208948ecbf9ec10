"""The working calendar holds imported notices and the district's own days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261126_0500"
down_revision: str | None = "20261126_0430"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "workday_overrides"
KINDS = ("open", "closed", "morning", "afternoon")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind", sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=24), nullable=False
        ),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_workday_overrides_reason")),
        sa.CheckConstraint(
            "notice IS NULL OR kind IN ('open', 'closed')", name=op.f("ck_workday_overrides_notice_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workday_overrides")),
    )
    for name, columns, condition in (
        ("uq_workday_overrides_day", ["day"], sa.text("notice IS NULL")),
        ("uq_workday_overrides_notice", ["notice", "day"], sa.text("notice IS NOT NULL")),
    ):
        op.create_index(name, TABLE, columns, unique=True, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_table(TABLE)
