"""Book a slot: lock the enterprise, then the slot; decide; record; tell. Three statements where nothing is unusual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eventsys.bookings import messages
from eventsys.bookings.keys import current_key_id
from eventsys.bookings.models import Attendee, Booking, IdempotencyKey
from eventsys.bookings.queries import Entry, facts_of, get_own, lock_slot_for
from eventsys.bookings.rules import (
    ASKS_MAX,
    REASON_MAX,
    BookingState,
    NewAttendee,
    NewBooking,
    TicketState,
    clean_answers,
    clean_attendees,
    party_min_of,
    party_of,
    place,
)
from eventsys.bookings.services.admission import check_entry, needs_approval, release_lapsed_holds, with_nearest
from eventsys.bookings.services.states import enter
from eventsys.bookings.tickets import new_typed_code
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.core.flush import flush_together
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.models import Enterprise
from eventsys.directory.recipients import contacts_of
from eventsys.directory.settings import settings_from
from eventsys.slots.models import Slot
from eventsys.slots.rules import QuestionKind, SlotState
from eventsys.workdays.queries import working_calendar

KEY_MAX = 200


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request that may be repeated: the same key and body get the same answer. `answer` renders a new booking."""

    key: str
    request_hash: str
    answer: Callable[[Booking, int | None], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking as plain values, its place in the queue when it waits, and, for a request with an idempotency key, the
    answer to give (the first one again if repeated: then there is no booking)."""

    booking: Booking | None
    answer: dict[str, Any] | None = None
    place_in_queue: int | None = None


def book_slot(command: NewBooking, *, actor: Actor, idempotency: Idempotency | None = None) -> Booked:
    """Book for the command's enterprise, or let it wait, or raise the rule that says no, with up to three alternatives.

    A hold of the enterprise becomes the booking in place. NotFound for a slot that does not exist for the enterprise;
    Conflict `slot_full`, `queue_ahead`, `window_not_open`, `window_closed`, `quota_reached`, `already_booked`, `clash`,
    `party_too_large`, `not_invited`, `hold_expired`; Invalid names the field.
    """
    command, party = _cleaned(command)
    owner = actor.token or f"person:{actor.person}"
    enterprise = lock_enterprise(command.enterprise)
    key = idempotency.key if idempotency else ""
    entry = lock_slot_for(command.enterprise, command.slot, command.attendees, owner=owner, key=key)
    if entry is None or enterprise is None:
        raise NotFound()
    on_behalf = authorize_booking(actor, command.enterprise, entry.slot)
    if idempotency and entry.idempotent:
        return _repeated(idempotency, entry.idempotent)
    own = own_to_continue(entry, command.hold)
    check_entry(entry, enterprise, party, command.attendees, on_behalf=on_behalf)
    release_lapsed_holds(entry.slot, but=own)
    state = _decide(entry, command, party, own)
    booking = _write(command, party, state, entry, own, enterprise, actor, on_behalf=on_behalf)
    ahead = entry.slot.waiting if state is BookingState.WAITLISTED and booking.queue_number is not None else None
    _tell(booking, entry.slot, actor, ahead, on_behalf=on_behalf)
    answer = idempotency.answer(booking, ahead) if idempotency else None
    if idempotency and answer is not None:
        _keep(idempotency, owner, booking, answer)
    flush_together()
    return Booked(booking, answer, ahead)


def authorize_booking(actor: Actor, enterprise: int, slot: Slot) -> bool:
    """Whether it is on behalf; NotFound for a slot that does not exist for the actor, NotAllowed for another role."""
    if is_allowed(actor, Permission.BOOK, Scope(enterprise=enterprise)):
        if slot.state is SlotState.DRAFT:
            raise NotFound()
        return False
    if slot.state is SlotState.DRAFT and not is_allowed(actor, Permission.SEE_HIDDEN_SLOT, slot.scope):
        raise NotFound()
    if actor.enterprises() and not actor.departments():
        raise NotFound()  # a contact naming somebody else's enterprise
    authorize(actor, Permission.BOOK_ON_BEHALF, slot.scope)
    return True


def own_to_continue(entry: Entry, hold: str = "") -> Booking | None:
    """The enterprise's hold, or its place in a queue that orders no more, which a booking continues; any other active
    booking is a Conflict `already_booked`, and a hold that is gone is `hold_expired`. A hold over its time is good
    while nobody waits."""
    own = get_own(entry.own) if entry.own is not None else None
    if hold and (own is None or own.public_id != hold):
        raise Conflict("hold_expired")
    if own is None:
        return None
    is_open_queue = own.state is BookingState.WAITLISTED and now() >= entry.slot.queue_until
    if own.state is BookingState.HELD:
        is_over = own.lapses_at is not None and own.lapses_at <= now()
        return None if is_over and entry.slot.waiting else own
    if is_open_queue:
        return own
    if own.state in {BookingState.EXPIRED, BookingState.CANCELLED}:
        return None  # it ended while we waited for the slot's lock
    raise Conflict("already_booked", name=own.contact_name, booking=own.public_id)


def new_attendees(slot: Slot, people: tuple[NewAttendee, ...]) -> list[Attendee]:
    """Attendees with fresh tickets of the slot, not yet added; a typed code that clashes fails on its constraint."""
    codes: set[str] = set()
    attendees = []
    for person in people:
        codes.add(code := new_typed_code(codes))
        attendees.append(
            Attendee(
                public_id=new_public_id(),
                slot_id=slot.id,
                name=person.name,
                phone=person.phone,
                email=person.email,
                typed_code=code,
                key_id=current_key_id(),
                state=TicketState.VALID,
            )
        )
    return attendees


def new_booking(entry: Entry, enterprise: Enterprise, party: int, actor: Actor) -> Booking:
    """A booking of the slot that is in no state yet: the caller fills it in and lets it `enter` one."""
    slot = entry.slot
    return Booking(
        id=entry.key,
        public_id=new_public_id(),
        slot_id=slot.id,
        slot=slot,
        enterprise_id=enterprise.id,
        enterprise=enterprise,
        party=party,
        party_min=party,
        month=slot.month,
        department_id=slot.department_id,
        edition_id=slot.edition_id,
        contact_name=actor.name[:60],
        version=1,
    )


def approve_by(settings: dict[str, Any]) -> datetime:
    """Until when the department should have answered."""
    days = settings_from(settings).approval_days
    return working_calendar().end_of_workday_after(now(), days, installation().zone)


def _cleaned(command: NewBooking) -> tuple[NewBooking, int]:
    attendees = clean_attendees(command.attendees)
    asks = clean_text(command.asks, "asks", ASKS_MAX)
    reason = clean_line(command.on_behalf_reason, "reason", REASON_MAX)
    party = party_of(command.party, len(attendees))
    party_min = party_min_of(command.party_min, party)
    return replace(command, attendees=attendees, asks=asks, on_behalf_reason=reason, party_min=party_min), party


def _repeated(idempotency: Idempotency, kept: tuple[str, dict[str, Any]]) -> Booked:
    request_hash, answer = kept
    if request_hash != idempotency.request_hash:
        raise Invalid("idempotency_key_reused", field="Idempotency-Key")
    return Booked(None, answer)


def _decide(entry: Entry, command: NewBooking, party: int, own: Booking | None) -> BookingState:
    held = own.party if own is not None and own.state is BookingState.HELD else 0
    placed = place(
        facts_of(entry.slot),
        party,
        now(),
        waits=command.waits,
        held=held,
        needs_approval=needs_approval(entry.settings, command.enterprise),
    )
    if isinstance(placed, Refusal):
        raise with_nearest(placed, entry.slot, party, command.enterprise)
    return placed


def _write(
    command: NewBooking,
    party: int,
    state: BookingState,
    entry: Entry,
    own: Booking | None,
    enterprise: Enterprise,
    actor: Actor,
    *,
    on_behalf: bool,
) -> Booking:
    slot = entry.slot
    booking = own or new_booking(entry, enterprise, party, actor)
    questions = {
        item["id"]: (QuestionKind(item["kind"]), item["required"] and not on_behalf) for item in slot.questions
    }
    booking.answers = clean_answers(command.answers, questions)
    booking.asks, booking.draft = command.asks, {}
    booking.channel, booking.on_behalf_reason = command.channel, command.on_behalf_reason
    booking.contact_id, booking.contact_name = None if on_behalf else actor.person, actor.name[:60]
    booking.party_min, booking.asks_first = command.party_min or party, command.asks_first
    if state is BookingState.PENDING:
        booking.approve_by = approve_by(entry.settings)
    attendees = new_attendees(slot, command.attendees if own is None else _newcomers(own, command.attendees, party))
    enter(
        booking,
        slot,
        state,
        actor=actor,
        action="booking.created" if own is None else "booking.continued",
        party=party,
        reason=command.on_behalf_reason,
        attendees=[attendee.public_id for attendee in attendees],
        channel=command.channel,
    )
    for attendee in attendees:
        attendee.booking_id = booking.id
    booking.attendees.extend(attendees)
    db.session.add(booking)
    return booking


def _newcomers(own: Booking, named: tuple[NewAttendee, ...], party: int) -> tuple[NewAttendee, ...]:
    """Who is to get a ticket when a hold or a place in the queue becomes the booking: whoever is named again keeps
    theirs, the others' are dead. With nobody named all stay for whom there is room."""
    missing, kept = list(named), 0
    for attendee in own.valid_attendees:
        same = NewAttendee(attendee.name, attendee.phone, attendee.email)
        if same in missing or (not named and kept < party):
            kept += 1
            if named:
                missing.remove(same)
        else:
            attendee.state, attendee.ended_at = TicketState.REPLACED, now()
    return tuple(missing)


def _keep(idempotency: Idempotency, owner: str, booking: Booking, answer: dict[str, Any]) -> None:
    """Keep the answer in the booking's own transaction."""
    db.session.add(
        IdempotencyKey(
            owner=owner,
            key=idempotency.key,
            request_hash=idempotency.request_hash,
            booking_id=booking.id,
            booking=booking,
            answer=answer,
        )
    )


def _tell(booking: Booking, slot: Slot, actor: Actor, ahead: int | None, *, on_behalf: bool) -> None:
    recipients = contacts_of(booking.enterprise_id) if on_behalf else messages.booker(actor)
    if booking.state is BookingState.CONFIRMED:
        messages.tell_contact("booking_confirmed", booking, slot, recipients)
        messages.tell_attendees("ticket", booking, slot, booking.valid_attendees)
    elif booking.state is BookingState.PENDING:
        messages.tell_contact("booking_pending", booking, slot, recipients)
        messages.tell_department("approval_wanted", booking, slot)
    else:
        messages.tell_contact("booking_waitlisted", booking, slot, recipients, place=ahead)
