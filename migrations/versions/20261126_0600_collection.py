"""Collection: editions have deadlines, departments submit."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261126_0600"
down_revision: str | None = "20261126_0530"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
INSTANTS = ("collects_until", "opens_at", "published_at")
CHECKS = {
    "collection": "(collects_until IS NULL) = (opens_at IS NULL)",
    "opens": "opens_at >= collects_until",
}
STATES = ("missing", "submitted", "returned", "nothing")
STATE = sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    with op.batch_alter_table("editions") as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        for name in INSTANTS:
            batch_op.add_column(sa.Column(name, INSTANT, nullable=True))
        for name, condition in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_editions_{name}"), condition)
    with op.batch_alter_table("editions") as batch_op:
        for name in ("description", "version"):
            batch_op.alter_column(name, server_default=None)
    to_open = sa.text("opens_at IS NOT NULL AND published_at IS NULL")
    op.create_index("ix_editions_opens_at", "editions", ["opens_at"], sqlite_where=to_open, postgresql_where=to_open)
    op.create_table(
        "submissions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("edition_id", BIG_ID, nullable=False),
        sa.Column("department_id", BIG_ID, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("at", INSTANT, nullable=True),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("reminded_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_submissions_edition_id_editions")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_submissions_department_id_departments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("edition_id", "department_id", name=op.f("uq_submissions_edition_id_department_id")),
    )
    op.create_index(op.f("ix_submissions_department_id"), "submissions", ["department_id"])


def downgrade() -> None:
    op.drop_table("submissions")
    op.drop_index("ix_editions_opens_at", "editions")
    with op.batch_alter_table("editions") as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_editions_{name}"), type_="check")
        for name in ("description", "version", *INSTANTS):
            batch_op.drop_column(name)
