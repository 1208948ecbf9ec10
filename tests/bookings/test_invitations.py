"""Invitations by mail: who is asked, moved and let go, as a calendar programme sees it (RFC 5546, RFC 6047)."""

import icalendar
import pytest
from sqlalchemy import select

from eventsys.bookings.rules import NewAttendee, NewBooking
from eventsys.bookings.services import (
    book_slot,
    call_off_slot,
    cancel_booking,
    change_slot,
    move_booking,
    replace_attendee,
)
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import Department
from eventsys.notifications.mails import Letter, build_mail
from eventsys.notifications.models import Message
from tests import cast, factories

GUEST = NewAttendee("林女士", "", "guest@example.com")


@pytest.fixture(autouse=True)
def _office_mail(app):
    with unit_of_work():
        db.session.get(Department, cast.TAX).email = "tax@example.gov.cn"


def invitations(address: str) -> list[icalendar.Calendar]:
    """Those mailed to the address, oldest first."""
    messages = db.session.scalars(select(Message).where(Message.address == address).order_by(Message.id))
    files = [file for message in messages for file in message.attachments if "method=" in file.get("content_type", "")]
    for file in files:
        calendar = icalendar.Calendar.from_ical(file["text"].encode())
        assert file["content_type"] == f"text/calendar; method={calendar['METHOD']}"
        assert all(len(line.encode()) <= 75 for line in file["text"].split("\r\n"))
    return [icalendar.Calendar.from_ical(file["text"].encode()) for file in files]


def seen(address: str) -> list[tuple[str, str, int]]:
    """Method, UID and sequence of each."""
    events = [(calendar, calendar.walk("VEVENT")[0]) for calendar in invitations(address)]
    return [(str(calendar["METHOD"]), str(event["UID"]), int(event["SEQUENCE"])) for calendar, event in events]


def book(slot, people=(GUEST,), member=cast.CONTACT, **changes):
    command = NewBooking(slot.public_id, member.enterprise, attendees=people, party=len(people) or 1, **changes)
    with unit_of_work():
        return book_slot(command, actor=member.actor).booking


def change(slot, **values):
    with unit_of_work():
        change_slot(slot.public_id, factories.new_slot(**values), version=None, actor=cast.CLERK.actor)


def test_attendee_and_contact_are_asked_by_the_department(app):
    slot = factories.make_slot()
    booking = book(slot)
    ticket = booking.attendees[0]
    (calendar,) = invitations(GUEST.email)
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert event["UID"] == f"{ticket.public_id}@eventsys.test"
    assert event["ORGANIZER"] == "mailto:tax@example.gov.cn"
    assert event["ORGANIZER"].params["CN"] == slot.department.name
    assert event["ATTENDEE"] == "mailto:guest@example.com"
    assert event["ATTENDEE"].params["CN"] == "林女士"
    assert (event["ATTENDEE"].params["PARTSTAT"], event["ATTENDEE"].params["RSVP"]) == ("NEEDS-ACTION", "TRUE")
    assert event["DTSTART"].dt == slot.starts_at
    assert event["STATUS"] == "CONFIRMED"
    assert "/t/" in event["DESCRIPTION"]
    (own,) = invitations(cast.CONTACT.email)
    (event,) = own.walk("VEVENT")
    assert event["UID"] == f"{booking.public_id}@eventsys.test"
    assert "/t/" not in event["DESCRIPTION"]  # a contact's calendar is shared; a ticket admits


def test_a_move_of_the_slot_is_the_same_event_with_a_higher_sequence(app):
    slot = factories.make_slot()
    book(slot)
    later = factories.soon(9)
    change(slot, starts_at=later)
    for address in (GUEST.email, cast.CONTACT.email):
        (first, uid, before), (second, same, after) = seen(address)
        assert (first, second) == ("REQUEST", "REQUEST")
        assert uid == same
        assert after > before
        assert invitations(address)[-1].walk("VEVENT")[0]["DTSTART"].dt == later


@pytest.mark.parametrize("ends", ["cancel", "call off"])
def test_the_end_takes_it_back(app, ends):
    slot = factories.make_slot()
    booking = book(slot)
    with unit_of_work():
        if ends == "cancel":
            cancel_booking(booking.public_id, actor=cast.CONTACT.actor)
        else:
            call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
    for address in (GUEST.email, cast.CONTACT.email):
        (_request, uid, before), (method, same, after) = seen(address)
        assert (method, same) == ("CANCEL", uid)
        assert after > before
        assert invitations(address)[-1].walk("VEVENT")[0]["STATUS"] == "CANCELLED"


def test_who_was_never_asked_is_not_let_go(app):
    slot = factories.make_slot(capacity=1)
    book(slot, member=cast.STRANGER, people=())
    waiting = book(slot, waits=True)
    assert waiting.state == "waitlisted"
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
    assert seen(cast.CONTACT.email) == []
    assert seen(GUEST.email) == []


def test_rebooking_moves_the_event_that_they_have(app):
    slot, other = factories.make_slot(), factories.make_slot(starts_at=factories.soon(10))
    booking = book(slot)
    change(slot, starts_at=factories.soon(8))
    change(slot, starts_at=factories.soon(9))
    with unit_of_work():
        fresh = move_booking(booking.public_id, other.public_id, actor=cast.CONTACT.actor)
    for address in (GUEST.email, cast.CONTACT.email):
        told = seen(address)
        assert {method for method, _uid, _sequence in told} == {"REQUEST"}
        assert len({uid for _method, uid, _sequence in told}) == 1
        sequences = [sequence for _method, _uid, sequence in told]
        assert sequences == sorted(set(sequences))
        assert invitations(address)[-1].walk("VEVENT")[0]["DTSTART"].dt == other.starts_at
    with unit_of_work():
        cancel_booking(fresh.public_id, actor=cast.CONTACT.actor)
    *_before, (_method, uid, before), (method, same, after) = seen(GUEST.email)
    assert (method, same, after > before) == ("CANCEL", uid, True)


def test_another_person_is_asked_and_the_first_let_go(app):
    slot = factories.make_slot()
    booking = book(slot)
    with unit_of_work():
        person = NewAttendee("陈先生", "", "other@example.com")
        replace_attendee(booking.attendees[0].public_id, person, actor=cast.CONTACT.actor)
    assert [method for method, _uid, _sequence in seen(GUEST.email)] == ["REQUEST", "CANCEL"]
    assert [method for method, _uid, _sequence in seen("other@example.com")] == ["REQUEST"]
    assert seen("other@example.com")[0][1] != seen(GUEST.email)[0][1]


def test_a_contact_who_attends_has_one_event(app):
    slot = factories.make_slot()
    booking = book(slot, people=(NewAttendee("联系人丁", "", cast.CONTACT.email.upper()),))
    told = seen(cast.CONTACT.email) + seen(cast.CONTACT.email.upper())
    assert [uid for _method, uid, _sequence in told] == [f"{booking.attendees[0].public_id}@eventsys.test"]


def test_without_an_address_of_the_department_the_installation_asks(app):
    with unit_of_work():
        db.session.get(Department, cast.TAX).email = ""
    book(factories.make_slot())
    (event,) = invitations(GUEST.email)[0].walk("VEVENT")
    assert event["ORGANIZER"] == "mailto:no-reply@localhost"


@pytest.mark.parametrize("name", ['"引号"; CN=x', "a\r\nATTENDEE:mailto:x@example.com", "𠮷野家,：；", "x" * 60])
def test_a_name_stays_a_name(app, name):
    with unit_of_work():
        db.session.get(Department, cast.TAX).name = name
    book(factories.make_slot())
    (event,) = invitations(GUEST.email)[0].walk("VEVENT")
    assert event["ORGANIZER"] == "mailto:tax@example.gov.cn"
    assert event["ATTENDEE"] == "mailto:guest@example.com"
    assert not event.errors


@pytest.mark.sqlite_only
def test_the_mail_offers_the_calendar_as_a_way_to_read_it_and_as_a_file(app):
    book(factories.make_slot())
    message = db.session.scalars(select(Message).where(Message.address == GUEST.email)).one()
    letter = Letter(
        "1@x", "a@example.org", "示范区", GUEST.email, message.created_at, "s", "text", None, message.attachments
    )
    mail = build_mail(letter)
    mixed = [part.get_content_type() for part in mail.iter_parts()]
    assert mail.get_content_type() == "multipart/mixed"
    assert mixed == ["multipart/alternative", "image/png", "text/calendar"]
    alternative, _code, file = mail.iter_parts()
    plain, calendar = alternative.iter_parts()
    assert (plain.get_content_type(), calendar.get_content_type()) == ("text/plain", "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert not calendar.get_filename()
    assert file.get_filename() == "invite.ics"
    raw = message.attachments[-1]["text"].encode()
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True) == raw
