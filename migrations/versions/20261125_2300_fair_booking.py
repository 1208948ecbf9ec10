"""Fair booking: holds, the waiting list, quotas, approval, ballots, no-shows and requests for a visit."""

from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision: str = "20261125_2300"
down_revision: str | None = "20261122_1900"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
INSTANT = sa.DateTime(timezone=True)
SLOT_COLUMNS = {
    "waiting": (sa.Integer(), "0"),
    "queue_last": (sa.Integer(), "0"),
    "queue_until": (INSTANT, None),
    "lapses_at": (INSTANT, None),
    "month": (sa.Integer(), "0"),
    "quota_month": (sa.Integer(), None),
    "quota_edition": (sa.Integer(), None),
    "quota_open": (sa.Integer(), None),
    "needs_approval": (sa.Boolean(), sa.false()),
    "invited_until": (INSTANT, None),
    "draw_at": (INSTANT, None),
    "drawn_at": (INSTANT, None),
    "is_draw_weighted": (sa.Boolean(), sa.false()),
}
BOOKING_COLUMNS = {
    "party_min": (sa.Integer(), "1"),
    "month": (sa.Integer(), "0"),
    "department_id": (BIG_ID, "0"),
    "edition_id": (BIG_ID, None),
    "lapses_at": (INSTANT, None),
    "renewals": (sa.Integer(), "0"),
    "draft": (DOCUMENT, "{}"),
    "queue_number": (sa.Integer(), None),
    "asks_first": (sa.Boolean(), sa.false()),
    "passed_over": (sa.Integer(), "0"),
    "passed_since": (INSTANT, None),
    "approve_by": (INSTANT, None),
    "reminded_at": (INSTANT, None),
    "escalated_at": (INSTANT, None),
    "moved_to_id": (BIG_ID, None),
}
SLOT_CHECKS = {
    "waiting": "waiting >= 0",
    "quotas": "quota_month >= 1 AND quota_edition >= 1 AND quota_open >= 1",
    "drawn": "drawn_at IS NULL OR draw_at IS NOT NULL",
}
BOOKING_CHECKS = {
    "lapses": "(state IN ('held', 'offered')) = (lapses_at IS NOT NULL)",
    "party_min": "party_min BETWEEN 1 AND party",
}
PARTIAL_INDEXES = (
    ("ix_slots_waiting", "slots", ["id"], "waiting > 0"),
    ("ix_slots_lapses_at", "slots", ["lapses_at"], "lapses_at IS NOT NULL"),
    ("ix_slots_draw_at", "slots", ["draw_at"], "draw_at IS NOT NULL AND drawn_at IS NULL"),
    ("ix_bookings_approve_by", "bookings", ["approve_by"], "state = 'pending'"),
)
FOREIGN_KEYS = {"department_id": "departments", "edition_id": "editions", "moved_to_id": "bookings"}


def upgrade() -> None:
    _add_columns("slots", SLOT_COLUMNS)
    _add_columns("bookings", BOOKING_COLUMNS)
    op.execute("UPDATE slots SET queue_until = names_until")
    _set_months()
    op.execute(
        "UPDATE bookings SET party_min = party, "
        "month = (SELECT month FROM slots WHERE slots.id = slot_id), "
        "department_id = (SELECT department_id FROM slots WHERE slots.id = slot_id), "
        "edition_id = (SELECT edition_id FROM slots WHERE slots.id = slot_id)"
    )
    # What never was in use: holds and offers had no time to lapse at.
    op.execute("UPDATE bookings SET state = 'expired' WHERE state IN ('held', 'offered')")
    with op.batch_alter_table("slots") as batch_op:
        batch_op.alter_column("queue_until", existing_type=INSTANT, nullable=False)
        for name, (_kind, default) in SLOT_COLUMNS.items():
            if default is not None:
                batch_op.alter_column(name, existing_type=_kind, server_default=None, nullable=False)
        for name, check in SLOT_CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_slots_{name}"), check)
    with op.batch_alter_table("bookings") as batch_op:
        for name, (_kind, default) in BOOKING_COLUMNS.items():
            if default is not None:
                batch_op.alter_column(name, existing_type=_kind, server_default=None, nullable=False)
        for name, check in BOOKING_CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_bookings_{name}"), check)
        for name, target in FOREIGN_KEYS.items():
            batch_op.create_foreign_key(op.f(f"fk_bookings_{name}_{target}"), target, [name], ["id"])
        batch_op.create_index("ix_bookings_month", ["enterprise_id", "month"])
        batch_op.create_index("ix_bookings_edition", ["enterprise_id", "edition_id"])
    for name, table, columns, where in PARTIAL_INDEXES:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    _create_tables()


def _add_columns(table: str, columns: dict[str, tuple[sa.types.TypeEngine, object]]) -> None:
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, default) in columns.items():
            batch_op.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))


def _set_months() -> None:
    """The month of each start in the district's zone, which SQL cannot say alike on both databases."""
    zone: ZoneInfo = current_app.config["EVENTSYS"].zone
    connection = op.get_bind()
    slots = sa.table(
        "slots", sa.column("id", BIG_ID), sa.column("starts_at", INSTANT), sa.column("month", sa.Integer())
    )
    for key, starts_at in connection.execute(sa.select(slots.c.id, slots.c.starts_at)).all():
        local = (starts_at if starts_at.tzinfo else starts_at.replace(tzinfo=UTC)).astimezone(zone)
        month = local.year * 100 + local.month
        connection.execute(sa.update(slots).where(slots.c.id == key).values(month=month))


def _create_tables() -> None:
    op.create_table(
        "quota_exceptions",
        sa.Column("slot_id", BIG_ID, nullable=False),
        sa.Column("enterprise_id", BIG_ID, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("granted_by_id", BIG_ID, nullable=True),
        sa.Column("granted_by", sa.String(length=60), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["slots.id"], name=op.f("fk_quota_exceptions_slot_id_slots"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["enterprises.id"], name=op.f("fk_quota_exceptions_enterprise_id_enterprises")
        ),
        sa.ForeignKeyConstraint(
            ["granted_by_id"], ["people.id"], name=op.f("fk_quota_exceptions_granted_by_id_people")
        ),
        sa.PrimaryKeyConstraint("slot_id", "enterprise_id", name=op.f("pk_quota_exceptions")),
    )
    op.create_table(
        "no_shows",
        sa.Column("booking_id", BIG_ID, nullable=False),
        sa.Column("enterprise_id", BIG_ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("appeal", sa.String(length=500), nullable=False),
        sa.Column("appealed_at", INSTANT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("is_excused", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_no_shows_booking_id_bookings"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["enterprises.id"], name=op.f("fk_no_shows_enterprise_id_enterprises")
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_no_shows")),
    )
    op.create_index("ix_no_shows_enterprise", "no_shows", ["enterprise_id", "at"])
    op.create_table(
        "ballots",
        sa.Column("slot_id", BIG_ID, nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("entries", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("fk_ballots_slot_id_slots"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_ballots")),
    )
    op.create_table(
        "visit_requests",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("public_id", sa.String(length=13), nullable=False),
        sa.Column("enterprise_id", BIG_ID, nullable=False),
        sa.Column("department_id", BIG_ID, nullable=False),
        sa.Column("topic", _choice("topic", "policy", "service", "care"), nullable=False),
        sa.Column("wanted", sa.String(length=200), nullable=False),
        sa.Column("asks", sa.String(length=500), nullable=False),
        sa.Column("state", _choice("state", "open", "arranged", "declined", "withdrawn"), nullable=False),
        sa.Column("contact_id", BIG_ID, nullable=True),
        sa.Column("contact_name", sa.String(length=60), nullable=False),
        sa.Column("slot_id", BIG_ID, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(state = 'arranged') = (slot_id IS NOT NULL)", name=op.f("ck_visit_requests_arranged")),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["enterprises.id"], name=op.f("fk_visit_requests_enterprise_id_enterprises")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_visit_requests_department_id_departments")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["people.id"], name=op.f("fk_visit_requests_contact_id_people")),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("fk_visit_requests_slot_id_slots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_requests")),
        sa.UniqueConstraint("public_id", name=op.f("uq_visit_requests_public_id")),
    )
    op.create_index("ix_visit_requests_department", "visit_requests", ["department_id", "state"])
    op.create_index("ix_visit_requests_enterprise", "visit_requests", ["enterprise_id", "id"])


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def downgrade() -> None:
    for table in ("visit_requests", "ballots", "no_shows", "quota_exceptions"):
        op.drop_table(table)
    for name, table, _columns, _where in reversed(PARTIAL_INDEXES):
        op.drop_index(name, table)
    with op.batch_alter_table("bookings") as batch_op:
        batch_op.drop_index("ix_bookings_edition")
        batch_op.drop_index("ix_bookings_month")
        for name, target in FOREIGN_KEYS.items():
            batch_op.drop_constraint(op.f(f"fk_bookings_{name}_{target}"), type_="foreignkey")
        for name in BOOKING_CHECKS:
            batch_op.drop_constraint(op.f(f"ck_bookings_{name}"), type_="check")
        for name in BOOKING_COLUMNS:
            batch_op.drop_column(name)
    with op.batch_alter_table("slots") as batch_op:
        for name in SLOT_CHECKS:
            batch_op.drop_constraint(op.f(f"ck_slots_{name}"), type_="check")
        for name in SLOT_COLUMNS:
            batch_op.drop_column(name)
