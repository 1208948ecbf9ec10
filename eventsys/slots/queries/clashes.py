"""Reads for clashes: what is held around slots, and what places take. A fixed number of statements for many slots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, or_, select

from eventsys.core.db import db
from eventsys.directory.busy import busy_between
from eventsys.directory.models import Park, Place
from eventsys.directory.ways import Whereabouts
from eventsys.slots.clashes import Held, Venue
from eventsys.slots.models import Slot, slot_enterprises, slot_staff
from eventsys.slots.rules import LONGEST, AudienceKind, SlotFormat, SlotState

NOBODY = 0  # the department of a time that is no slot
LIVE = (SlotState.DRAFT, SlotState.PUBLISHED)


def venues_of(places: Collection[int]) -> dict[int, Venue]:
    """What these places (primary keys) take, by key."""
    if not places:
        return {}
    query = select(Place.id, Place.rooms, Place.seats, Park.id.label("park"), Park.latitude, Park.longitude)
    rows = db.session.execute(query.outerjoin(Park, Park.id == Place.park_id).where(Place.id.in_(sorted(places))))
    return {row.id: Venue(row.rooms, row.seats, Whereabouts(row.park, row.latitude, row.longitude)) for row in rows}


def held_around(slots: Sequence[Held], visits: Collection[int] = ()) -> list[Held]:
    """The drafts and published slots about the days of `slots` that may clash with one of them: of their departments,
    at their places, with their staff, naming the enterprises they visit; and the `visits` (primary keys). Besides, when
    their staff is busy."""
    if not slots:
        return []
    first = min(slot.starts_at for slot in slots) - timedelta(days=1)
    last = max(slot.ends_at for slot in slots) + timedelta(days=1)
    shared: list[ColumnElement[bool]] = [
        Slot.department_id.in_({slot.department for slot in slots}),
        Slot.place_id.in_({slot.place for slot in slots} - {None}),
        Slot.id.in_(visits),
    ]
    for table, keys in (
        (slot_staff, {who for slot in slots for who in slot.staff}),
        (slot_enterprises, {who for slot in slots for who in slot.visited}),
    ):
        if keys:
            own = table.c.staff_id if table is slot_staff else table.c.enterprise_id
            shared.append(Slot.id.in_(select(table.c.slot_id).where(own.in_(keys))))
    span = (Slot.starts_at > first - LONGEST, Slot.starts_at < last, Slot.ends_at > first)
    return [*read_held(*span, or_(*shared)), *_busy({who for slot in slots for who in slot.staff}, first, last)]


def _busy(staff: Collection[int], first: datetime, last: datetime) -> list[Held]:
    return [
        Held(start, end, NOBODY, staff=frozenset({who}), is_busy=True)
        for who, start, end in busy_between(staff, first, last)
    ]


def read_held(*conditions: ColumnElement[bool]) -> list[Held]:
    """The drafts and published slots that fit, as what they hold: three statements."""
    rows = db.session.execute(
        select(
            Slot.id,
            Slot.starts_at,
            Slot.ends_at,
            Slot.department_id,
            Slot.place_id,
            Slot.attendee_capacity,
            Slot.format,
            Slot.audience_kind,
            Park.id.label("park"),
            Park.latitude,
            Park.longitude,
        )
        .outerjoin(Park, Park.id == Slot.park_id)
        .where(Slot.state.in_(LIVE), *conditions)
    ).all()
    staff = _linked(slot_staff, "staff_id", [row.id for row in rows])
    visits = [row.id for row in rows if row.format is SlotFormat.VISIT and row.audience_kind is AudienceKind.NAMED]
    named = _linked(slot_enterprises, "enterprise_id", visits)
    return [
        Held(
            row.starts_at,
            row.ends_at,
            row.department_id,
            row.id,
            row.place_id,
            Whereabouts(row.park, row.latitude, row.longitude),
            row.attendee_capacity,
            frozenset(staff.get(row.id, ())),
            frozenset(named[row.id] if len(named.get(row.id, ())) == 1 else ()),
        )
        for row in rows
    ]


def _linked(table: Table, column: str, slots: Collection[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    if slots:
        for slot, key in db.session.execute(select(table.c.slot_id, table.c[column]).where(table.c.slot_id.in_(slots))):
            found.setdefault(slot, set()).add(key)
    return found
