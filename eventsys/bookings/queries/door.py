"""Who waits at the door of a session, and whose places were given up there."""

from __future__ import annotations

from collections.abc import Sequence

from eventsys.bookings.models import Booking
from eventsys.bookings.queries.bookings import list_slot_bookings
from eventsys.bookings.rules import UNDO_RELEASE_WITHIN, BookingState
from eventsys.core.clock import now


def list_waiting_parties(slot_id: int) -> Sequence[Booking]:
    """Who waits for the slot, by place in the queue; who has none, for want of a draw, comes last."""
    waiting = list_slot_bookings(slot_id, [BookingState.WAITLISTED])
    return sorted(waiting, key=lambda booking: (booking.queue_number is None, booking.queue_number, booking.id))


def list_released(slot_id: int) -> Sequence[Booking]:
    """The bookings of the slot that were released, in order of booking."""
    return [booking for booking in list_slot_bookings(slot_id, [BookingState.CANCELLED]) if booking.is_released]


def list_undoable(slot_id: int) -> Sequence[Booking]:
    """Those of them that were released a moment ago."""
    since = now() - UNDO_RELEASE_WITHIN
    return [item for item in list_released(slot_id) if item.cancelled_at is not None and item.cancelled_at > since]
