"""The JSON of a booking, out and in."""

from __future__ import annotations

from dataclasses import replace
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
from eventsys.web.parsing import Choice, Input, Instant, Keyed, Listed, Nested, PageQuery, Part, PublicId, Text, Whole
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
    """The answer to a new booking: the same again for the same Idempotency-Key."""

    id = Text()
    state = Choice(BookingState)
    version = Whole()
    party = Whole()
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


class IdempotencyHeader(Input):
    """A random value of the client: the same request with it is done once."""

    key = Text(200, data_key="Idempotency-Key", required=True, error_messages={"required": "idempotency_key_missing"})


class AttendeesIn(Input):
    """All who come; whoever is not listed is taken off."""

    attendees = Listed(Nested(NamedIn), PARTY_MAX, required=True)


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


def booked_json(booking: Booking, *, shows_codes: bool = True) -> dict[str, Any]:
    """The answer to a new booking; reads nothing that is not loaded."""
    slot, enterprise = booking.slot, booking.enterprise
    valid = [attendee for attendee in booking.attendees if attendee.state is TicketState.VALID]
    return {
        "id": booking.public_id,
        "state": booking.state.value,
        "version": booking.version,
        "party": booking.party,
        "slot": slot.public_id,
        "enterprise": {
            "id": enterprise.public_id,
            "credit_code": enterprise.credit_code,
            "name": enterprise.name,
        },
        "tickets": [_ticket(attendee, slot, shows_codes=shows_codes) for attendee in valid],
        "url": absolute_url(f"/bookings/{booking.public_id}"),
    }


def booking_json(booking: Booking, actor: Actor) -> dict[str, Any]:
    """The whole booking; codes and how to reach people only for who may change it."""
    acts = is_allowed(replace(actor, scopes=None), Permission.CHANGE_BOOKING, booking.scope)
    valid = [attendee for attendee in booking.attendees if attendee.state is TicketState.VALID]
    cancelled_at = booking.cancelled_at
    return booked_json(booking, shows_codes=acts) | {
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
        "cancelled_at": format_instant(cancelled_at) if cancelled_at else None,
        "is_late_cancellation": booking.is_late_cancellation,
        "cancel_reason": booking.cancel_reason,
    }  # fmt: skip


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
