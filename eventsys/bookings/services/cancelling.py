"""Cancel a booking and give its places back."""

from __future__ import annotations

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.rules import REASON_MAX, BookingState, check_cancel
from eventsys.bookings.services.locking import lock_booking
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot


def cancel_booking(public_id: str, *, actor: Actor, reason: str = "", version: int | None = None) -> Booking:
    """Cancel until the start; after the deadline it is a late cancellation. The codes are dead at once, and whoever
    waits for the place gets it. A department that cancels a pending booking declines it."""
    reason = clean_line(reason, "reason", REASON_MAX)
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    if version is not None and version != booking.version:
        booking.require_version(version)
    check_cancel(booking.state, slot.state, slot.starts_at, now())
    was_confirmed = booking.state is BookingState.CONFIRMED
    is_late = was_confirmed and booking.moved_from is None and now() > slot.cancel_until  # a moved slot binds nobody
    end_booking(booking, slot, actor, reason, is_late=is_late)
    places_freed(slot)
    by_staff = booking.enterprise_id not in actor.enterprises()
    recipients = contacts_of(booking.enterprise_id) if by_staff else messages.booker(actor)
    messages.tell_contact("booking_cancelled", booking, slot, recipients, reason=reason)
    if was_confirmed:
        messages.tell_attendees("ticket_cancelled", booking, slot, booking.valid_attendees, reason=reason)
    return booking


def end_doubled(booking: Booking, slot: Slot, *, actor: Actor) -> None:
    """Cancel the one of two bookings that two merged enterprises have of one locked slot; its people are told that
    their codes are dead."""
    had_tickets = booking.state is BookingState.CONFIRMED
    end_booking(booking, slot, actor, "", is_late=False, action="booking.doubled")
    if had_tickets:
        messages.tell_attendees("ticket_cancelled", booking, slot, booking.valid_attendees)
    places_freed(slot)


def end_booking(
    booking: Booking, slot: Slot, actor: Actor, reason: str, *, is_late: bool, action: str = "booking.cancelled"
) -> None:
    """Set a locked booking to cancelled and free its places."""
    booking.cancelled_at, booking.cancel_reason, booking.is_late_cancellation = now(), reason, is_late
    enter(booking, slot, BookingState.CANCELLED, actor=actor, action=action, reason=reason, is_late=is_late)
