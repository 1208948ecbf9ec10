"""Visit requests are to be answered by an instant, reminded of and escalated."""

from collections.abc import Sequence
from datetime import UTC

import sqlalchemy as sa
from alembic import op
from flask import current_app

from eventsys.workdays.rules import OFFICIAL

revision: str = "20261126_0430"
down_revision: str | None = "20261125_2300"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
COLUMNS = ("answer_by", "reminded_at", "escalated_at")
DAYS = 2  # working days, the default until now
INDEX = "ix_visit_requests_answer_by"


def upgrade() -> None:
    with op.batch_alter_table("visit_requests") as batch_op:
        for name in COLUMNS:
            batch_op.add_column(sa.Column(name, INSTANT, nullable=True))
    _fill()
    with op.batch_alter_table("visit_requests") as batch_op:
        batch_op.alter_column("answer_by", existing_type=INSTANT, nullable=False)
    is_open = sa.text("state = 'open'")
    op.create_index(INDEX, "visit_requests", ["answer_by"], sqlite_where=is_open, postgresql_where=is_open)


def _fill() -> None:
    zone = current_app.config["EVENTSYS"].zone
    table = sa.table(
        "visit_requests", sa.column("id"), sa.column("created_at", INSTANT), sa.column("answer_by", INSTANT)
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(table.c.id, table.c.created_at)).all():
        asked = row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC)
        by = OFFICIAL.end_of_workday_after(asked, DAYS, zone).astimezone(UTC)
        by = by if row.created_at.tzinfo else by.replace(tzinfo=None)
        connection.execute(sa.update(table).where(table.c.id == row.id).values(answer_by=by))


def downgrade() -> None:
    op.drop_index(INDEX, "visit_requests")
    with op.batch_alter_table("visit_requests") as batch_op:
        for name in COLUMNS:
            batch_op.drop_column(name)
