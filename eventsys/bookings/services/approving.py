"""A department answers a pending booking; when it does not, it is reminded, then the coordinator is told."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_planned_visit, list_pending_since
from eventsys.bookings.rules import REASON_MAX, BookingState
from eventsys.bookings.services.cancelling import end_booking
from eventsys.bookings.services.locking import lock_booking
from eventsys.bookings.services.reconfirming import reconfirm_booking
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import confirm_offer, places_freed
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import Conflict
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.directory.queries import get_district
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot


def confirm_booking(public_id: str, *, actor: Actor) -> Booking:
    """Say yes: the department to a pending booking, the enterprise (or the department for it) to an offer, or to the
    new time of a slot that has moved."""
    booking, slot = lock_booking(public_id, actor)
    if booking.state is BookingState.PENDING:
        authorize(actor, Permission.EDIT_SLOT, slot.scope)
        _check_is_ours(booking)
        _approve(booking, slot, actor)
        return booking
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    if booking.state is BookingState.CONFIRMED and booking.moved_from is not None:
        return reconfirm_booking(public_id, actor=actor)
    if booking.state is not BookingState.OFFERED:
        raise Conflict("booking_state", state=booking.state.value)
    confirm_offer(booking, slot, get_district().settings, actor=actor)
    return booking


def _approve(booking: Booking, slot: Slot, actor: Actor) -> None:
    """The place was kept while it waited, so capacity is no question any more."""
    enter(booking, slot, BookingState.CONFIRMED, actor=actor, action="booking.approved")
    messages.tell_contact("booking_confirmed", booking, slot, contacts_of(booking.enterprise_id))
    messages.tell_attendees("ticket", booking, slot, booking.valid_attendees)


def _check_is_ours(booking: Booking) -> None:
    """A planned visit waits for the enterprise: nobody confirms or declines it in its stead."""
    if find_planned_visit(booking.id) is not None:
        raise Conflict("visit_waits")


def decline_booking(public_id: str, reason: str, *, actor: Actor) -> Booking:
    """Say no to a pending booking, and why; its place is free again."""
    reason = clean_line(reason, "reason", REASON_MAX, required=True)
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.EDIT_SLOT, slot.scope)
    if booking.state is not BookingState.PENDING:
        raise Conflict("booking_state", state=booking.state.value)
    _check_is_ours(booking)
    end_booking(booking, slot, actor, reason, is_late=False, action="booking.declined")
    places_freed(slot)
    contacts = contacts_of(booking.enterprise_id)
    messages.tell_contact("booking_declined", booking, slot, contacts, reason=reason)
    return booking


def chase_approvals(remind_before: datetime) -> int:
    """Remind departments of what waits since before then; tell coordinators and the enterprise of what is overdue.

    The place stays kept: silence never falls on the enterprise. Answers how many were chased.
    """
    waiting = list_pending_since(remind_before)
    for booking in waiting:
        if booking.approve_by is not None and booking.approve_by <= now() and booking.escalated_at is None:
            booking.escalated_at = booking.reminded_at = now()
            messages.tell_coordinators("approval_escalated", booking, booking.slot)
            contacts = contacts_of(booking.enterprise_id)
            messages.tell_contact("approval_overdue", booking, booking.slot, contacts)
        else:
            booking.reminded_at = now()
            messages.tell_department("approval_wanted", booking, booking.slot)
    return len(waiting)
