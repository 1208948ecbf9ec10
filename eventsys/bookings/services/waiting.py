"""The waiting list at work: whoever is next gets the free place, or an offer of it (ADR 0009).

A place is given in a unit of work of its own, so that locks are taken in the house's order (enterprise, then slot)
whoever freed the place. It follows at once on the commit that freed it, and the worker sees to what a crash left.
"""

from __future__ import annotations

from sqlalchemy import select

from eventsys.bookings import messages
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import (
    Entry,
    facts_of,
    get_own,
    list_lapsed_offers,
    list_queue,
    lock_slot_for,
    next_lapse,
)
from eventsys.bookings.queries.queue import list_waiting, list_waiting_untold
from eventsys.bookings.rules import BookingState, NewAttendee, TicketState, Turn, next_turn, offer_until
from eventsys.bookings.services.admission import (
    CLOCKWORK,
    clash_of,
    limits_of,
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
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState

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
    if turn is None and (seen.lapses_at is None or seen.lapses_at > now()):
        return False
    expected = db.session.get(Booking, turn.id) if turn else None
    enterprise = lock_enterprise(expected.enterprise_id) if expected else None
    entry = lock_slot_for(enterprise.id if enterprise else 0, slot)
    assert entry is not None  # slots with bookings are never deleted
    release_lapsed_holds(entry.slot)
    turn = _turn(entry.slot, blocked)
    if turn is None:
        return False
    if enterprise is None or turn.id != entry.own:
        return True  # somebody else is next by now
    booking = get_own(turn.id)
    people = tuple(NewAttendee(item.name, item.phone, item.email) for item in _valid(booking))
    if not enterprise.active or limits_of(entry) or clash_of(entry.slot, enterprise, people):
        blocked.add(turn.id)
        return True
    _pass_over(turn)
    _give(booking, entry, turn)
    return True


def confirm_offer(booking: Booking, slot: Slot, settings: dict[str, object], *, actor: Actor) -> None:
    """Take an offered place; the booking is locked. Conflict `offer_expired` when its time is over."""
    if booking.lapses_at is None or booking.lapses_at <= now():
        raise Conflict("offer_expired")
    state = BookingState.PENDING if slot.needs_approval else BookingState.CONFIRMED
    if state is BookingState.PENDING:
        booking.approve_by = approve_by(settings)
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
        "offer_expired" if is_lapsed else "queue_ended", booking, slot, messages.contacts_of(booking.enterprise_id)
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
    if not row.waiting or not row.queue_until <= now() < row.starts_at or facts.places_left < 1:
        return
    for booking in list_waiting_untold(row.id):
        booking.reminded_at = now()
        messages.tell_contact("places_reopened", booking, row, messages.contacts_of(booking.enterprise_id))


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
    return next_turn(queue, facts.places_left, facts.people_left, now())


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
        lapses_at = offer_until(now(), slot.starts_at, slot.queue_until, installation().zone)
    elif slot.needs_approval or needs_approval(entry, booking.enterprise_id):
        state, booking.approve_by = BookingState.PENDING, approve_by(entry.settings)
    for surplus in _valid(booking)[turn.party :]:
        surplus.state, surplus.ended_at = TicketState.REPLACED, now()
    enter(booking, slot, state, actor=CLOCKWORK, action="booking.promoted", party=turn.party, lapses_at=lapses_at)
    _tell(booking, slot, by_queue=True)


def _valid(booking: Booking) -> list[Attendee]:
    return [attendee for attendee in booking.attendees if attendee.state is TicketState.VALID]


def _tell(booking: Booking, slot: Slot, *, by_queue: bool) -> None:
    contacts = messages.contacts_of(booking.enterprise_id)
    if booking.state is BookingState.OFFERED and booking.lapses_at is not None:
        messages.tell_contact("place_offered", booking, slot, contacts, kept_until=booking.lapses_at.isoformat())
    elif booking.state is BookingState.PENDING:
        messages.tell_contact("booking_pending", booking, slot, contacts)
        messages.tell_department("approval_wanted", booking, slot)
    else:
        messages.tell_contact("place_given" if by_queue else "booking_confirmed", booking, slot, contacts)
        messages.tell_attendees("ticket", booking, slot, _valid(booking))
