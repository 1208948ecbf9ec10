"""Who is told what about a booking: codes that are good, and nobody whom it does not concern."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.bookings.rules import BookingState, NewBooking
from eventsys.bookings.services import book_slot, confirm_booking, name_attendees, replace_attendee
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from tests import cast
from tests.bookings.test_waiting import cancel, state_of, wait
from tests.factories import make_booking, make_slot, people

OLD, NEW = people("王一", email="old@example.com"), people("赵新", email="new@example.com")


def book(slot, attendees=OLD):
    with unit_of_work():
        return book_slot(NewBooking(slot.public_id, cast.ACME, attendees=attendees), actor=cast.CONTACT.actor).booking


def told(kind):
    """To which addresses messages of a kind went."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.address).where(Message.kind == kind).order_by(Message.id)))


def attached(kind):
    db.session.rollback()
    return [len(files) for files in db.session.scalars(select(Message.attachments).where(Message.kind == kind))]


def test_the_confirmation_carries_names_and_codes(app):
    make_booking(make_slot(), names=("王一", "李二"))
    message = db.session.scalars(select(Message).where(Message.kind == "booking_confirmed")).one()
    assert message.context["attendees"] == ["王一", "李二"]
    assert [file["filename"].partition("-")[0] for file in message.attachments] == ["ticket", "ticket", "invite.ics"]


def test_who_waits_gets_no_codes_before_there_is_a_place(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    waiting = wait(slot, attendees=OLD)
    with unit_of_work():
        name_attendees(waiting.booking.public_id, ((None, *NEW),), actor=cast.STRANGER.actor)
    assert attached("booking_waitlisted") == [0]
    assert told("ticket") == told("ticket_cancelled") == []
    cancel(first)
    assert state_of(waiting) is BookingState.CONFIRMED
    assert attached("place_given") == [1]
    assert told("ticket") == ["new@example.com"]


def test_an_approved_booking_sends_tickets_to_who_is_named_by_then(app):
    booking = book(make_slot(needs_approval=True))
    with unit_of_work():
        name_attendees(booking.public_id, ((None, *NEW),), actor=cast.CONTACT.actor)
    with unit_of_work():
        confirm_booking(booking.public_id, actor=cast.CLERK.actor)
    assert told("ticket") == ["new@example.com"]


def test_who_was_replaced_hears_of_that_and_not_of_the_cancellation(app):
    booking = book(make_slot())
    with unit_of_work():
        replace_attendee(booking.attendees[0].public_id, *NEW)
    assert told("ticket_cancelled") == ["old@example.com"]
    cancel(booking)
    assert told("ticket") == ["old@example.com", "new@example.com"]
    assert told("ticket_cancelled") == ["old@example.com", "new@example.com"]
