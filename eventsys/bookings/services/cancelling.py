"""Cancel a booking and give its places back."""

from __future__ import annotations

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_owner, get_booking, lock_slot
from eventsys.bookings.rules import REASON_MAX, TAKES_PLACES, BookingState, check_cancel
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.slots.models import Slot


def lock_booking(public_id: str, actor: Actor) -> tuple[Booking, Slot]:
    """The booking and its slot, locked in the house's order (enterprise, slot), when visible to `actor`."""
    owner = find_owner(public_id)
    if owner is None:
        raise NotFound()
    _booking, enterprise, slot_id = owner
    lock_enterprise(enterprise)
    slot = lock_slot(slot_id)
    db.session.expire_all()
    booking = get_booking(public_id, visible_to=actor)
    return booking, slot


def cancel_booking(public_id: str, *, actor: Actor, reason: str = "", version: int | None = None) -> Booking:
    """Cancel until the start; after the deadline it is a late cancellation. The codes are dead at once."""
    reason = clean_line(reason, "reason", REASON_MAX)
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    if version is not None and version != booking.version:
        booking.require_version(version)
    check_cancel(booking.state, slot.state, slot.starts_at, now())
    end_booking(booking, slot, actor, reason, is_late=now() > slot.cancel_until)
    by_staff = booking.enterprise_id not in actor.enterprises()
    recipients = messages.contacts_of(booking.enterprise_id) if by_staff else messages.booker(actor)
    messages.tell_contact("booking_cancelled", booking, slot, recipients, reason=reason)
    messages.tell_attendees("ticket_cancelled", booking, slot, booking.attendees, reason=reason)
    return booking


def end_booking(booking: Booking, slot: Slot, actor: Actor, reason: str, *, is_late: bool) -> None:
    """Set a locked booking to cancelled and free its places."""
    before = booking.state
    if before in TAKES_PLACES:
        slot.places_taken -= 1
        slot.people_taken -= booking.party
    booking.state, booking.cancelled_at, booking.cancel_reason = BookingState.CANCELLED, now(), reason
    booking.is_late_cancellation, booking.changed_at = is_late, now()
    booking.version += 1
    audit.record(
        actor,
        "booking.cancelled",
        "booking",
        booking.public_id,
        before={"state": before},
        after={"state": booking.state, "is_late": is_late},
        reason=reason,
    )
