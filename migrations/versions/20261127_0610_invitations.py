"""Invitations by mail: what they go by when a booking moves, and what attendees' calendars answered."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261127_0610"
down_revision: str | None = "20261127_0530"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOVED = sa.text("invite_id <> ''")


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ADD COLUMN invite_id VARCHAR(13) DEFAULT '' NOT NULL")
    op.execute("ALTER TABLE bookings ADD COLUMN invite_base INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE attendees ADD COLUMN invite_id VARCHAR(13) DEFAULT '' NOT NULL")
    op.execute(
        "ALTER TABLE attendees ADD COLUMN answer VARCHAR(24) CONSTRAINT ck_attendees_answer "
        "CHECK (answer IN ('accepted', 'tentative', 'declined'))"
    )
    op.add_column("attendees", sa.Column("answered_at", sa.DateTime(timezone=True)))
    op.create_index("ix_attendees_invite_id", "attendees", ["invite_id"], sqlite_where=MOVED, postgresql_where=MOVED)


def downgrade() -> None:
    op.drop_index("ix_attendees_invite_id", "attendees")
    for column in ("answered_at", "answer", "invite_id"):
        op.execute(f"ALTER TABLE attendees DROP COLUMN {column}")
    for column in ("invite_base", "invite_id"):
        op.execute(f"ALTER TABLE bookings DROP COLUMN {column}")
