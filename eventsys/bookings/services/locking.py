"""Lock a booking with what it hangs on, in the house's order: enterprise, slots by id, the rest."""

from __future__ import annotations

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_owner, get_booking, lock_slot
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.slots.models import Slot


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
