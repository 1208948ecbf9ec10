"""A slot becomes smaller than what is booked: those the department chooses wait, first in the queue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_slot_bookings
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services.states import enter
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot
from eventsys.slots.services.publishing import touch

DISPLACEABLE = (BookingState.PENDING, BookingState.CONFIRMED, BookingState.OFFERED)


def displace(slot: Slot, chosen: Collection[str], reason: str, *, actor: Actor) -> list[tuple[Booking, BookingState]]:
    """Put bookings (public ids) of a locked slot into its queue, in order of booking, before all who wait; answers them
    with the states they had. Those that hold no place any more are left out.

    Conflict `queue_is_over` once the queue orders no more: then they would wait in vain.
    """
    rows = [item for item in list_slot_bookings(slot.id, DISPLACEABLE) if item.public_id in chosen]
    if rows and slot.queue_until <= now():
        raise Conflict("queue_is_over", queue_until=slot.queue_until)
    first = _head_of_queue(slot) - len(rows)
    displaced = []
    for number, booking in enumerate(rows, start=first):
        displaced.append((booking, booking.state))
        enter(
            booking,
            slot,
            BookingState.WAITLISTED,
            actor=actor,
            action="booking.displaced",
            queue_number=number,
            reason=reason,
        )
        booking.reminded_at = None
    if rows:  # calendars show them as not confirmed any more: that is a step forward, not back (FEEDS.md 3)
        slot.sequence += 1
        touch([slot])
    return displaced


def tell_displaced(slot: Slot, displaced: Sequence[tuple[Booking, BookingState]], reason: str) -> None:
    """Why they wait now, and that they are the first; who had a ticket learns that it does not admit for now."""
    for booking, before in displaced:
        contacts = contacts_of(booking.enterprise_id)
        told: dict[str, Any] = {"reason": reason, "ends_invitation": before is BookingState.CONFIRMED}
        messages.tell_contact("booking_displaced", booking, slot, contacts, **told)
        if before is BookingState.CONFIRMED:
            messages.tell_attendees("ticket_cancelled", booking, slot, booking.valid_attendees, **told)


def _head_of_queue(slot: Slot) -> int:
    """The lowest number in the queue, or the one given next."""
    waits = (Booking.slot_id == slot.id, Booking.state == BookingState.WAITLISTED)
    first = db.session.scalar(select(func.min(Booking.queue_number)).where(*waits))
    return slot.queue_last + 1 if first is None else first
