"""Whether who has not booked is let in at the door of a slot."""

from collections.abc import Sequence

from alembic import op

revision: str = "20261127_0130"
down_revision: str | None = "20261126_2300"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE slots ADD COLUMN walk_ins VARCHAR(24) DEFAULT 'places_left' NOT NULL "
        "CONSTRAINT ck_slots_walk_ins CHECK (walk_ins IN ('none', 'places_left', 'always'))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE slots DROP COLUMN walk_ins")
