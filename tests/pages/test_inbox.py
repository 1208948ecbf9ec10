"""The inbox: one's own messages, read when one says so."""

import pytest
from sqlalchemy import func, select

from eventsys.bookings.services import cancel_booking
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from tests import cast
from tests.factories import make_booking, make_slot


@pytest.fixture
def told(app):
    """The contact has booked one slot and the clerk cancelled it; the stranger has booked another."""
    booking = make_booking(make_slot(), names=("王<一>",))
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CLERK.actor, reason="场地维修")
    make_booking(make_slot(title="别家的场次"), cast.STRANGER, names=("钱四",))
    return booking


def unread(person=cast.CONTACT.id):
    db.session.rollback()
    query = select(func.count()).select_from(Message).where(Message.person_id == person, Message.read_at.is_(None))
    return db.session.scalar(query)


def test_shows_my_messages_newest_first_and_marks_none(client, told):
    client.sign_in(cast.CONTACT)
    page = client.get("/inbox").text
    assert page.index("场地维修") < page.index("王&lt;一&gt;")
    assert "别家的场次" not in page
    assert f"/bookings/{told.public_id}" in page
    assert unread() == 2


def test_marks_one_then_all(client, told):
    client.sign_in(cast.CONTACT)
    one = db.session.scalars(select(Message.public_id).where(Message.person_id == cast.CONTACT.id)).first()
    assert client.get(f"/inbox/{one}/read").status_code == 405
    assert client.post(f"/inbox/{one}/read").status_code == 303
    assert unread() == 1
    assert client.post("/inbox/read").status_code == 303
    assert unread() == 0
    assert unread(cast.STRANGER.id) == 1


def test_another_persons_message_does_not_exist(client, told):
    client.sign_in(cast.STRANGER)
    theirs = db.session.scalars(select(Message.public_id).where(Message.person_id == cast.CONTACT.id)).first()
    assert client.post(f"/inbox/{theirs}/read").status_code == 404
    assert client.get("/inbox?cursor=nonsense").status_code == 422
    assert unread() == 2


def test_an_empty_inbox_says_so_and_strangers_sign_in(client):
    assert client.get("/inbox").status_code == 302
    client.sign_in(cast.AUDITOR)
    assert client.get("/inbox?lang=en").status_code == 200
    assert "No messages yet" in client.get("/inbox?lang=en").text
