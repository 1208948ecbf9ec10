"""Cancel a booking and give its places back."""

from __future__ import annotations

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_planned_visit
from eventsys.bookings.rules import NOT_NEEDED, REASON_MAX, WITHDRAWN, BookingState, VisitAnswer, check_cancel
from eventsys.bookings.services.locking import lock_booking
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.directory.recipients import contacts_of
from eventsys.slots import services as slots
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState


def cancel_booking(public_id: str, *, actor: Actor, reason: str = "", version: int | None = None) -> Booking:
    """Cancel until the start; after the deadline it is a late cancellation. The codes are dead at once, and whoever
    waits for the place gets it. A department that cancels a pending booking declines it. With a planned visit its slot
    is called off: it is for nobody else, and never a late cancellation."""
    reason = clean_line(reason, "reason", REASON_MAX)
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    if version is not None and version != booking.version:
        booking.require_version(version)
    check_cancel(booking.state, slot.state, slot.starts_at, now())
    was_confirmed = booking.state is BookingState.CONFIRMED
    by_staff = booking.enterprise_id not in actor.enterprises()
    visit = find_planned_visit(booking.id)
    if visit is not None and slot.state is SlotState.PUBLISHED:
        if not by_staff:
            visit.answer, visit.answered_at, visit.answered_by = VisitAnswer.NOT_NOW, now(), actor.name[:60]
            visit.wishes = reason
            messages.tell_department("visit_answered", booking, slot, answer=visit.answer.value, wishes=reason)
        drop_visit(booking, slot, reason or (WITHDRAWN if by_staff else ""), actor=actor)
    else:
        is_bound = was_confirmed and booking.moved_from is None  # to the time at which the slot is
        is_late = is_bound and now() > slot.cancel_until
        end_booking(booking, slot, actor, reason, is_late=is_late)
        places_freed(slot)
    recipients = contacts_of(booking.enterprise_id) if by_staff else messages.booker(actor)
    ends = {"ends_invitation": was_confirmed}
    messages.tell_contact("booking_cancelled", booking, slot, recipients, reason=reason, **ends)
    if was_confirmed:
        messages.tell_attendees("ticket_cancelled", booking, slot, booking.valid_attendees, reason=reason, **ends)
    return booking


def drop_visit(booking: Booking, slot: Slot, reason: str, *, actor: Actor, action: str = "booking.cancelled") -> None:
    """End a planned visit, both locked: the booking, without a penalty, and the slot that was for nobody else."""
    reason = clean_line(" ".join(reason.split())[:REASON_MAX], "reason", REASON_MAX) or NOT_NEEDED
    end_booking(booking, slot, actor, reason, is_late=False, action=action)
    slots.mark_called_off(slot, reason, actor=actor)


def end_doubled(booking: Booking, slot: Slot, *, actor: Actor) -> None:
    """Cancel the one of two bookings that two merged enterprises have of one locked slot; its people are told that
    their codes are dead."""
    had_tickets = booking.state is BookingState.CONFIRMED
    end_booking(booking, slot, actor, "", is_late=False, action="booking.doubled")
    if had_tickets:
        messages.tell_attendees("ticket_cancelled", booking, slot, booking.valid_attendees, ends_invitation=True)
    places_freed(slot)


def end_booking(
    booking: Booking, slot: Slot, actor: Actor, reason: str, *, is_late: bool, action: str = "booking.cancelled"
) -> None:
    """Set a locked booking to cancelled and free its places."""
    booking.cancelled_at, booking.cancel_reason, booking.is_late_cancellation = now(), reason, is_late
    enter(booking, slot, BookingState.CANCELLED, actor=actor, action=action, reason=reason, is_late=is_late)
