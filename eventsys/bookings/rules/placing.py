"""Windows and capacity: whether a party gets a place now, waits, or is told why not. Each refusal has a stable code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eventsys.bookings.rules.states import ACTIVE, BookingState
from eventsys.core.errors import Conflict, Refusal
from eventsys.slots.rules import SlotState


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What decides about a booking, read under the slot's lock. `people_left` None means no limit of people.

    The queue orders who comes next until `queue_until`; `draw_at` makes the slot a ballot until `is_drawn`.
    """

    state: SlotState
    starts_at: datetime
    opens_at: datetime | None
    closes_at: datetime
    places_left: int
    people_left: int | None
    party_max: int | None
    queue_until: datetime
    attendee_capacity: int | None = None
    waiting: int = 0
    invited_until: datetime | None = None
    draw_at: datetime | None = None
    is_drawn: bool = False
    needs_approval: bool = False

    def opens_for(self, *, is_invited: bool) -> datetime | None:
        """From when an enterprise may book: those not invited by name only once the invited had their time."""
        if self.invited_until is None or is_invited:
            return self.opens_at
        return max(self.invited_until, self.opens_at or self.invited_until)

    @property
    def awaits_draw(self) -> bool:
        """Whether bookings are registrations for a draw that is still to come."""
        return self.draw_at is not None and not self.is_drawn

    def has_queue(self, now: datetime) -> bool:
        """Whether those who wait come before everybody else."""
        return self.waiting > 0 and now < self.queue_until


def refusal(slot: SlotFacts, party: int, now: datetime, *, on_behalf: bool, is_invited: bool = True) -> Refusal | None:
    """Why a party cannot book or wait for the slot at all now; None when it can.

    A clerk booking on behalf is not bound by the window, only by the start: many bookings come by phone.
    """
    if slot.state is not SlotState.PUBLISHED:
        return Conflict("slot_called_off" if slot.state is SlotState.CALLED_OFF else "slot_not_published")
    if now >= slot.starts_at:
        return Conflict("window_closed", closes_at=min(slot.closes_at, slot.starts_at))
    opens_at = slot.opens_for(is_invited=is_invited)
    if not on_behalf and opens_at is not None and now < opens_at:
        return Conflict("window_not_open", opens_at=opens_at)
    if not on_behalf and now >= slot.closes_at:
        return Conflict("window_closed", closes_at=slot.closes_at)
    if slot.awaits_draw and slot.draw_at is not None and now >= slot.draw_at:
        return Conflict("draw_under_way")
    largest = min((limit for limit in (slot.party_max, slot.attendee_capacity) if limit is not None), default=party)
    if party > largest:
        return Conflict("party_too_large", maximum=largest, remove=party - largest)
    return None


def place(
    slot: SlotFacts, party: int, now: datetime, *, waits: bool, held: int = 0, needs_approval: bool = False
) -> BookingState | Refusal:
    """The state a party gets that `refusal` lets in, or why it gets none: `slot_full`, or `queue_ahead` while those
    who wait come first. `held` are the people its own live hold keeps a place for (0: no hold)."""
    if slot.awaits_draw:
        return BookingState.WAITLISTED
    places_left = slot.places_left + (1 if held else 0)
    people_left = None if slot.people_left is None else slot.people_left + held
    fits = places_left >= 1 and (people_left is None or party <= people_left)
    if fits and (0 < party <= held or not slot.has_queue(now)):
        return BookingState.PENDING if needs_approval or slot.needs_approval else BookingState.CONFIRMED
    if waits and now < slot.queue_until:
        return BookingState.WAITLISTED
    left = {"places_left": max(0, slot.places_left), "attendee_places_left": slot.people_left}
    if now >= slot.queue_until:
        return Conflict("slot_full", wording="slot_full_for_good", ahead=0, **left)
    return Conflict("queue_ahead" if fits else "slot_full", ahead=slot.waiting, **left)


def check_cancel(state: BookingState, slot: SlotState, starts_at: datetime, now: datetime) -> None:
    """Raise Conflict unless a booking may be cancelled: until the start; after the deadline it is a late one."""
    if state not in ACTIVE:
        raise Conflict("booking_not_active", state=state.value)
    if slot is SlotState.PUBLISHED and now >= starts_at:
        raise Conflict("slot_began", starts_at=starts_at)


def check_names(state: BookingState, names_until: datetime, now: datetime) -> None:
    """Raise Conflict unless attendees may be named or changed now."""
    if state not in ACTIVE:
        raise Conflict("booking_not_active", state=state.value)
    if now >= names_until:
        raise Conflict("names_closed", names_until=names_until)
