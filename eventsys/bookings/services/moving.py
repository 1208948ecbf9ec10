"""Rebook (改约): the old place is given up only when the new one is had."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.bookings import messages
from eventsys.bookings.invitations import take_over
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import (
    Entry,
    facts_of,
    find_owner,
    find_planned_visit,
    get_booking,
    get_own,
    lock_slot,
    lock_slot_for,
)
from eventsys.bookings.rules import ACTIVE, BookingState, place
from eventsys.bookings.services.admission import (
    check_entry,
    needs_approval,
    people_of,
    release_lapsed_holds,
    with_nearest,
)
from eventsys.bookings.services.booking import approve_by, authorize_booking, new_attendees, new_booking
from eventsys.bookings.services.cancelling import end_booking
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot

MOVABLE = (BookingState.CONFIRMED, BookingState.PENDING)


def move_booking(public_id: str, to: str, *, actor: Actor, version: int | None = None) -> Booking:
    """Move the booking into the slot `to` (public id) and answer the new booking, with new tickets for its people.

    The same refusals as `book_slot`, but quotas are checked net of the old booking. After the deadline the old one
    counts as cancelled late.
    """
    booking, old, entry = _lock_both(public_id, to, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(old))
    if version is not None and version != booking.version:
        booking.require_version(version)
    if booking.state not in MOVABLE:
        raise Conflict("booking_state" if booking.state in ACTIVE else "booking_not_active", state=booking.state.value)
    planned = find_planned_visit(booking.id)
    if planned is not None:
        raise Conflict("visit_not_rebooked")
    if old.starts_at <= now():
        raise Conflict("slot_began", starts_at=old.starts_at)
    state = _admitted(booking, entry, actor)
    fresh = _copy(booking, old, entry, state, actor)
    booking.moved_to_id = fresh.id
    is_bound = booking.state is BookingState.CONFIRMED and booking.moved_from is None
    is_late = is_bound and now() > old.cancel_until
    end_booking(booking, old, actor, "", is_late=is_late, action="booking.moved")
    places_freed(old)
    contacts = contacts_of(booking.enterprise_id)
    messages.tell_contact("booking_moved", fresh, entry.slot, contacts, old=messages.slot_context(old))
    if state is BookingState.CONFIRMED:
        messages.tell_attendees("ticket", fresh, entry.slot, fresh.attendees)
    return fresh


def _admitted(booking: Booking, entry: Entry, actor: Actor) -> BookingState:
    """The state the new slot gives the party now, or the refusal."""
    on_behalf = authorize_booking(actor, booking.enterprise_id, entry.slot)
    release_lapsed_holds(entry.slot)
    own = get_own(entry.own) if entry.own is not None else None
    if own is not None and own.state in ACTIVE:
        raise Conflict("already_booked", name=own.contact_name, booking=own.public_id)
    check_entry(entry, booking.enterprise, booking.party, people_of(booking), on_behalf=on_behalf, leaving=booking.id)
    decided_by_department = needs_approval(entry.settings, booking.enterprise_id)
    state = place(facts_of(entry.slot), booking.party, now(), waits=False, needs_approval=decided_by_department)
    if isinstance(state, Refusal):
        raise with_nearest(state, entry.slot, booking.party, booking.enterprise_id)
    if state is BookingState.WAITLISTED:
        raise Conflict("slot_is_drawn")
    return state


def _copy(booking: Booking, old: Slot, entry: Entry, state: BookingState, actor: Actor) -> Booking:
    """The booking anew in the other slot than `old`, in `state`."""
    fresh = new_booking(entry, booking.enterprise, booking.party, actor)
    fresh.channel, fresh.asks, fresh.on_behalf_reason = booking.channel, booking.asks, booking.on_behalf_reason
    fresh.contact_id, fresh.contact_name = booking.contact_id, booking.contact_name
    fresh.attendees = new_attendees(entry.slot, people_of(booking))
    fresh.approve_by = approve_by(entry.settings) if state is BookingState.PENDING else None
    take_over(booking, old, fresh)
    tickets = [attendee.public_id for attendee in fresh.attendees]
    enter(
        fresh, entry.slot, state, actor=actor, action="booking.created", moved_from=booking.public_id, attendees=tickets
    )
    db.session.add(fresh)
    db.session.flush()
    return fresh


def _lock_both(public_id: str, to: str, actor: Actor) -> tuple[Booking, Slot, Entry]:
    """The booking with both slots locked: enterprise first, then the slots by primary key."""
    owner = find_owner(public_id)
    target = db.session.scalar(select(Slot.id).where(Slot.public_id == to))
    if owner is None or target is None:
        raise NotFound()
    _key, enterprise, source = owner
    if source == target:
        raise Conflict("already_there")
    lock_enterprise(enterprise)
    for slot_id in sorted((source, target)):
        lock_slot(slot_id)
    db.session.expire_all()
    booking = get_booking(public_id, visible_to=actor)
    entry = lock_slot_for(enterprise, to, people_of(booking), leaving=booking.id)
    assert entry is not None
    return booking, booking.slot, entry
