"""What is possible instead of a slot."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Integer, Select, and_, bindparam, or_, select, union_all

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.types import PRESENT
from eventsys.slots.models import Slot
from eventsys.slots.queries.audiences import is_slot_for
from eventsys.slots.queries.slots import has_places, with_details
from eventsys.slots.rules import SlotState

NEAREST = 3
NEARBY = timedelta(days=92)


def nearest_slots(slot: Slot, party: int, enterprise: int | None = None, *, limit: int = NEAREST) -> list[Slot]:
    """Up to `limit` other slots with room for `party` that can be booked now: same department first, then same topic,
    then by how close in time they are, three months at most. Hidden ones never: they would be told to strangers."""
    at, present = slot.starts_at, now()
    first, last = max(present, at - NEARBY), max(present, at) + NEARBY
    values = {"slot": slot.id, "department": slot.department_id, "topic": slot.topic, "party": party, "some": 4 * limit}
    values |= {"at": at, "first": first, "later_from": max(at, first), "last": last}
    beside = {row.id: row for row in db.session.execute(_beside(), values)}
    ranked = sorted(beside.values(), key=lambda other: _distance(slot, other))[: 2 * limit]
    found = {
        other.id: other for other in db.session.scalars(_detailed(), {"keys": [row.id for row in ranked]}).unique()
    }
    slots = [found[row.id] for row in ranked if row.id in found]
    return [other for other in slots if enterprise is None or is_slot_for(other, enterprise)][:limit]


@cache
def _beside() -> CompoundSelect[*tuple[Any, ...]]:
    """The next few before and after the slot of its department and of its topic, each read in an index's order: a
    refusal costs the same however many slots there are. Built once: in a rush it is asked at each refusal."""
    bookable = and_(
        Slot.state == SlotState.PUBLISHED,
        Slot.is_hidden.is_(False),
        Slot.closes_at > PRESENT,
        or_(Slot.opens_at.is_(None), Slot.opens_at <= PRESENT),
        or_(Slot.invited_until.is_(None), Slot.invited_until <= PRESENT),
        or_(Slot.waiting == 0, Slot.queue_until <= PRESENT),
        or_(Slot.draw_at.is_(None), Slot.drawn_at.is_not(None)),
        has_places(bindparam("party", type_=Integer())),
        or_(Slot.party_max.is_(None), Slot.party_max >= bindparam("party")),
        Slot.id != bindparam("slot"),
    )
    columns = select(Slot.id, Slot.department_id, Slot.topic, Slot.starts_at)
    queries = []
    for alike in (Slot.department_id == bindparam("department"), Slot.topic == bindparam("topic")):
        some = columns.where(bookable, alike).limit(bindparam("some", type_=Integer()))
        later = some.where(Slot.starts_at.between(bindparam("later_from"), bindparam("last"))).order_by(Slot.starts_at)
        earlier = some.where(Slot.starts_at >= bindparam("first"), Slot.starts_at < bindparam("at"))
        queries += [later, earlier.order_by(Slot.starts_at.desc())]
    return union_all(*(select(query.subquery()) for query in queries))


@cache
def _detailed() -> Select[Any]:
    return with_details(select(Slot)).where(Slot.id.in_(bindparam("keys", expanding=True)))


def _distance(slot: Slot, other: Any) -> tuple[bool, bool, timedelta, int]:
    is_ours, is_alike = other.department_id == slot.department_id, other.topic is slot.topic
    return not is_ours, not is_alike, abs(other.starts_at - slot.starts_at), other.id
