"""PostgreSQL reads the filters of the home page and of feeds by indexes, however many slots there are."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
import sqlalchemy as sa

from eventsys.core.actor import ANYBODY
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.directory.models import Park
from eventsys.directory.rules import Topic
from eventsys.slots.models import Edition, Slot
from eventsys.slots.queries import SlotFilter, list_desk_slots, list_slots, nearest_slots
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import make_slot

SLOTS = 1_000_000 if os.environ.get("EVENTSYS_SOAK") else 30_000
PAGE = 31
NOT_ONE = "aaaaaaaaaaaaa"
COPIED = [column.name for column in Slot.__table__.columns if column.name not in {"id", "public_id", "version"}]
INSTANTS = {column.name for column in Slot.__table__.columns if column.name.endswith(("_at", "_until"))}

pytestmark = pytest.mark.postgresql_only


@pytest.fixture
def many(app):
    """A department's, a park's and everybody's slots over four years, as one slot copied."""
    slot = make_slot(title="政策辅导")
    values = [f"{name} + days" if name in INSTANTS else name for name in COPIED]
    sets = {"department_id": "1 + n % 2", "topic": "(ARRAY['policy', 'service', 'care'])[1 + n % 3]"}
    values = [sets.get(name, value) for name, value in zip(COPIED, values, strict=True)]
    db.session.execute(
        sa.text(
            f"INSERT INTO slots (public_id, version, {', '.join(COPIED)}) "
            f"SELECT substr(md5(n::text), 1, 13), 1, {', '.join(values)} FROM slots, "
            "(SELECT n, make_interval(mins => (n::bigint * 2102400 / :count - 1051200)::int) AS days "
            "FROM generate_series(1, :count) AS n) AS numbered WHERE id = :slot"
        ),
        {"count": SLOTS, "slot": slot.id},
    )
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE slots"))
    return slot


def plans(ask):
    """The plans of the statements that `ask` sends, as PostgreSQL explains them."""
    seen = []

    def note(_connection, cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    raw = db.session.connection().connection.cursor()
    found = []
    for statement, parameters in seen:
        raw.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        answer = raw.fetchone()[0]
        found.append(answer if isinstance(answer, list) else json.loads(answer))
    return found


def reads_all_slots(plan):
    """Whether a node of the plan reads the table from end to end."""
    if isinstance(plan, list):
        return any(reads_all_slots(item) for item in plan)
    if not isinstance(plan, dict):
        return False
    is_scan = plan.get("Node Type", "").endswith("Seq Scan") and plan.get("Relation Name") == "slots"
    return is_scan or any(reads_all_slots(value) for value in plan.values())


def filters():
    month = {"starts_from": now(), "starts_before": now() + timedelta(days=31)}
    park = db.session.scalars(sa.select(Park.public_id)).first()
    edition = db.session.scalars(sa.select(Edition.public_id)).first()
    return {
        "what comes": SlotFilter(starts_from=now()),
        "a month": SlotFilter(**month),
        "department": SlotFilter(**month, department="tax"),
        "park": SlotFilter(**month, park=park or NOT_ONE),
        "topic": SlotFilter(**month, topic=Topic.POLICY),
        "format": SlotFilter(**month, format=SlotFormat.VISIT),
        "edition": SlotFilter(**month, edition=edition or NOT_ONE),
        "places left": SlotFilter(**month, has_places=True),
        "search": SlotFilter(**month, search="zcfd"),
        "department, whatever comes": SlotFilter(starts_from=now(), department="tax"),
    }


def test_filters_use_indexes(many):
    for name, wanted in filters().items():
        (plan, *_) = plans(lambda wanted=wanted: list_slots(wanted, ANYBODY, limit=PAGE))
        assert not reads_all_slots(plan), (name, json.dumps(plan, indent=1)[:3000])


def test_the_next_page_and_the_desk_use_indexes(many):
    after = (many.starts_at, many.id)
    asked = {
        "next page": lambda: list_slots(SlotFilter(starts_from=now()), ANYBODY, limit=PAGE, after=after),
        "desk": lambda: list_desk_slots(cast.CLERK.actor, now(), now() + timedelta(days=31)),
        "district": lambda: list_desk_slots(cast.COORDINATOR.actor, now(), now() + timedelta(days=31)),
        "nearest": lambda: nearest_slots(many, 1),
    }
    for name, ask in asked.items():
        (plan, *_) = plans(ask)
        assert not reads_all_slots(plan), (name, json.dumps(plan, indent=1)[:3000])


def test_the_check_sees_a_table_read_from_end_to_end(many):
    (plan,) = plans(lambda: db.session.scalars(sa.select(Slot.id).where(Slot.description == "x")).all())
    assert reads_all_slots(plan)
