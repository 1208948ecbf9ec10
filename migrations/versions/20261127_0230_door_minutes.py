"""How long before the start check-in opens."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261127_0230"
down_revision: str | None = "20261127_0200"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE slots ADD COLUMN door_minutes INTEGER DEFAULT 120 NOT NULL "
        "CONSTRAINT ck_slots_door_minutes CHECK (door_minutes BETWEEN 0 AND 1440)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE slots DROP COLUMN door_minutes")
