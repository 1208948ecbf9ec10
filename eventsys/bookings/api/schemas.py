"""The JSON of a booking, out and in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from marshmallow import fields

from eventsys.accounts.rules import EMAIL_MAX, NAME_MAX
from eventsys.bookings.keys import code_of, ticket_url
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import (
    ANSWER_MAX,
    ASKS_MAX,
    PARTY_MAX,
    REASON_MAX,
    BookingChannel,
    BookingState,
    NewAttendee,
    TicketState,
)
from eventsys.core.actor import Actor
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Slot
from eventsys.web.parsing import (
    Choice,
    Flag,
    Input,
    Instant,
    Keyed,
    Listed,
    Nested,
    PageQuery,
    Part,
    PublicId,
    Text,
    Whole,
)
from eventsys.web.rfc3339 import format_instant


class TicketOut(Part):
    """A named person's ticket. The codes are null for who may look and not act."""

    id = Text()
    code = Text(allow_none=True)
    url = Text(allow_none=True)
    name = Text()
    typed_code = Text(allow_none=True)


class AttendeeOut(Part):
    """A named person, as PATCH takes it back; `id` is the ticket's."""

    id = Text()
    name = Text()
    phone = Text()
    email = Text()


class EnterpriseRef(Part):
    """An enterprise, in short."""

    id = Text()
    credit_code = Text()
    name = Text()


class BookedOut(Part):
    """The answer to a new booking: the same again for the same Idempotency-Key. `place_in_queue` is null unless it
    waits; `lapses_at` is until when a place is held or offered."""

    id = Text()
    state = Choice(BookingState)
    version = Whole()
    party = Whole()
    party_min = Whole(metadata={"description": "who waits comes with at least so many"})
    place_in_queue = Whole(allow_none=True)
    lapses_at = Instant(allow_none=True)
    slot = Text(metadata={"description": "id"})
    enterprise = Nested(EnterpriseRef)
    tickets = Listed(Nested(TicketOut))
    url = Text(metadata={"format": "uri"})


class BookingOut(BookedOut):
    """A booking with what was said in it."""

    title = Text()
    starts_at = Instant()
    ends_at = Instant()
    names_until = Instant()
    cancel_until = Instant()
    channel = Choice(BookingChannel)
    contact_name = Text()
    on_behalf_reason = Text()
    asks = Text()
    answers = Keyed(keys=fields.String(), values=fields.String())
    attendees = Listed(Nested(AttendeeOut))
    created_at = Instant()
    changed_at = Instant()
    asks_first = fields.Boolean()
    passed_over = Whole(metadata={"description": "how often smaller parties went first"})
    approve_by = Instant(allow_none=True, metadata={"description": "until when the department should answer"})
    moved_from = Instant(allow_none=True, metadata={"description": "the start agreed to, until the new one is"})
    cancelled_at = Instant(allow_none=True)
    is_late_cancellation = fields.Boolean()
    cancel_reason = Text()


class Bookings(Part):
    """A page of bookings, newest first."""

    items = fields.Raw(metadata={"type": "array", "items": {"$ref": "#/components/schemas/BookingOut"}})
    next = Text(allow_none=True)


class AttendeeIn(Part):
    """A person of the party."""

    name = Text(NAME_MAX, required=True)
    phone = Text(30, load_default="")
    email = Text(EMAIL_MAX, load_default="")


class NamedIn(AttendeeIn):
    """A person who comes; `id` is the ticket they keep, or that another person takes over."""

    id = PublicId(load_default=None)


class BookingIn(Input):
    """A new booking. `party` defaults to the number of attendees; their names may follow."""

    slot = PublicId(required=True)
    attendees = Listed(Nested(AttendeeIn), PARTY_MAX, load_default=list)
    party = Whole(1, PARTY_MAX, load_default=None, allow_none=True)
    answers = Keyed(
        keys=fields.String(),
        values=Text(ANSWER_MAX),
        load_default=dict,
        metadata={"description": "by the question's id; yes or no where it asks so"},
    )
    asks = Text(ASKS_MAX, load_default="", metadata={"description": "what the enterprise wants to raise"})
    on_behalf_of = PublicId(metadata={"description": "enterprise: id or credit code"})
    channel = Choice(BookingChannel, load_default=BookingChannel.API)
    reason = Text(REASON_MAX, load_default="", metadata={"description": "why on behalf"})
    waitlist = Flag(load_default=False, metadata={"description": "wait when there is no place"})
    party_min = Whole(
        1,
        PARTY_MAX,
        load_default=None,
        allow_none=True,
        metadata={"description": "the smallest number that comes all the same; the whole party without"},
    )
    ask_first = Flag(load_default=False, metadata={"description": "offer a freed place instead of confirming it"})
    hold = PublicId(load_default="", metadata={"description": "the hold to turn into the booking"})


class HoldIn(Input):
    """A place to be held while the form is filled in."""

    slot = PublicId(required=True)
    party = Whole(1, PARTY_MAX, load_default=1)
    on_behalf_of = PublicId(metadata={"description": "enterprise: id or credit code"})


class HoldOut(Part):
    """A held place: good until `lapses_at`, for any contact of the enterprise."""

    id = Text()
    state = Choice(BookingState)
    slot = Text(metadata={"description": "id"})
    party = Whole()
    lapses_at = Instant()


class MoveIn(Input):
    """The slot to move to."""

    slot = PublicId(required=True)


class IdempotencyHeader(Input):
    """A random value of the client: the same request with it is done once."""

    key = Text(200, data_key="Idempotency-Key", required=True, error_messages={"required": "idempotency_key_missing"})


class AttendeesIn(Input):
    """All who come; whoever is not listed is taken off, without a list nobody is. `party` makes the booking larger or
    smaller."""

    attendees = Listed(Nested(NamedIn), PARTY_MAX, load_default=None)
    party = Whole(1, PARTY_MAX, load_default=None, allow_none=True)


class CancelIn(Input):
    """Why, for the department and the colleagues."""

    reason = Text(REASON_MAX, load_default="")


class BookingQuery(PageQuery):
    """What the list of bookings is narrowed to."""

    slot = PublicId(load_default="")
    state = Choice(BookingState)


def person_of(sent: dict[str, Any]) -> NewAttendee:
    """The named person as a command."""
    return NewAttendee(sent["name"], sent["phone"], sent["email"])


def booked_json(booking: Booking, place: int | None = None, *, shows_codes: bool = True) -> dict[str, Any]:
    """The answer to a new booking, number `place` in the queue; reads nothing that is not loaded."""
    slot, enterprise = booking.slot, booking.enterprise
    valid = [attendee for attendee in booking.attendees if attendee.state is TicketState.VALID]
    return {
        "id": booking.public_id,
        "state": booking.state.value,
        "version": booking.version,
        "party": booking.party,
        "party_min": booking.party_min,
        "place_in_queue": place,
        "lapses_at": _moment(booking.lapses_at),
        "slot": slot.public_id,
        "enterprise": {
            "id": enterprise.public_id,
            "credit_code": enterprise.credit_code,
            "name": enterprise.name,
        },
        "tickets": [_ticket(attendee, slot, shows_codes=shows_codes) for attendee in valid],
        "url": absolute_url(f"/bookings/{booking.public_id}"),
    }


def hold_json(booking: Booking) -> dict[str, Any]:
    """A held place."""
    return {
        "id": booking.public_id,
        "state": booking.state.value,
        "slot": booking.slot.public_id,
        "party": booking.party,
        "lapses_at": _moment(booking.lapses_at),
    }


def booking_json(booking: Booking, actor: Actor, place: int | None = None) -> dict[str, Any]:
    """The whole booking, number `place` in the queue; codes and how to reach people only for who may change it."""
    acts = is_allowed(replace(actor, scopes=None), Permission.CHANGE_BOOKING, booking.scope)
    valid = [attendee for attendee in booking.attendees if attendee.state is TicketState.VALID]
    return booked_json(booking, place, shows_codes=acts) | {
        "title": booking.slot.title,
        **{name: format_instant(getattr(booking.slot, name))
           for name in ("starts_at", "ends_at", "names_until", "cancel_until")},
        "channel": booking.channel.value,
        "contact_name": booking.contact_name,
        "on_behalf_reason": booking.on_behalf_reason,
        "asks": booking.asks,
        "answers": booking.answers,
        "attendees": [_attendee(attendee, shows_contact=acts) for attendee in valid],
        "created_at": format_instant(booking.created_at),
        "changed_at": format_instant(booking.changed_at),
        "asks_first": booking.asks_first,
        "passed_over": booking.passed_over,
        "approve_by": _moment(booking.approve_by),
        "moved_from": _moment(booking.moved_from),
        "cancelled_at": _moment(booking.cancelled_at),
        "is_late_cancellation": booking.is_late_cancellation,
        "cancel_reason": booking.cancel_reason,
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return format_instant(at) if at is not None else None


def _ticket(attendee: Attendee, slot: Slot, *, shows_codes: bool) -> dict[str, Any]:
    code = code_of(attendee, slot.public_id) if shows_codes else None
    return {
        "id": attendee.public_id,
        "code": code,
        "url": ticket_url(code) if code else None,
        "name": attendee.name,
        "typed_code": attendee.typed_code if shows_codes else None,
    }


def _attendee(attendee: Attendee, *, shows_contact: bool) -> dict[str, str]:
    phone, email = (attendee.phone, attendee.email) if shows_contact else ("", "")
    return {"id": attendee.public_id, "name": attendee.name, "phone": phone, "email": email}
