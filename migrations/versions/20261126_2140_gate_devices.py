"""Phones that are devices of a gate, and the links that make them so."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261126_2140"
down_revision: str | None = "20261126_2130"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "gate_pairings",
        sa.Column("id", KEY, nullable=False),
        sa.Column("gate_id", KEY, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("may_override", sa.Boolean(), nullable=False),
        sa.Column("may_search", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gate_pairings"),
        sa.UniqueConstraint("secret_hash", name="uq_gate_pairings_secret_hash"),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.id"], name="fk_gate_pairings_gate_id_gates", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by_id"], ["people.id"], name="fk_gate_pairings_created_by_id_people"),
    )
    op.create_index("ix_gate_pairings_gate_id", "gate_pairings", ["gate_id"])
    op.create_table(
        "gate_devices",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(13), nullable=False),
        sa.Column("gate_id", KEY, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("may_override", sa.Boolean(), nullable=False),
        sa.Column("may_search", sa.Boolean(), nullable=False),
        sa.Column("paired_by_id", KEY, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_gate_devices"),
        sa.UniqueConstraint("public_id", name="uq_gate_devices_public_id"),
        sa.UniqueConstraint("token_hash", name="uq_gate_devices_token_hash"),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.id"], name="fk_gate_devices_gate_id_gates", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["paired_by_id"], ["people.id"], name="fk_gate_devices_paired_by_id_people"),
    )
    op.create_index("ix_gate_devices_gate_id", "gate_devices", ["gate_id"])


def downgrade() -> None:
    op.drop_table("gate_devices")
    op.drop_table("gate_pairings")
