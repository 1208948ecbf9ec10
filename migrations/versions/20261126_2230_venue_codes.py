"""The code at a gate that attendees scan themselves."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261126_2230"
down_revision: str | None = "20261126_2140"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE gates ADD COLUMN venue_kind VARCHAR(24) DEFAULT 'printed' NOT NULL "
        "CONSTRAINT ck_gates_venue_kind CHECK (venue_kind IN ('off', 'printed', 'rotating'))"
    )
    op.execute("ALTER TABLE gates ADD COLUMN venue_version INTEGER DEFAULT 1 NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE gates DROP COLUMN venue_version")
    op.execute("ALTER TABLE gates DROP COLUMN venue_kind")
