"""Supporting departments are asked and confirm; bookings are asked again after a large move; slots are handed over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261126_0700"
down_revision: str | None = "20261126_0600"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ASKED = ("asked_at", "confirmed_at")
AGAIN = ("moved_from", "reconfirm_by")
TO_CHASE = "reconfirm_by IS NOT NULL"


def upgrade() -> None:
    with op.batch_alter_table("slot_department") as batch_op:
        for name in ASKED:
            batch_op.add_column(sa.Column(name, INSTANT, nullable=True))
    # Those named until now were agreed with by telephone.
    agreed = "(SELECT created_at FROM slots WHERE slots.id = slot_department.slot_id)"
    op.execute(f"UPDATE slot_department SET asked_at = {agreed}, confirmed_at = {agreed}")
    with op.batch_alter_table("bookings") as batch_op:
        for name in AGAIN:
            batch_op.add_column(sa.Column(name, INSTANT, nullable=True))
    to_chase = sa.text(TO_CHASE)
    op.create_index(
        "ix_bookings_reconfirm_by", "bookings", ["reconfirm_by"], sqlite_where=to_chase, postgresql_where=to_chase
    )
    with op.batch_alter_table("slots") as batch_op:
        batch_op.add_column(sa.Column("handed_to_id", BIG_ID, nullable=True))
        batch_op.create_foreign_key(op.f("fk_slots_handed_to_id_departments"), "departments", ["handed_to_id"], ["id"])
    offered = sa.text("handed_to_id IS NOT NULL")
    op.create_index("ix_slots_handed_to_id", "slots", ["handed_to_id"], sqlite_where=offered, postgresql_where=offered)


def downgrade() -> None:
    op.drop_index("ix_slots_handed_to_id", "slots")
    with op.batch_alter_table("slots") as batch_op:
        batch_op.drop_constraint(op.f("fk_slots_handed_to_id_departments"), type_="foreignkey")
        batch_op.drop_column("handed_to_id")
    op.drop_index("ix_bookings_reconfirm_by", "bookings")
    with op.batch_alter_table("bookings") as batch_op:
        for name in AGAIN:
            batch_op.drop_column(name)
    with op.batch_alter_table("slot_department") as batch_op:
        for name in ASKED:
            batch_op.drop_column(name)
