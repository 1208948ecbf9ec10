"""After a slot: attendance is confirmed, those who came are thanked and say what they think."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.queries.rating_links import rating_token
from eventsys.bookings.rules import NewAttendee, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.checkin.models import Rating
from eventsys.checkin.queries import aftermath
from eventsys.checkin.queries.after import find_attendance, ratings_of
from eventsys.checkin.rules import RATE_FOR, Answered, CheckIn, NewRating
from eventsys.checkin.services import check_in, confirm_attendance, confirm_visit, last_sign_in, rate
from eventsys.checkin.tasks import thank_who_came
from eventsys.core.actor import ANYBODY
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.notifications.models import Message
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import code_for, make_booking, make_slot

CLERK = cast.CLERK.actor
PEOPLE = (NewAttendee("王一", "13800138001", "wang@example.com"), NewAttendee("李二", "13900138001"))


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    with unit_of_work():
        return book_slot(NewBooking(slot.public_id, cast.ACME, attendees=PEOPLE), actor=cast.CONTACT.actor).booking


@pytest.fixture
def absent(slot):
    return make_booking(slot, cast.STRANGER, names=("未到",))


@pytest.fixture
def over(slot, booking, absent):
    """A minute after the end; 王一 and 李二 came."""
    with time_machine.travel(slot.starts_at, tick=False) as traveller:
        for position in (0, 1):
            with unit_of_work():
                check_in(CheckIn(code_for(booking, position), f"n{position}"), actor=CLERK)
        traveller.move_to(slot.ends_at + timedelta(minutes=1))
        yield traveller


def confirm(slot, actor=CLERK):
    with unit_of_work():
        return confirm_attendance(slot.public_id, actor=actor)


def say(public_id, stars=5, answered=None, comment=""):
    with unit_of_work():
        return rate(rating_token(public_id), NewRating(stars, answered, comment), actor=ANYBODY)


def thanked():
    """(person, address) of each message of thanks."""
    db.session.rollback()
    found = db.session.scalars(select(Message).where(Message.kind == "thanks").order_by(Message.id)).all()
    return [(message.person_id, message.address) for message in found]


def test_the_department_confirms_once_and_the_numbers_are_kept(slot, over):
    first = confirm(slot)
    assert (first.enterprises, first.people, first.confirmed_by) == (1, 2, cast.CLERK.name)
    over.shift(timedelta(minutes=5))
    assert confirm(slot, cast.COORDINATOR.actor).confirmed_by == cast.CLERK.name


def test_not_before_the_end_and_not_by_others(slot, booking):
    with pytest.raises(Conflict, match="slot_not_over"):
        confirm(slot)
    with pytest.raises(NotFound):
        confirm(slot, cast.STRANGER_CLERK.actor)
    with pytest.raises((NotFound, NotAllowed)):
        confirm(slot, cast.STEWARD.actor)


def test_the_desk_lists_what_is_to_confirm(slot, over):
    assert [item.id for item in aftermath(CLERK).unconfirmed] == [slot.id]
    assert not aftermath(cast.STRANGER_CLERK.actor).unconfirmed
    confirm(slot)
    assert not aftermath(CLERK).unconfirmed


def test_thanks_go_once_to_who_came_when_it_is_confirmed(slot, over):
    assert not thank_who_came()
    assert thanked() == []
    confirm(slot)
    thank_who_came()
    told = thanked()
    assert (None, "wang@example.com") in told
    assert any(person == cast.CONTACT.id for person, _ in told)
    assert not any(person == cast.STRANGER.id for person, _ in told)
    thank_who_came()
    assert thanked() == told


def test_at_the_latest_when_nobody_can_be_signed_in_any_more(slot, over):
    over.move_to(last_sign_in(slot))
    thank_who_came()
    assert thanked()
    assert find_attendance(slot.id).confirmed_at is None


def test_nobody_is_thanked_where_nobody_was(slot, booking):
    with time_machine.travel(last_sign_in(slot), tick=False):
        thank_who_came()
    assert thanked() == []


def test_after_a_visit_at_once(app):
    slot = make_slot(format=SlotFormat.VISIT, capacity=1)
    booking = make_booking(slot)
    with time_machine.travel(slot.starts_at, tick=False) as traveller:
        with unit_of_work():
            confirm_visit(booking.public_id, actor=CLERK)
        traveller.move_to(slot.ends_at + timedelta(minutes=1))
        thank_who_came()
        assert [person for person, _ in thanked()] == [cast.CONTACT.id, cast.COLLEAGUE.id]
        say(booking.public_id)
        with pytest.raises(Conflict, match="attendance_of_visit"):
            confirm(slot)


def test_who_came_says_what_they_think_and_may_change_it(slot, booking, over):
    wang, li = (attendee.public_id for attendee in booking.attendees)
    say(wang, 2, Answered.NO, "听不清")
    say(wang, 4, Answered.PARTLY, "")
    say(li, 5, Answered.YES, "很好😀𠮷")
    say(booking.public_id, 3)
    ratings = ratings_of(slot.id)
    assert (list(ratings.stars), ratings.average, ratings.comments) == ([0, 0, 1, 1, 1], 4.0, ["很好😀𠮷"])
    assert ratings.answered == {Answered.YES: 1, Answered.PARTLY: 1, Answered.NO: 0}


def test_only_who_came_and_only_in_time(slot, booking, absent, over):
    wang = booking.attendees[0].public_id
    for nobody in (absent.public_id, absent.attendees[0].public_id, "a" * 13):
        with pytest.raises(NotFound):
            say(nobody)
    with pytest.raises(NotFound), unit_of_work():
        rate(rating_token(wang)[:-1] + "0", NewRating(5), actor=ANYBODY)  # no letter of ours
    for stars in (0, 6, -1):
        with pytest.raises(Invalid):
            say(wang, stars)
    with pytest.raises(Invalid):
        say(wang, 5, None, "长" * 501)
    over.move_to(slot.ends_at - timedelta(minutes=1))
    with pytest.raises(Conflict, match="slot_not_over"):
        say(wang)
    over.move_to(slot.ends_at + RATE_FOR)
    with pytest.raises(Conflict, match="rating_over"):
        say(wang)
    assert db.session.scalars(select(Rating)).all() == []


def test_the_pages(slot, booking, over, client):
    address = f"/r/{rating_token(booking.attendees[0].public_id)}"
    ticket = client.get(f"/t/{code_for(booking)}").text
    assert address in ticket
    assert client.get(address).status_code == 200
    assert client.post(address, data={"stars": "", "comment": "半途"}).status_code == 422
    assert client.post(address, data={"stars": "9"}).status_code == 422
    assert client.post(address, data={"stars": "5", "answered": "yes", "comment": "好"}).status_code == 200
    assert "checked" in client.get(address).text
    assert client.get("/r/nothing").status_code == 404
    assert client.post("/r/nothing", data={"stars": "5"}).status_code == 404
    client.sign_in(cast.CLERK)
    page = f"/slots/{slot.public_id}/attendance"
    assert "好" in client.get(page).text
    assert client.post(page).status_code == 303
    assert cast.CLERK.name in client.get(page).text
    client.sign_in(cast.STRANGER_CLERK)
    assert client.get(page).status_code == 404
