"""What a gate without a network showed for a scan."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261126_2130"
down_revision: str | None = "20261126_0850"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RESULTS = (
    "'invalid', 'forged', 'unknown', 'revoked', 'cancelled', 'wrong_slot', 'not_confirmed', 'not_yet', 'expired', "
    "'already_admitted', 'admitted', 'exited', 'annulled'"
)


def upgrade() -> None:
    # In the column's own words, so that SQLite need not copy the table and lose the triggers that keep it append-only.
    op.execute(f"ALTER TABLE scans ADD COLUMN shown VARCHAR(24) CONSTRAINT ck_scans_shown CHECK (shown IN ({RESULTS}))")


def downgrade() -> None:
    op.execute("ALTER TABLE scans DROP COLUMN shown")
