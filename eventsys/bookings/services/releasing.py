"""At the door: places nobody claimed go to who waits there, and back to who comes after all while some are left.

A released booking is cancelled with the reason `released`. It is what a no-show is, so it is noted as one, and counts
against no quota besides. Nothing passes by itself after the start: who waits and is not there gets no place.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_undoable
from eventsys.bookings.rules import RELEASED, UNDO_RELEASE_WITHIN, BookingState, TicketState, check_door, has_room
from eventsys.bookings.services.admission import release_lapsed_holds
from eventsys.bookings.services.locking import lock_booking, lock_slot_and_enterprises
from eventsys.bookings.services.no_shows import record_no_show, take_back_no_show
from eventsys.bookings.services.states import enter
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import Conflict
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot


def release_booking(booking: Booking, slot: Slot, *, actor: Actor) -> None:
    """Give up the places of a confirmed booking of which nobody came, both locked; whoever calls knows the door."""
    record_no_show(booking, slot, actor=actor)
    booking.cancelled_at, booking.cancel_reason, booking.is_late_cancellation = now(), RELEASED, False
    enter(booking, slot, BookingState.CANCELLED, actor=actor, action="booking.released")
    messages.tell_enterprise("place_released", booking, slot)


def let_in(public_id: str, *, actor: Actor) -> Booking:
    """A party that waits and stands at the door gets a place, or as many people of it as there is room for and it
    agreed to. Conflict `door_full` without a place; `door_not_yet` before the start."""
    booking, slot = _lock_at_door(public_id, actor)
    if booking.state is not BookingState.WAITLISTED:
        raise Conflict("booking_state", state=booking.state.value)
    if not _fits(booking.party_min, slot):
        raise _full(slot)
    people_left = slot.attendee_places_left
    party = booking.party if people_left is None else min(booking.party, people_left)
    for surplus in booking.valid_attendees[party:]:
        surplus.state, surplus.ended_at = TicketState.REPLACED, now()
    enter(booking, slot, BookingState.CONFIRMED, actor=actor, action="booking.let_in", party=party)
    messages.tell_contact("place_given", booking, slot, contacts_of(booking.enterprise_id))
    messages.tell_attendees("ticket", booking, slot, booking.valid_attendees)
    return booking


def take_back(public_id: str, *, actor: Actor) -> Booking:
    """Who comes after the release gets the booking back while places are left; the old codes are good again."""
    booking, slot = _lock_at_door(public_id, actor)
    if not booking.is_released:
        raise Conflict("booking_state", state=booking.state.value)
    if not _fits(booking.party, slot):
        raise _full(slot)
    _restore(booking, slot, actor)
    return booking


def undo_release(slot: str, *, actor: Actor) -> Sequence[Booking]:
    """Take back all of a slot (public id) released within the last quarter of an hour for whom there is room still,
    first booked first; Conflict `too_late_to_undo` when there are none."""
    locked = lock_slot_and_enterprises(slot, actor, Permission.RELEASE_PLACES)
    check_door(locked.state, locked.format, locked.starts_at, locked.ends_at, now())
    restored = []
    for booking in list_undoable(locked.id):
        if _fits(booking.party, locked):
            _restore(booking, locked, actor)
            restored.append(booking)
    if not restored:
        raise Conflict(
            "too_late_to_undo", wording="release_not_undone", minutes=int(UNDO_RELEASE_WITHIN.total_seconds()) // 60
        )
    return restored


def _lock_at_door(public_id: str, actor: Actor) -> tuple[Booking, Slot]:
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.RELEASE_PLACES, slot.scope)
    check_door(slot.state, slot.format, slot.starts_at, slot.ends_at, now())
    release_lapsed_holds(slot)
    return booking, slot


def _fits(party: int, slot: Slot) -> bool:
    return has_room(party, slot.places_left, slot.attendee_places_left)


def _full(slot: Slot) -> Conflict:
    return Conflict("door_full", places_left=slot.places_left, people_left=slot.attendee_places_left)


def _restore(booking: Booking, slot: Slot, actor: Actor) -> None:
    take_back_no_show(booking, actor=actor)
    booking.cancelled_at, booking.cancel_reason = None, ""
    enter(booking, slot, BookingState.CONFIRMED, actor=actor, action="booking.taken_back")
    messages.tell_enterprise("place_taken_back", booking, slot)
