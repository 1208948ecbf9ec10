"""Release the places that nobody claimed, some minutes after the start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import check_door
from eventsys.bookings.services import release_booking
from eventsys.bookings.services.locking import lock_slot_and_enterprises
from eventsys.checkin.queries import list_missing, lock_attendees
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.permissions import Permission
from eventsys.directory.queries import district_settings
from eventsys.slots.models import Slot


def release_places(slot: str, *, actor: Actor) -> Sequence[Booking]:
    """End the confirmed bookings of a session (public id) of which nobody was admitted; which they were.

    Twice releases once. Conflict `door_not_yet` until the district's minutes after the start, `no_door` for other
    formats. The attendees are locked, so that nobody is admitted and released at once.
    """
    locked = lock_slot_and_enterprises(slot, actor, Permission.RELEASE_PLACES)
    check_door(locked.state, locked.format, release_at(locked), locked.ends_at, now())
    lock_attendees(locked.id)
    missing = list_missing(locked.id)
    for booking in missing:
        release_booking(booking, locked, actor=actor)
    return missing


def release_at(slot: Slot) -> datetime:
    """From when the slot's places may be released."""
    return slot.starts_at + timedelta(minutes=district_settings().release_after_minutes)
