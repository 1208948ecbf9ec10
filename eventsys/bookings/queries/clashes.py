"""Clashes of slots, the visits that enterprises booked among them; and what people are told of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import TAKES_PLACES
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.directory.models import Enterprise, Place, Staff
from eventsys.directory.queries import settings_of
from eventsys.directory.settings import ClashRule
from eventsys.slots.clashes import Clash, ClashKind, Held, Neighbours, find_clashes, rules_of
from eventsys.slots.models import Slot
from eventsys.slots.queries.clashes import LIVE, held_around, read_held, venues_of
from eventsys.slots.rules import SlotFormat, SlotState

WHO = (ClashKind.STAFF, ClashKind.BUSY)  # of which somebody of the staff is told


@dataclass(frozen=True, slots=True)
class ToldClash:
    """A clash as somebody may know it: the code of its sentence with what fills it, and the other slot (a public id)
    when it exists for them."""

    code: str
    fields: dict[str, Any]
    slot: str | None
    is_forbidden: bool


def list_clashes_of(slots: Collection[int]) -> list[Clash]:
    """What stands against stored slots (primary keys), forbidden first."""
    return list_clashes(read_held(Slot.id.in_(slots))) if slots else []


def list_clashes(slots: Sequence[Held]) -> list[Clash]:
    """What stands against slots, among themselves as well, as far as the settings of their departments ask to be told;
    forbidden first. A fixed number of statements for those of one department."""
    if not slots:
        return []
    zone = installation().zone
    slots = _with_visits(slots, _visits(Slot.id.in_({slot.key for slot in slots} - {None})))
    visits = _visits_about(slots)
    own = {slot.key for slot in slots} - {None}
    others = [other for other in held_around(slots, visits.keys()) if other.key not in own]
    around = Neighbours([*slots, *_with_visits(others, visits)], zone)
    venues = venues_of({slot.place for slot in slots if slot.place is not None})
    settings = {key: settings_of(key) for key in {slot.department for slot in slots}}
    rules = {key: rules_of(item) for key, item in settings.items()}
    found = [
        replace(clash, is_forbidden=rules[slot.department][clash.kind] is ClashRule.FORBID)
        for slot in slots
        for clash in find_clashes(slot, around, venues, settings[slot.department].day_slots, zone)
        if rules[slot.department][clash.kind] is not ClashRule.OFF
    ]
    return sorted(found, key=lambda clash: not clash.is_forbidden)


def tell_clashes(clashes: Sequence[Clash], actor: Actor) -> list[ToldClash]:
    """The clashes in words for `actor`; a slot that does not exist for them is only its department."""
    others = _rows(Slot, {clash.other.key for clash in clashes if clash.other}, joinedload(Slot.department))
    staff = _rows(Staff, {clash.who for clash in clashes if clash.kind in WHO})
    visited = _rows(Enterprise, {clash.who for clash in clashes if clash.kind is ClashKind.ENTERPRISE})
    places = _rows(Place, {clash.mine.place for clash in clashes})
    told = []
    for clash in clashes:
        other = others.get(clash.other.key) if clash.other else None
        who = (staff if clash.kind in WHO else visited).get(clash.who)
        place = places.get(clash.mine.place)
        is_known = other is not None and _exists_for(other, actor)
        slot = other.public_id if other is not None and is_known else None
        fields = {
            "kind": clash.kind.value,
            "slot": slot,
            "title": "" if other is None else other.title if is_known else other.department.short_name,
            "starts_at": clash.other.starts_at if clash.other else clash.mine.starts_at,
            "who": who.name if who else "",
            "place": place.name if place else "",
            "limit": clash.limit,
            "number": clash.number,
            "occurrence": clash.mine.starts_at,
        }
        told.append(ToldClash(f"slot_clash_{clash.kind.value}", fields, slot, clash.is_forbidden))
    return told


def _exists_for(slot: Slot, actor: Actor) -> bool:
    if slot.state is not SlotState.DRAFT and not slot.is_hidden:
        return True
    return is_allowed(actor, Permission.SEE_HIDDEN_SLOT, Scope(departments=frozenset({slot.department_id})))


def _rows(model: Any, keys: Iterable[int | None], *options: Any) -> dict[int | None, Any]:
    wanted = {key for key in keys if key is not None}
    if not wanted:
        return {}
    return {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(wanted)).options(*options))}


def _with_visits(slots: Sequence[Held], visits: dict[int, frozenset[int]]) -> list[Held]:
    return [replace(slot, visited=slot.visited | visits.get(slot.key or 0, frozenset())) for slot in slots]


def _visits_about(slots: Sequence[Held]) -> dict[int, frozenset[int]]:
    """The visits that the enterprises visited by `slots` have booked about their days."""
    visited = {who for slot in slots for who in slot.visited}
    if not visited:
        return {}
    first = min(slot.starts_at for slot in slots) - timedelta(days=1)
    last = max(slot.ends_at for slot in slots) + timedelta(days=1)
    return _visits(Booking.enterprise_id.in_(visited), Slot.starts_at > first, Slot.starts_at < last)


def _visits(*conditions: ColumnElement[bool]) -> dict[int, frozenset[int]]:
    """The enterprises that booked visits, by the visit's primary key."""
    query = select(Booking.slot_id, Booking.enterprise_id).join(Slot, Slot.id == Booking.slot_id)
    query = query.where(
        Slot.format == SlotFormat.VISIT, Slot.state.in_(LIVE), Booking.state.in_(TAKES_PLACES), *conditions
    )
    found: dict[int, frozenset[int]] = {}
    for slot, enterprise in db.session.execute(query):
        found[slot] = found.get(slot, frozenset()) | {enterprise}
    return found
