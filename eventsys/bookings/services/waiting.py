"""The waiting list at work: whoever is next gets the free place, or an offer of it (ADR 0009).

A place is given in a unit of work of its own, so that locks are taken in the house's order (enterprise, then slot)
whoever freed the place. It follows at once on the commit that freed it, and the worker sees to what a crash left.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from sqlalchemy import select

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import (
    Entry,
    facts_of,
    get_own,
    list_lapsed_offers,
    list_queue,
    lock_slot,
    lock_slot_for,
    next_lapse,
)
from eventsys.bookings.queries.queue import list_waiting, list_waiting_untold
from eventsys.bookings.rules import BookingState, SlotFacts, TicketState, Turn, next_turn, offer_until
from eventsys.bookings.services.admission import (
    CLOCKWORK,
    kept_out,
    needs_approval,
    release_lapsed_holds,
)
from eventsys.bookings.services.booking import approve_by
from eventsys.bookings.services.locking import lock_booking
from eventsys.bookings.services.states import enter
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import after_commit, db, unit_of_work
from eventsys.core.errors import Conflict
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState
from eventsys.workdays.queries import working_calendar

AT_ONCE = 500  # places given in one go; the worker goes on


def places_freed(slot: Slot) -> None:
    """Have the queue served once the running unit of work has committed."""
    if slot.waiting:
        public_id = slot.public_id
        after_commit(lambda: serve_queue(public_id))


def serve_queue(slot: str) -> None:
    """Give the free places of a slot (public id) to who waits, first come first, and pass on offers that lapsed.

    Runs between units of work: after a commit, or in the worker.
    """
    for offer in list_lapsed_offers(slot):
        with unit_of_work():
            expire(offer)
    blocked: set[int] = set()
    for _ in range(AT_ONCE):
        with unit_of_work():
            if not serve_next(slot, blocked):
                break
    with unit_of_work():
        tell_reopened(slot)


def serve_next(slot: str, blocked: set[int]) -> bool:
    """Give one place; whether it is worth asking again. Who may not come by the own limits is added to `blocked` and
    keeps the place in the queue."""
    seen = db.session.scalars(select(Slot).where(Slot.public_id == slot)).one()
    turn = _turn(seen, blocked)
    if turn is None:
        if seen.lapses_at is None or seen.lapses_at > now():
            return False
        locked = lock_slot(seen.id)
        release_lapsed_holds(locked)
        return _turn(locked, blocked) is not None
    owner = db.session.get_one(Booking, turn.id).enterprise_id
    with db.session.begin_nested() as savepoint:
        outcome = _serve(slot, owner, blocked)
        if outcome is not Outcome.GIVEN:
            savepoint.rollback()  # nothing changed, so no calendar shall look as if it had
    if outcome is Outcome.BLOCKED:
        blocked.add(turn.id)
    return outcome is not Outcome.GATHERING


class Outcome(Enum):
    """What became of a turn."""

    GIVEN = auto()
    GATHERING = auto()  # the places free are not enough yet
    BLOCKED = auto()  # the enterprise may not come now
    PASSED = auto()  # somebody else is next by now


def _serve(slot: str, owner: int, blocked: set[int]) -> Outcome:
    """Lock the enterprise (primary key) whose turn it seems to be, then the slot, and give it the place."""
    enterprise = lock_enterprise(owner)
    entry = lock_slot_for(owner, slot)
    assert enterprise is not None  # neither goes while there are bookings
    assert entry is not None
    release_lapsed_holds(entry.slot)
    turn = _turn(entry.slot, blocked)
    if turn is None or turn.id != entry.own:
        return Outcome.PASSED
    booking = get_own(turn.id)
    if not enterprise.active or kept_out(entry, booking):
        return Outcome.BLOCKED
    if not turn.party:
        return Outcome.GATHERING
    _pass_over(turn)
    _give(booking, entry, turn)
    return Outcome.GIVEN


def confirm_offer(booking: Booking, slot: Slot, settings: dict[str, Any], *, actor: Actor) -> None:
    """Take an offered place; the booking is locked. Conflict `offer_expired` when its time is over."""
    if booking.lapses_at is None or booking.lapses_at <= now():
        raise Conflict("offer_expired")
    state = BookingState.CONFIRMED
    if slot.needs_approval or needs_approval(settings, booking.enterprise_id):
        state, booking.approve_by = BookingState.PENDING, approve_by(settings)
    enter(booking, slot, state, actor=actor, action="booking.offer_taken")
    _tell(booking, slot, by_queue=False)


def expire(public_id: str) -> None:
    """End an offer whose time is over, or a place in the queue of a slot that is over; twice is once."""
    booking, slot = lock_booking(public_id, CLOCKWORK)
    is_lapsed = booking.state is BookingState.OFFERED and booking.lapses_at is not None and booking.lapses_at <= now()
    is_over = booking.state in {BookingState.WAITLISTED, BookingState.OFFERED} and slot.ends_at <= now()
    if not (is_lapsed or is_over):
        return
    enter(booking, slot, BookingState.EXPIRED, actor=CLOCKWORK, action="booking.expired")
    messages.tell_contact(
        "offer_expired" if is_lapsed else "queue_ended", booking, slot, contacts_of(booking.enterprise_id)
    )
    db.session.flush()
    slot.lapses_at = next_lapse(slot.id)


def end_queue(slot: str) -> None:
    """Everybody who still waits for a slot that is over is told so. Runs between units of work."""
    for booking in list_waiting(slot):
        with unit_of_work():
            expire(booking)


def tell_reopened(slot: str) -> None:
    """When the queue orders no more and places are free: tell everybody who waits, once in a while, first come."""
    row = db.session.scalars(select(Slot).where(Slot.public_id == slot)).one()
    facts = facts_of(row)
    if not row.waiting or not row.queue_until <= now() < row.starts_at or _is_full(facts):
        return
    for booking in list_waiting_untold(row.id):
        booking.reminded_at = now()
        messages.tell_contact("places_reopened", booking, row, contacts_of(booking.enterprise_id))


def _is_full(facts: SlotFacts) -> bool:
    return facts.places_left < 1 or facts.people_left == 0


def rejoin(public_id: str, *, actor: Actor) -> Booking:
    """Let an offer go and wait on, at the end of the queue."""
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    if booking.state is not BookingState.OFFERED:
        raise Conflict("booking_state", state=booking.state.value)
    enter(booking, slot, BookingState.WAITLISTED, actor=actor, action="booking.offer_passed")
    places_freed(slot)
    return booking


def _turn(slot: Slot, blocked: set[int]) -> Turn | None:
    """Whose turn it is now, as far as the slot lets anybody in by the queue."""
    facts = facts_of(slot)
    if slot.state is not SlotState.PUBLISHED or facts.awaits_draw or not facts.has_queue(now()):
        return None
    if facts.places_left < 1:
        return None
    queue = [entry for entry in list_queue(slot.id) if entry.id not in blocked]
    return next_turn(queue, facts.places_left, facts.people_left, now(), people_max=slot.attendee_capacity)


def _pass_over(turn: Turn) -> None:
    for key in turn.passed:
        passed = db.session.get_one(Booking, key, populate_existing=True)
        passed.passed_over += 1
        passed.passed_since = passed.passed_since or now()


def _give(booking: Booking, entry: Entry, turn: Turn) -> None:
    """The place is the booking's: at once, or as an offer for who asked to be asked."""
    slot = entry.slot
    state, lapses_at = BookingState.CONFIRMED, None
    if booking.asks_first:
        state = BookingState.OFFERED
        lapses_at = offer_until(now(), slot.starts_at, slot.queue_until, working_calendar(), installation().zone)
    elif slot.needs_approval or needs_approval(entry.settings, booking.enterprise_id):
        state, booking.approve_by = BookingState.PENDING, approve_by(entry.settings)
    for surplus in booking.valid_attendees[turn.party :]:
        surplus.state, surplus.ended_at = TicketState.REPLACED, now()
    enter(booking, slot, state, actor=CLOCKWORK, action="booking.promoted", party=turn.party, lapses_at=lapses_at)
    _tell(booking, slot, by_queue=True)


def _tell(booking: Booking, slot: Slot, *, by_queue: bool) -> None:
    contacts = contacts_of(booking.enterprise_id)
    if booking.state is BookingState.OFFERED and booking.lapses_at is not None:
        messages.tell_contact("place_offered", booking, slot, contacts, kept_until=booking.lapses_at.isoformat())
    elif booking.state is BookingState.PENDING:
        messages.tell_contact("booking_pending", booking, slot, contacts)
        messages.tell_department("approval_wanted", booking, slot)
    else:
        messages.tell_contact("place_given" if by_queue else "booking_confirmed", booking, slot, contacts)
        messages.tell_attendees("ticket", booking, slot, booking.valid_attendees)
