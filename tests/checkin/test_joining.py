"""Joining an online slot through the ticket counts as being there."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.services import cancel_booking
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import list_roster
from eventsys.core.db import db, unit_of_work
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import code_for, make_booking, make_slot

MEETING = "https://meeting.example/room?x=1"


@pytest.fixture
def slot(app):
    return make_slot(format=SlotFormat.ONLINE, online_url=MEETING, place=None)


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一",))


@pytest.fixture
def at_the_start(slot, booking):
    with time_machine.travel(slot.starts_at, tick=False) as traveller:
        yield traveller


def come(slot):
    db.session.expire_all()
    return [is_here for _, is_here in list_roster(slot.id)]


def test_who_joins_was_there_once(slot, booking, at_the_start, client):
    address = f"/t/{code_for(booking)}"
    page = client.get(address)
    assert (page.status_code, MEETING in page.text, f'action="{address}/join"' in page.text) == (200, False, True)
    assert come(slot) == [False]
    for _ in range(2):
        answer = client.post(f"{address}/join")
        assert (answer.status_code, answer.location, answer.headers["Referrer-Policy"]) == (303, MEETING, "no-referrer")
    assert come(slot) == [True]
    (scan,) = db.session.scalars(select(Scan))
    assert (scan.device, scan.actor_name) == ("online", "王一")


@pytest.mark.parametrize("hours", [-3, 5])
def test_before_and_after_it_is_only_the_way_there(slot, booking, at_the_start, client, hours):
    at_the_start.shift(timedelta(hours=hours))
    assert client.post(f"/t/{code_for(booking)}/join").location == MEETING
    assert come(slot) == [False]


def test_only_with_a_good_ticket(slot, booking, at_the_start, client):
    code = code_for(booking)
    altered = code[:40] + ("A" if code[40] != "A" else "B") + code[41:]
    for nonsense in (altered, "nothing", "A" * 132):
        assert client.post(f"/t/{nonsense}/join").status_code == 404
    at_the_start.shift(-600)
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CLERK.actor)
    answer = client.post(f"/t/{code}/join")
    assert (answer.status_code, answer.location) == (303, f"/t/{code}")


def test_a_slot_in_a_room_has_no_way_in(app, client):
    booking = make_booking(make_slot(), names=("王一",))
    assert client.post(f"/t/{code_for(booking)}/join").status_code == 404
