"""Book a slot: lock the enterprise, then the slot; decide; record; tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from eventsys.bookings import messages
from eventsys.bookings.keys import current_key_id
from eventsys.bookings.models import Attendee, Booking, IdempotencyKey
from eventsys.bookings.queries import SlotForBooking, facts_of, lock_slot_for_booking
from eventsys.bookings.rules import ASKS_MAX as ASKS_LIMIT
from eventsys.bookings.rules import (
    REASON_MAX,
    BookingState,
    NewAttendee,
    NewBooking,
    clean_answers,
    clean_attendees,
    party_of,
    refusal,
)
from eventsys.bookings.tickets import new_typed_code
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.queries import is_slot_for, nearest_slots
from eventsys.slots.rules import AudienceKind, QuestionKind, SlotState

KEY_MAX = 200


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request that may be repeated: the same key and body get the same answer. `answer` renders a new booking."""

    key: str
    request_hash: str
    answer: Callable[[Booking], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking and, for a request with an idempotency key, the answer to give (the first one again if repeated)."""

    booking: Booking | None
    answer: dict[str, Any] | None = None
    is_repeated: bool = False


def book_slot(command: NewBooking, *, actor: Actor, idempotency: Idempotency | None = None) -> Booked:
    """Book for the command's enterprise, or raise the rule that says no, with up to three alternatives.

    NotFound for a slot that does not exist for the enterprise; Conflict `slot_full`, `window_not_open`,
    `window_closed`, `already_booked`, `party_too_large`, `not_invited`; Invalid names the field.
    """
    command, party = _cleaned(command)
    owner = actor.token or f"person:{actor.person}"
    enterprise = lock_enterprise(command.enterprise)
    found = lock_slot_for_booking(command.slot, command.enterprise, owner, idempotency.key if idempotency else "")
    if found is None or enterprise is None:
        raise NotFound()
    on_behalf = _authorize(actor, command, found.slot)
    if idempotency and found.idempotent:
        return _repeated(idempotency, found.idempotent)
    _check(command, party, enterprise, found, on_behalf=on_behalf)
    booking = _place(command, party, found.slot, enterprise, actor, on_behalf=on_behalf)
    _tell(booking, found.slot, actor, on_behalf=on_behalf)
    answer = idempotency.answer(booking) if idempotency else None
    if idempotency and answer is not None:
        db.session.add(
            IdempotencyKey(
                owner=owner,
                key=idempotency.key,
                request_hash=idempotency.request_hash,
                booking_id=booking.id,
                answer=answer,
            )
        )
    return Booked(booking, answer)


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
            )
        )
    return attendees


def _cleaned(command: NewBooking) -> tuple[NewBooking, int]:
    attendees = clean_attendees(command.attendees)
    asks = clean_text(command.asks, "asks", ASKS_LIMIT)
    reason = clean_line(command.on_behalf_reason, "reason", REASON_MAX)
    party = party_of(command.party, len(attendees))
    return replace(command, attendees=attendees, asks=asks, on_behalf_reason=reason), party


def _authorize(actor: Actor, command: NewBooking, slot: Slot) -> bool:
    """Whether it is on behalf; NotFound for a slot that does not exist for the actor, NotAllowed for another role."""
    if is_allowed(actor, Permission.BOOK, Scope(enterprise=command.enterprise)):
        if slot.state is SlotState.DRAFT:
            raise NotFound()
        return False
    if slot.state is SlotState.DRAFT and not is_allowed(actor, Permission.SEE_HIDDEN_SLOT, slot.scope):
        raise NotFound()
    if actor.enterprises() and not actor.departments():
        raise NotFound()  # a contact naming somebody else's enterprise
    authorize(actor, Permission.BOOK_ON_BEHALF, slot.scope)
    return True


def _repeated(idempotency: Idempotency, kept: tuple[str, int, dict[str, Any]]) -> Booked:
    request_hash, _booking, answer = kept
    if request_hash != idempotency.request_hash:
        raise Invalid("idempotency_key_reused", field="Idempotency-Key")
    return Booked(None, answer, is_repeated=True)


def _check(command: NewBooking, party: int, enterprise: Enterprise, found: SlotForBooking, *, on_behalf: bool) -> None:
    slot = found.slot
    if not enterprise.active:
        raise NotAllowed("enterprise_disabled")
    if slot.audience_kind is not AudienceKind.PUBLIC and not is_slot_for(slot, enterprise.id):
        if slot.is_hidden and not on_behalf:
            raise NotFound()
        raise _with_nearest(Conflict("not_invited"), slot, party, enterprise.id)
    if found.booked_by is not None:
        raise Conflict("already_booked", name=found.booked_by)
    refused = refusal(facts_of(slot), party, now(), on_behalf=on_behalf)
    if refused is not None:
        raise _with_nearest(refused, slot, party, enterprise.id)


def _with_nearest(refused: Refusal, slot: Slot, party: int, enterprise: int) -> Refusal:
    """The refusal with what is possible instead."""
    refused.fields |= {"nearest": nearest_slots(slot, party, enterprise), "phone": slot.department.phone}
    return refused


def _place(
    command: NewBooking, party: int, slot: Slot, enterprise: Enterprise, actor: Actor, *, on_behalf: bool
) -> Booking:
    questions = {
        item["id"]: (QuestionKind(item["kind"]), item["required"] and not on_behalf) for item in slot.questions
    }
    booking = Booking(
        public_id=new_public_id(),
        slot_id=slot.id,
        enterprise_id=enterprise.id,
        state=BookingState.CONFIRMED,
        party=party,
        channel=command.channel,
        contact_id=None if on_behalf else actor.person,
        contact_name=actor.name[:60],
        on_behalf_reason=command.on_behalf_reason,
        asks=command.asks,
        answers=clean_answers(command.answers, questions),
        changed_at=now(),
        attendees=new_attendees(slot, command.attendees),
    )
    slot.places_taken += 1
    slot.people_taken += party
    db.session.add(booking)
    db.session.flush()
    after = {"state": booking.state, "party": party, "slot": slot.public_id, "enterprise": enterprise.public_id}
    after |= {"attendees": [attendee.public_id for attendee in booking.attendees], "channel": booking.channel}
    audit.record(actor, "booking.created", "booking", booking.public_id, after=after, reason=booking.on_behalf_reason)
    return booking


def _tell(booking: Booking, slot: Slot, actor: Actor, *, on_behalf: bool) -> None:
    recipients = messages.contacts_of(booking.enterprise_id) if on_behalf else messages.booker(actor)
    messages.tell_contact("booking_confirmed", booking, slot, recipients)
    messages.tell_attendees("ticket", booking, slot, booking.attendees)
