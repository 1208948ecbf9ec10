"""The one way into a state: the step is allowed, the slot's counters follow, the trail says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState, check_step, footprint
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.slots.models import Slot


def enter(
    booking: Booking,
    slot: Slot,
    state: BookingState,
    *,
    actor: Actor,
    action: str,
    party: int | None = None,
    lapses_at: datetime | None = None,
    queue_number: int | None = None,
    reason: str = "",
    **told: Any,
) -> None:
    """Bring a new booking, or one whose slot is locked, into `state` (with `party` people, when they change).

    Raises Conflict for a step that CONTRACTS.md does not know. Who begins to wait does so at the end of the queue, or
    at `queue_number`. `told` goes into the trail's entry.
    """
    before: BookingState | None = booking.state
    old, old_party = footprint(before, booking.party), booking.party
    if before is not None and before is not state:
        check_step(before, state)
    booking.state, booking.party = state, party or booking.party
    booking.party_min = min(booking.party_min, booking.party)
    booking.lapses_at, booking.changed_at = lapses_at, now()
    new = footprint(state, booking.party)
    if new != old:
        slot.places_taken += new.places - old.places
        slot.people_taken += new.people - old.people
        slot.waiting += new.waiting - old.waiting
        slot.counts_revision += 1
        slot.counted_at = booking.changed_at
    if state is BookingState.WAITLISTED and before is not state:
        _queue(booking, slot, queue_number)
    if state is not BookingState.CONFIRMED:
        booking.moved_from = booking.reconfirm_by = None
    if state is BookingState.PENDING and before is not state:
        booking.reminded_at = None  # what it was told while it waited is no reminder of the department
    if lapses_at is not None and (slot.lapses_at is None or lapses_at < slot.lapses_at):
        slot.lapses_at = lapses_at
    _record(booking, slot, before, old_party, actor, action, reason, told)
    if before is not None:
        booking.version += 1


def _queue(booking: Booking, slot: Slot, number: int | None) -> None:
    """The place in the queue, the next one without a number; a registration for a draw gets its place by the draw."""
    booking.passed_over, booking.passed_since = 0, None
    if number is not None:
        booking.queue_number = number
        return
    if slot.draw_at is not None and slot.drawn_at is None:
        booking.queue_number = None
        return
    slot.queue_last += 1
    booking.queue_number = slot.queue_last


def _record(
    booking: Booking,
    slot: Slot,
    before: BookingState | None,
    old_party: int,
    actor: Actor,
    action: str,
    reason: str,
    told: dict[str, Any],
) -> None:
    after = {"state": booking.state, "party": booking.party, **told}
    if booking.state is BookingState.WAITLISTED:
        after |= {"queue_number": booking.queue_number, "party_min": booking.party_min}
    if before is None:
        after |= {"slot": slot.public_id, "enterprise": booking.enterprise.public_id}
    audit.record(
        actor,
        action,
        "booking",
        booking.public_id,
        before={} if before is None else {"state": before, "party": old_party},
        after=after,
        reason=reason,
    )
