"""Who comes: names given later, changed, replaced; each change ends the old ticket and makes a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from eventsys.bookings import messages
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import SHARE, facts_of, find_shared_booking, find_ticket
from eventsys.bookings.rules import (
    TAKES_PLACES,
    BookingState,
    NewAttendee,
    TicketState,
    check_names,
    clean_attendee,
    clean_attendees,
    party_of,
)
from eventsys.bookings.services.admission import clash_of, release_lapsed_holds, with_nearest
from eventsys.bookings.services.booking import new_attendees
from eventsys.bookings.services.locking import lock_booking
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core import audit
from eventsys.core.actor import ANYBODY, Actor, Grant, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.installation import derived_token
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.contact_queries import find_contact
from eventsys.directory.recipients import contacts_of
from eventsys.notifications.services import Recipient
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState


def name_attendees(
    public_id: str,
    people: tuple[tuple[str | None, NewAttendee], ...] | None,
    *,
    actor: Actor,
    version: int | None = None,
    party: int | None = None,
) -> Booking:
    """Make `people` the booking's attendees: (ticket id or None, details). Who keeps a name keeps the ticket; a new
    name under an old ticket gets a new one and the old is dead; whoever is not listed is taken off; None leaves all.
    `party` makes the booking larger, as far as there is room and nobody waits, or smaller, which frees places."""
    cleaned = clean_attendees(tuple(person for _, person in people or ()))
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    is_staff = booking.enterprise_id not in actor.enterprises()
    check_names(booking.state, slot.ends_at if is_staff else slot.names_until, now())
    booking.require_version(version)
    if party is not None and party != booking.party:
        _resize(booking, slot, party_of(party, 0), actor)
    named = len(booking.valid_attendees) if people is None else len(cleaned)
    if named > booking.party:
        raise Invalid("more_names_than_party", field="attendees", party=booking.party, named=named)
    if people is not None:
        _set_attendees(booking, slot, [(key, who) for (key, _), who in zip(people, cleaned, strict=True)], actor)
    return booking


def name_at_door(
    public_id: str, substitutes: Mapping[str, str], added: Sequence[str], *, until: datetime, actor: Actor
) -> list[Attendee]:
    """Who stands at the door instead of those named (their names by the tickets that die) or in addition, as far as
    the party goes; answers the fresh attendees. Whoever may check in at the slot may do it, until `until`.

    Invalid `more_names_than_party`, `ticket_not_valid`; Conflict when the booking or its names are over.
    """
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHECK_IN, slot.scope)
    check_names(booking.state, until, now())
    kept = {item.public_id: NewAttendee(item.name, item.phone, item.email) for item in booking.valid_attendees}
    if not substitutes.keys() <= kept.keys():
        raise Conflict("ticket_not_valid")
    after = kept | {ticket: NewAttendee(name) for ticket, name in substitutes.items()}
    wanted: list[tuple[str | None, NewAttendee]] = [*after.items(), *((None, NewAttendee(name)) for name in added)]
    if len(wanted) > booking.party:
        raise Conflict("more_names_than_party", party=booking.party, named=len(wanted))
    cleaned = clean_attendees(tuple(person for _, person in wanted))
    _set_attendees(booking, slot, [(key, who) for (key, _), who in zip(wanted, cleaned, strict=True)], actor)
    booking.version += 1
    db.session.flush()
    return [item for item in booking.valid_attendees if item.public_id not in kept]


def _resize(booking: Booking, slot: Slot, party: int, actor: Actor) -> None:
    """A party of another size: a larger one needs room now, and for who waits nothing changes but their own wish."""
    release_lapsed_holds(slot, but=booking)
    facts = facts_of(slot)
    largest = min((limit for limit in (slot.party_max, slot.attendee_capacity) if limit is not None), default=party)
    if party > largest:
        raise Conflict("party_too_large", maximum=largest, remove=party - largest)
    more = party - booking.party
    takes_places = booking.state in TAKES_PLACES
    is_room = facts.people_left is None or more <= facts.people_left
    if more > 0 and takes_places and (facts.has_queue(now()) or not is_room):
        refused = Conflict("queue_ahead" if facts.has_queue(now()) else "slot_full", ahead=slot.waiting)
        raise with_nearest(refused, slot, party, booking.enterprise_id)
    enter(booking, slot, booking.state, actor=actor, action="booking.resized", party=party, lapses_at=booking.lapses_at)
    if more < 0 and takes_places:
        places_freed(slot)


def hand_over(public_id: str, person: str, *, actor: Actor) -> Booking:
    """Make a colleague (public id of a person) the contact of a booking; the enterprise's it stays."""
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    colleague = find_contact(booking.enterprise_id, person)
    if colleague is None:
        raise Invalid("unknown_colleague", field="person")
    before = {"contact": booking.contact_name}
    booking.contact_id, booking.contact_name = colleague.id, colleague.name[:60]
    booking.changed_at = now()
    booking.version += 1
    after = {"contact": booking.contact_name}
    audit.record(actor, "booking.handed_over", "booking", booking.public_id, before=before, after=after)
    messages.tell_contact("booking_handed_over", booking, slot, messages.contact_of(booking))
    return booking


def share_token(booking: Booking) -> str:
    """The secret of the link by which colleagues enter themselves."""
    return derived_token(SHARE, booking.public_id, booking.share_version)


def revoke_share_link(public_id: str, *, actor: Actor) -> None:
    """Make the colleagues' link anew; the old one is dead."""
    booking, slot = lock_booking(public_id, actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope_with(slot))
    booking.share_version += 1
    audit.record(actor, "booking.share_link_renewed", "booking", booking.public_id)


def name_yourself(token: str, person: NewAttendee, *, actor: Actor = ANYBODY) -> Attendee:
    """A colleague with the booking's link takes one of its unnamed places; NotFound for a dead link."""
    shared = find_shared_booking(token)
    if shared is None:
        raise NotFound("link_unknown")
    person = clean_attendee(person, "person")
    booking, slot = lock_booking(shared.public_id, _as_holder(shared, actor))
    check_names(booking.state, slot.names_until, now())
    valid = [attendee for attendee in booking.attendees if attendee.state is TicketState.VALID]
    for attendee in valid:
        if (attendee.name, attendee.phone) == (person.name, person.phone):
            return attendee  # pressed twice
    if len(valid) >= booking.party:
        raise Conflict("party_full", party=booking.party)
    _check_clash(booking, slot, (person,))
    (added,) = _add(booking, slot, (person,))
    booking.version += 1
    _record(booking, actor, added=[added], ended=[])
    _send_tickets(booking, slot, added=[added], ended=[])
    return added


def replace_attendee(ticket: str, person: NewAttendee, *, actor: Actor = ANYBODY) -> Attendee:
    """Another person comes instead (换人参加): the old code is dead, the new attendee's ticket is answered."""
    person = clean_attendee(person, "person")
    booking, slot, attendee = _lock_ticket(ticket, actor)
    check_names(booking.state, slot.starts_at, now())
    _check_clash(booking, slot, (person,))
    _end(attendee, TicketState.REPLACED)
    booking.version += 1
    (added,) = _add(booking, slot, (person,))
    _record(booking, actor, added=[added], ended=[attendee])
    messages.tell_contact("attendee_replaced", booking, slot, _contacts(booking), old=attendee.name, new=added.name)
    messages.tell_attendees("ticket", booking, slot, [added])
    messages.tell_attendees("ticket_cancelled", booking, slot, [attendee], ends_invitation=True)
    return added


def decline_ticket(ticket: str, *, actor: Actor = ANYBODY) -> Attendee:
    """The attendee cannot come (我来不了): the code is dead, the contact is told and may name another."""
    booking, slot, attendee = _lock_ticket(ticket, actor)
    if slot.starts_at <= now():
        raise Conflict("slot_began", starts_at=slot.starts_at)
    _end(attendee, TicketState.DECLINED)
    booking.version += 1
    _record(booking, actor, added=[], ended=[attendee])
    messages.tell_contact("attendee_declined", booking, slot, _contacts(booking), old=attendee.name)
    return attendee


def _lock_ticket(ticket: str, actor: Actor) -> tuple[Booking, Slot, Attendee]:
    """Whoever holds a genuine ticket may act on it; only a live one of a confirmed booking."""
    found = find_ticket(ticket)
    if found is None:
        raise NotFound()
    booking, slot = lock_booking(found.booking.public_id, _as_holder(found.booking, actor))
    attendee = next(item for item in booking.attendees if item.public_id == ticket)
    if slot.state is not SlotState.PUBLISHED or booking.state is not BookingState.CONFIRMED:
        raise Conflict("booking_not_active", state=booking.state.value)
    if attendee.state is not TicketState.VALID:
        raise Conflict("ticket_not_valid")
    return booking, slot, attendee


def _as_holder(booking: Booking, actor: Actor) -> Actor:
    """The actor with sight of this one booking, which the secret in their hands gives."""
    return replace(actor, grants=frozenset({Grant(Role.CONTACT, enterprise=booking.enterprise_id)}), scopes=None)


def _set_attendees(booking: Booking, slot: Slot, people: list[tuple[str | None, NewAttendee]], actor: Actor) -> None:
    valid = {item.public_id: item for item in booking.attendees if item.state is TicketState.VALID}
    added, kept = [], set()
    for position, (key, person) in enumerate(people):
        old = valid.get(key) if key else None
        if key and (old is None or key in kept):
            raise Invalid("ticket_not_valid", field=f"attendees.{position}.id")
        if old and old.name == person.name:
            old.phone, old.email = person.phone, person.email
            kept.add(old.public_id)
        else:
            added.append(person)
    _check_clash(booking, slot, tuple(added))
    ended = [item for key, item in valid.items() if key not in kept]
    for item in ended:
        _end(item, TicketState.REPLACED)
    fresh = _add(booking, slot, tuple(added))
    _record(booking, actor, added=fresh, ended=ended)
    if fresh or ended:
        messages.tell_contact("booking_changed", booking, slot, _contacts(booking))
    _send_tickets(booking, slot, added=fresh, ended=ended)


def _send_tickets(booking: Booking, slot: Slot, *, added: list[Attendee], ended: list[Attendee]) -> None:
    """Who is named before the booking is confirmed gets the ticket by then."""
    if booking.state is BookingState.CONFIRMED:
        messages.tell_attendees("ticket", booking, slot, added)
        messages.tell_attendees("ticket_cancelled", booking, slot, ended, ends_invitation=True)


def _check_clash(booking: Booking, slot: Slot, people: tuple[NewAttendee, ...]) -> None:
    """Raise Conflict when one of the people is elsewhere at the time."""
    clash = clash_of(slot, booking.enterprise, people, leaving=booking.id) if people else None
    if clash is not None:
        raise clash


def _add(booking: Booking, slot: Slot, people: tuple[NewAttendee, ...]) -> list[Attendee]:
    fresh = new_attendees(slot, people)
    booking.attendees.extend(fresh)
    db.session.flush()
    return fresh


def _end(attendee: Attendee, state: TicketState) -> None:
    attendee.state, attendee.ended_at = state, now()


def _record(booking: Booking, actor: Actor, *, added: list[Attendee], ended: list[Attendee]) -> None:
    booking.changed_at = now()
    audit.record(
        actor,
        "booking.attendees_changed",
        "booking",
        booking.public_id,
        before={"ended": [item.public_id for item in ended]},
        after={"added": [item.public_id for item in added]},
    )


def _contacts(booking: Booking) -> list[Recipient]:
    return contacts_of(booking.enterprise_id)
