"""Calendars of staff that are read for when they have no time, and those times."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261127_0640"
down_revision: str | None = "20261127_0610"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "busy_times",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("staff_id", KEY, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="span"),
    )
    op.create_index("ix_busy_times_staff", "busy_times", ["staff_id", "ends_at"])
    op.create_index("ix_busy_times_source", "busy_times", ["source"])
    op.create_table(
        "busy_calendars",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("public_id", sa.String(13), nullable=False, unique=True),
        sa.Column("staff_id", KEY, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sealed_url", sa.String(1_000), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", KEY, sa.ForeignKey("people.id")),
        sa.Column("read_at", INSTANT),
        sa.Column("whole_on", sa.Date(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("etag", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(40), nullable=False),
    )
    op.create_index("ix_busy_calendars_staff", "busy_calendars", ["staff_id"])
    op.create_index("ix_busy_calendars_due", "busy_calendars", ["due_at"])


def downgrade() -> None:
    op.drop_table("busy_calendars")
    op.drop_table("busy_times")
