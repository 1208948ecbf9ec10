"""Planned visits: reserved for one enterprise, which answers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261126_0840"
down_revision: str | None = "20261126_0830"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ANSWERS = ("waiting", "agreed", "another_time", "not_now")
ANSWER = sa.Enum(*ANSWERS, name="answer", native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    op.create_table(
        "planned_visits",
        sa.Column("booking_id", BIG_ID, nullable=False),
        sa.Column("answer", ANSWER, nullable=False),
        sa.Column("wishes", sa.String(length=500), nullable=False),
        sa.Column(
            "proposals", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answer_by", INSTANT, nullable=False),
        sa.Column("told_at", INSTANT, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_by", sa.String(length=60), nullable=False),
        sa.CheckConstraint("(answer = 'waiting') = (answered_at IS NULL)", name=op.f("ck_planned_visits_answered")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_planned_visits_booking_id_bookings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_planned_visits")),
    )
    unanswered = sa.text("answer = 'waiting' AND told_at IS NULL")
    op.create_index(
        "ix_planned_visits_answer_by",
        "planned_visits",
        ["answer_by"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )


def downgrade() -> None:
    op.drop_table("planned_visits")
