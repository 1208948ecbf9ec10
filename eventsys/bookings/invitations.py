"""Invitations by mail (iMIP, RFC 6047): the slot as an event that a calendar programme adds, moves and takes away.

An invitation is of one attendee's ticket, or of the booking for its contacts. Moving anything keeps its UID and raises
its SEQUENCE (RFC 5546 3.2.2). The organiser is the department.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eventsys.bookings.models import Attendee, Booking
from eventsys.core.clock import now
from eventsys.core.ical import Calendar, Event, Mailbox, Method, Status, calendar_bytes
from eventsys.core.installation import absolute_url, installation
from eventsys.directory.models import Department
from eventsys.directory.queries import uid_host
from eventsys.notifications.channels import sender_address
from eventsys.notifications.services import Recipient
from eventsys.slots.event_words import location_of, summary_of
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat


def invite_attendee(booking: Booking, slot: Slot, attendee: Attendee, method: Method, text: str) -> dict[str, str]:
    """The attachment that invites an attendee, moves what they have, or takes it back; `text` is the description."""
    who = Mailbox(attendee.email, attendee.name)
    return _attachment(booking, slot, attendee.invite_id or attendee.public_id, [who], method, text)


def invite_contacts(
    booking: Booking, slot: Slot, recipients: Iterable[Recipient], method: Method, text: str
) -> list[dict[str, str]]:
    """The same for the contacts who have an address; whoever attends as well has an own invitation."""
    attending = {attendee.email.lower() for attendee in booking.valid_attendees}
    addresses = [item.address for item in recipients if item.address and item.address.lower() not in attending]
    if not addresses:
        return []
    people = [Mailbox(address) for address in addresses]
    return [_attachment(booking, slot, booking.invite_id or booking.public_id, people, method, text)]


def sequence_of(booking: Booking, slot: Slot) -> int:
    """Rises with every change of the slot and every step of the booking, which may not be stored yet."""
    return (booking.invite_base or 0) + slot.sequence + (booking.version or 1)


def take_over(booking: Booking, slot: Slot, fresh: Booking) -> None:
    """Let `fresh`, made by moving `booking` out of `slot`, go on with its invitations and those of its people."""
    fresh.invite_id, fresh.invite_base = booking.invite_id or booking.public_id, sequence_of(booking, slot) + 1
    for old, new in zip(booking.valid_attendees, fresh.attendees, strict=True):
        new.invite_id = old.invite_id or old.public_id


def _attachment(
    booking: Booking, slot: Slot, uid: str, people: Sequence[Mailbox], method: Method, text: str
) -> dict[str, str]:
    config = installation()
    is_off = method is Method.CANCEL
    department = slot.department
    event = Event(
        uid=f"{uid}@{uid_host()}",
        sequence=sequence_of(booking, slot),
        changed_at=now(),  # with a METHOD, DTSTAMP is when it was written (RFC 5545 3.8.7.2)
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        summary=_summary(slot, department, config.locale),
        description=text,
        location=_location(slot, config.locale),
        url=absolute_url(f"/slots/{slot.public_id}"),
        status=Status.CANCELLED if is_off else Status.CONFIRMED,
        is_busy=not is_off,
        organizer=Mailbox(department.email or sender_address(config), department.name),
        attendees=tuple(people),
    )
    calendar = Calendar(config.zone, method=method)
    return {
        "filename": "invite.ics",
        "content_type": f"text/calendar; method={method.value}",
        "text": calendar_bytes(calendar, [event]).decode(),
    }


def _summary(slot: Slot, department: Department, locale: str) -> str:
    is_english = locale == "en"
    name = (department.name_en or department.name) if is_english else department.short_name
    return summary_of(name, (slot.title_en if is_english else "") or slot.title, locale)


def _location(slot: Slot, locale: str) -> str:
    place = slot.place
    name = "" if place is None else (place.name_en if locale == "en" else "") or place.name
    address = place.address if place else ""
    return location_of(name, address, slot.place_text, locale, is_online=slot.format is SlotFormat.ONLINE)
