"""What those who booked are told: the context and attachments of each message, put into the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eventsys.accounts.models import Person
from eventsys.bookings.invitations import invite_attendee, invite_contacts
from eventsys.bookings.keys import code_of, ticket_url
from eventsys.bookings.models import Attendee, Booking, PlannedVisit, VisitRequest
from eventsys.bookings.queries import phones_of
from eventsys.bookings.rules import BookingState
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.ical import Method
from eventsys.core.installation import absolute_url
from eventsys.directory.models import Department, Enterprise, Membership
from eventsys.directory.recipients import clerks_of, contacts_of, coordinators, recipients
from eventsys.notifications.services import Recipient, enqueue
from eventsys.slots.messages import slot_context as slot_context
from eventsys.slots.models import Slot

# What brings time, place or the booking itself anew; other messages leave a calendar as it is.
INVITING = {"booking_confirmed", "booking_moved", "place_given", "slot_moved", "visit_arranged", "ticket"}


def tell_contact(
    kind: str,
    booking: Booking,
    slot: Slot,
    recipients: Iterable[Recipient],
    *,
    ends_invitation: bool = False,
    **more: Any,
) -> None:
    """A message about the booking to its contacts, with the codes of all attendees and an invitation once it is
    confirmed; `ends_invitation` takes that back."""
    recipients, valid = list(recipients), booking.valid_attendees
    context = _booking_context(booking, slot, more) | {"attendees": [attendee.name for attendee in valid]}
    attached = _codes(valid, slot) if booking.state is BookingState.CONFIRMED else []
    method = _method(kind, booking, ends_invitation=ends_invitation)
    if method:
        attached += invite_contacts(booking, slot, recipients, method, context["booking_url"])
    enqueue(kind, recipients, context, attachments=attached)


def tell_attendees(
    kind: str,
    booking: Booking,
    slot: Slot,
    attendees: Sequence[Attendee],
    *,
    ends_invitation: bool = False,
    **more: Any,
) -> None:
    """A mail to each attendee who gave an address, with the own code and an invitation; `ends_invitation` takes that
    back."""
    method = _method(kind, booking, ends_invitation=ends_invitation)
    for attendee in attendees:
        if attendee.email:
            url = ticket_url(code_of(attendee, slot.public_id))
            context = _booking_context(booking, slot, more)
            context |= {"attendee": attendee.name, "ticket_url": url, "typed_code": attendee.typed_code}
            attached = _codes([attendee], slot)
            if method:
                attached.append(invite_attendee(booking, slot, attendee, method, url))
            enqueue(kind, [Recipient(address=attendee.email)], context, attachments=attached)


def _method(kind: str, booking: Booking, *, ends_invitation: bool) -> Method | None:
    if ends_invitation:
        return Method.CANCEL
    return Method.REQUEST if kind in INVITING and booking.state is BookingState.CONFIRMED else None


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


def ask_for_answer(booking: Booking, slot: Slot, contacts: Iterable[Recipient], **more: Any) -> None:
    """The question to the contacts of an enterprise whether a planned visit suits."""
    url = absolute_url(f"/bookings/{booking.public_id}/visit")
    enqueue("visit_planned", contacts, _booking_context(booking, slot, {"answer_url": url, **more}))


def tell_clerks_to_call(visit: PlannedVisit, booking: Booking, slot: Slot) -> None:
    """A message to the clerks of the lead department that an enterprise has not answered, with whom to call."""
    people = phones_of([booking.enterprise_id]).get(booking.enterprise_id, [])
    url = absolute_url(f"/bookings/{booking.public_id}/visit")
    told = {"answer_url": url, "asked_at": visit.asked_at.isoformat(), "contacts": [list(person) for person in people]}
    tell_department("visit_unanswered", booking, slot, **told)


def propose_to_join(slot: Slot, department: Department) -> None:
    """A message to the clerks of a visit's lead department that another one would come along."""
    context = {**slot_context(slot), "joining": department.name, "joining_phone": department.phone}
    enqueue("joint_visit_proposed", clerks_of(slot.department_id), {**context, "edit_url": edit_url(slot)})


def edit_url(slot: Slot) -> str:
    """Where the slot is changed."""
    return absolute_url(f"/slots/{slot.public_id}/edit")


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
