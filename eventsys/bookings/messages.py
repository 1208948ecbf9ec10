"""What those who booked are told: the context and attachments of each message, put into the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eventsys.accounts.models import Person
from eventsys.bookings.keys import code_of, ticket_url
from eventsys.bookings.models import Attendee, Booking, VisitRequest
from eventsys.bookings.rules import BookingState
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.installation import absolute_url
from eventsys.directory.models import Enterprise, Membership
from eventsys.directory.recipients import clerks_of, contacts_of, coordinators, recipients
from eventsys.notifications.services import Recipient, enqueue
from eventsys.slots.models import Slot


def slot_context(slot: Slot) -> dict[str, Any]:
    """What every message says of the slot."""
    place = slot.place.name if slot.place else ""
    return {
        "title": slot.title,
        "department": slot.department.short_name,
        "department_name": slot.department.name,
        "phone": slot.department.phone,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
        "place": " ".join(filter(None, [place, slot.place_text])),
        "format": slot.format.value,
        "bring": slot.bring,
        "slot_url": absolute_url(f"/slots/{slot.public_id}"),
    }


def tell_contact(kind: str, booking: Booking, slot: Slot, recipients: Iterable[Recipient], **more: Any) -> None:
    """A message about the booking to its contacts, with the codes of all attendees once it is confirmed."""
    valid = booking.valid_attendees
    context = _booking_context(booking, slot, more) | {"attendees": [attendee.name for attendee in valid]}
    codes = _codes(valid, slot) if booking.state is BookingState.CONFIRMED else []
    enqueue(kind, recipients, context, attachments=codes)


def tell_attendees(kind: str, booking: Booking, slot: Slot, attendees: Sequence[Attendee], **more: Any) -> None:
    """A mail to each attendee who gave an address, with the own code."""
    for attendee in attendees:
        if attendee.email:
            url = ticket_url(code_of(attendee, slot.public_id))
            context = _booking_context(booking, slot, more)
            context |= {"attendee": attendee.name, "ticket_url": url, "typed_code": attendee.typed_code}
            enqueue(kind, [Recipient(address=attendee.email)], context, attachments=_codes([attendee], slot))


def tell_enterprise(kind: str, booking: Booking, slot: Slot, **more: Any) -> None:
    """A message about the booking to every contact of the enterprise, without codes: it brings nobody in."""
    enqueue(kind, contacts_of(booking.enterprise_id), _booking_context(booking, slot, more))


def tell_department_of_request(kind: str, request: VisitRequest) -> None:
    """A message about a visit asked for to the clerks of the department."""
    enqueue(kind, clerks_of(request.department_id), _request_context(request))


def tell_coordinators_of_request(kind: str, request: VisitRequest) -> None:
    """A message about a visit asked for to the coordinators of the district."""
    enqueue(kind, coordinators(), _request_context(request))


def tell_enterprise_of_request(kind: str, request: VisitRequest, **more: Any) -> None:
    """The department's answer to every contact of the enterprise."""
    enqueue(kind, contacts_of(request.enterprise_id), {**_request_context(request), **more})


def booker(actor: Actor) -> list[Recipient]:
    """The actor as the one to tell."""
    if actor.person is None:
        return []
    return [Recipient(actor.person, actor.email or None, actor.locale)]


def tell_department(kind: str, booking: Booking, slot: Slot, **more: Any) -> None:
    """A message about the booking to the clerks of the lead department."""
    enqueue(kind, clerks_of(slot.department_id), _booking_context(booking, slot, more))


def tell_coordinators(kind: str, booking: Booking, slot: Slot, **more: Any) -> None:
    """A message about the booking to the coordinators of the district."""
    enqueue(kind, coordinators(), _booking_context(booking, slot, more))


def contact_of(booking: Booking) -> list[Recipient]:
    """The contact of the booking, when it has one who still is."""
    return recipients(Membership.enterprise_id == booking.enterprise_id, Person.id == booking.contact_id)


def _booking_context(booking: Booking, slot: Slot, more: dict[str, Any]) -> dict[str, Any]:
    enterprise = db.session.get(Enterprise, booking.enterprise_id)
    return {
        **slot_context(slot),
        "party": booking.party,
        "enterprise": enterprise.name if enterprise else "",
        "booking_url": absolute_url(f"/bookings/{booking.public_id}"),
        "names_until": slot.names_until.isoformat(),
        **more,
    }


def _request_context(request: VisitRequest) -> dict[str, Any]:
    return {
        "enterprise": request.enterprise.name,
        "department": request.department.name,
        "phone": request.department.phone,
        "contact": request.contact_name,
        "asks": request.asks,
        "wanted": request.wanted,
        "request_url": absolute_url(f"/requests/{request.public_id}"),
    }


def _codes(attendees: Sequence[Attendee], slot: Slot) -> list[dict[str, str]]:
    return [
        {"filename": f"ticket-{attendee.typed_code}.png", "qr": ticket_url(code_of(attendee, slot.public_id))}
        for attendee in attendees
    ]
