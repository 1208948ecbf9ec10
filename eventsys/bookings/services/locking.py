"""Lock a booking, or a slot with all who booked it, in the house's order: enterprises, slots by id, the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_owner, get_booking, lock_slot
from eventsys.core.actor import Actor
from eventsys.core.db import Busy, db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission
from eventsys.directory.feed_sets import bump_feed_sets, lock_enterprise
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_slot_of, lock_slots

LOCK_ATTEMPTS = 5


def lock_booking(public_id: str, actor: Actor) -> tuple[Booking, Slot]:
    """The booking and its slot, locked, when visible to `actor`; the enterprise's feed set is raised."""
    owner = find_owner(public_id)
    if owner is None:
        raise NotFound()
    _booking, enterprise, slot_id = owner
    lock_enterprise(enterprise)
    slot = lock_slot(slot_id)
    db.session.expire_all()
    booking = get_booking(public_id, visible_to=actor)
    return booking, slot


def lock_slot_and_enterprises(public_id: str, actor: Actor, permission: Permission, also: Collection[int] = ()) -> Slot:
    """The slot of who has the permission on it, locked after the enterprises that booked it and `also` others (primary
    keys), their feed sets raised.

    Who books between the two locks is seen under the second: then both are given back and taken anew.
    """
    key = db.session.scalar(select(Slot.id).where(Slot.public_id == public_id))
    if key is None:
        raise NotFound()
    for _attempt in range(LOCK_ATTEMPTS):
        with db.session.begin_nested() as savepoint:
            locked = sorted({*_enterprises_in([key]), *also})
            bump_feed_sets(enterprises=locked)
            slot = get_slot_of(public_id, actor, permission)
            if set(_enterprises_in([key])) <= set(locked):
                return slot
            savepoint.rollback()
    raise Busy("enterprises keep booking the slot")


def lock_slots_and_enterprises(keys: Collection[int], also: Collection[int] = ()) -> Sequence[Slot]:
    """The slots (by primary key) in the order of their keys, locked after the enterprises that booked them and `also`
    others."""
    for _attempt in range(LOCK_ATTEMPTS):
        with db.session.begin_nested() as savepoint:
            locked = sorted({*_enterprises_in(keys), *also})
            bump_feed_sets(enterprises=locked)
            slots = lock_slots(keys)
            if set(_enterprises_in(keys)) <= set(locked):
                return slots
            savepoint.rollback()
    raise Busy("enterprises keep booking the slots")


def _enterprises_in(slots: Collection[int]) -> list[int]:
    """Who booked them, even those who cancelled: their calendars still show it for a while."""
    query = select(Booking.enterprise_id).where(Booking.slot_id.in_(slots))
    return list(db.session.scalars(query.distinct().order_by(Booking.enterprise_id)))
