"""After a large move of a slot those who booked are asked again; their places are kept whatever they answer, or not."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries.queue import list_unreconfirmed
from eventsys.bookings.rules import BookingState
from eventsys.bookings.rules.moves import RECONFIRM_DAYS, agreed_start
from eventsys.bookings.services.locking import lock_booking
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import Conflict
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.queries import settings_of
from eventsys.slots.models import Slot
from eventsys.workdays.queries import working_calendar


def await_answer(booking: Booking, slot: Slot, was_at: datetime, minutes: int, by: datetime) -> bool:
    """Note on a booking of a locked slot that started `was_at` whether the enterprise is asked again; answers that."""
    if booking.state is not BookingState.CONFIRMED:
        return False
    booking.moved_from = agreed_start(booking.moved_from, was_at, slot.starts_at, minutes)
    booking.reconfirm_by = by if booking.moved_from else None
    return booking.moved_from is not None


def answer_by(slot: Slot) -> datetime:
    """Until when who is asked again should answer: two working days, at the latest the start."""
    return min(working_calendar().end_of_workday_after(now(), RECONFIRM_DAYS, installation().zone), slot.starts_at)


def reconfirm_minutes(slot: Slot) -> int:
    """Of how many minutes a move is large; 0 when none is."""
    return settings_of(slot.department_id).reconfirm_minutes


def reconfirm_booking(public_id: str, *, actor: Actor) -> Booking:
    """Say that the enterprise comes at the new time as well; twice is once."""
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    if booking.state is not BookingState.CONFIRMED:
        raise Conflict("booking_state", state=booking.state.value)
    if booking.moved_from is None:
        return booking
    audit.record(
        actor,
        "booking.reconfirmed",
        "booking",
        booking.public_id,
        before={"starts_at": booking.moved_from},
        after={"starts_at": slot.starts_at},
    )
    booking.moved_from = booking.reconfirm_by = None
    booking.version += 1
    return booking


def chase_reconfirmations() -> int:
    """Tell departments which enterprises have not answered in time, once each; how many. Their places stay."""
    waiting = list_unreconfirmed()
    for booking in waiting:
        booking.reconfirm_by = None
        messages.tell_department("reconfirmation_missing", booking, booking.slot)
    return len(waiting)
