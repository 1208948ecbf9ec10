"""Who stands at the door without a booking (现场登记) gets a place that nobody booked."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings import messages
from eventsys.bookings.models import Attendee, Booking, QuotaException
from eventsys.bookings.queries import Entry, facts_of, get_own, list_released, lock_slot_for
from eventsys.bookings.rules import (
    BookingChannel,
    BookingState,
    NewAttendee,
    check_door,
    clean_attendee,
    room_for_walk_in,
)
from eventsys.bookings.services.admission import release_lapsed_holds
from eventsys.bookings.services.booking import new_attendees, new_booking
from eventsys.bookings.services.no_shows import take_back_no_show
from eventsys.bookings.services.states import enter
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotAllowed, NotFound
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.models import Enterprise
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot
from eventsys.slots.queries import is_slot_for
from eventsys.slots.rules import AudienceKind


def walk_in(slot: str, enterprise: int, person: NewAttendee, *, opens_at: datetime, actor: Actor) -> Attendee:
    """The person with a ticket of the session (public id), for the enterprise (primary key); the same person again
    gets the same ticket. They join the enterprise's booking, or it gets one.

    Whoever calls knows the door, `opens_at` is when it opens. It needs no window and counts in no quota: it takes what
    nobody booked. Conflict when the slot takes nobody (`no_walk_ins`, `walk_in_queue`, `walk_in_full`), when the
    enterprise's booking is not confirmed (`walk_in_unconfirmed`), or `not_invited`; Invalid names a field.
    """
    person = clean_attendee(person, "person")
    owner = lock_enterprise(enterprise)
    entry = lock_slot_for(enterprise, slot)
    if owner is None or entry is None:
        raise NotFound()
    check_door(entry.slot.state, entry.slot.format, opens_at, entry.slot.ends_at, now())
    if not owner.active:
        raise NotAllowed("enterprise_disabled")
    if entry.slot.audience_kind is not AudienceKind.PUBLIC and not is_slot_for(entry.slot, owner.id):
        raise Conflict("not_invited")
    release_lapsed_holds(entry.slot)
    booking = get_own(entry.own) if entry.own is not None else None
    if booking is None or booking.state in {BookingState.EXPIRED, BookingState.CANCELLED}:
        booking = _book(entry, owner, actor)
    elif booking.state is not BookingState.CONFIRMED:
        raise Conflict("walk_in_unconfirmed", state=booking.state.value)
    else:
        named = booking.valid_attendees
        known = next((item for item in named if (item.name, item.phone) == (person.name, person.phone)), None)
        if known is not None:
            return known
        _join(booking, entry.slot, len(named), actor)
    (attendee,) = new_attendees(entry.slot, (person,))
    booking.attendees.append(attendee)
    booking.changed_at = now()
    db.session.flush()
    messages.tell_contact("walked_in", booking, entry.slot, contacts_of(owner.id), person=person.name)
    return attendee


def _book(entry: Entry, enterprise: Enterprise, actor: Actor) -> Booking:
    _grow(entry.slot, actor, places=1, people=1)
    if not entry.has_exception:
        exception = QuotaException(slot_id=entry.slot.id, enterprise_id=enterprise.id, reason="walk-in")
        exception.granted_by_id, exception.granted_by = actor.person, actor.name[:60]
        db.session.add(exception)
    booking = new_booking(entry, enterprise, 1, actor)
    booking.channel, booking.contact_name = BookingChannel.ON_SITE, ""
    enter(booking, entry.slot, BookingState.CONFIRMED, actor=actor, action="booking.walked_in")
    db.session.add(booking)
    for given_up in list_released(entry.slot.id):  # somebody of the enterprise is there after all
        if given_up.enterprise_id == enterprise.id:
            take_back_no_show(given_up, actor=actor)
    return booking


def _join(booking: Booking, slot: Slot, named: int, actor: Actor) -> None:
    """One more of a booking: one of its unnamed places, else the party grows."""
    more = 0 if named < booking.party else 1
    if more:
        _grow(slot, actor, places=0, people=1)
    enter(booking, slot, BookingState.CONFIRMED, actor=actor, action="booking.walked_in", party=booking.party + more)


def _grow(slot: Slot, actor: Actor, *, places: int, people: int) -> None:
    """Make room for so many more, where the slot lets it grow."""
    more_places, more_people = room_for_walk_in(
        slot.walk_ins,
        places=places,
        people=people,
        places_left=slot.places_left,
        people_left=slot.attendee_places_left,
        has_queue=facts_of(slot).has_queue(now()),
    )
    if not more_places and not more_people:
        return
    before = {"capacity": slot.capacity, "attendee_capacity": slot.attendee_capacity}
    slot.capacity += more_places
    if slot.attendee_capacity is not None:
        slot.attendee_capacity += more_people
    slot.version += 1
    after = {"capacity": slot.capacity, "attendee_capacity": slot.attendee_capacity}
    audit.record(actor, "slot.grown", "slot", slot.public_id, before=before, after=after)
