"""The page of places at the door: the numbers first, then one button each."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.checkin.rules import CheckIn
from eventsys.checkin.services import check_in
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.db import db, unit_of_work
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot

THIRD = Actor(name="丙方", grants=frozenset({Grant(Role.CONTACT, enterprise=cast.THIRD)}))


@pytest.fixture
def slot(app):
    return make_slot(capacity=2)


@pytest.fixture
def booked(slot):
    """(who came, who did not, who waits)"""
    present, absent = make_booking(slot, cast.STRANGER), make_booking(slot)
    with unit_of_work():
        waiting = book_slot(NewBooking(slot.public_id, cast.THIRD, party=2, waits=True), actor=THIRD).booking
    return present, absent, waiting


@pytest.fixture
def door(client, slot, booked):
    """A steward's browser, twenty minutes after the start."""
    with time_machine.travel(slot.starts_at - timedelta(minutes=5), tick=False) as traveller:
        with unit_of_work():
            check_in(CheckIn(code_for(booked[0]), "came"), actor=cast.STEWARD.actor)
        traveller.shift(timedelta(minutes=25))
        yield client.sign_in(cast.STEWARD)


def state(booking):
    db.session.rollback()
    return db.session.scalar(select(Booking.state).where(Booking.public_id == booking.public_id))


def test_release_let_in_and_give_back(door, slot, booked):
    _present, absent, waiting = booked
    address = f"/slots/{slot.public_id}/door"
    page = door.get(f"{address}?lang=en").text
    assert "1 enterprise (people: 1) has not come" in page
    assert "丙网络公司" in page
    assert "No room for them now" in page
    full = door.post(f"/bookings/{waiting.public_id}/let-in")
    assert (full.status_code, state(waiting)) == (409, BookingState.WAITLISTED)
    assert "名额不够" in full.text
    done = door.post(f"/slots/{slot.public_id}/release", follow_redirects=True)
    assert "已释放1家企业的名额" in done.text
    assert "已到场，恢复名额" in done.text
    back = door.post(f"/bookings/{absent.public_id}/take-back", follow_redirects=True)
    assert "名额已恢复" in back.text
    door.post(f"/slots/{slot.public_id}/release")
    undone = door.post(f"/slots/{slot.public_id}/release/undo", follow_redirects=True)
    assert "已恢复1家企业的名额" in undone.text
    door.post(f"/slots/{slot.public_id}/release")
    entered = door.post(f"/bookings/{waiting.public_id}/let-in", follow_redirects=True)
    assert "已请进2人" in entered.text
    assert (state(absent), state(waiting)) == (BookingState.CANCELLED, BookingState.CONFIRMED)
    assert door.post(f"/bookings/{absent.public_id}/take-back").status_code == 409
    assert door.post(f"/slots/{slot.public_id}/release/undo").status_code == 409
    assert door.post(f"/slots/{slot.public_id}/release").status_code == 303


def test_looking_changes_nothing_and_tells_when(client, slot, booked):
    with time_machine.travel(slot.starts_at - timedelta(minutes=5), tick=False):
        client.sign_in(cast.STEWARD)
        page = client.get(f"/slots/{slot.public_id}/door?lang=en").text
        assert "This is possible from" in page
        assert f"/slots/{slot.public_id}/release" not in page
        assert client.post(f"/slots/{slot.public_id}/release").status_code == 409
        assert state(booked[1]) is BookingState.CONFIRMED


def test_a_warning_when_nobody_was_checked_in(client, slot):
    make_booking(slot)
    with time_machine.travel(slot.starts_at + timedelta(minutes=20), tick=False):
        page = client.sign_in(cast.STEWARD).get(f"/slots/{slot.public_id}/door?lang=en").text
    assert "Nobody has been checked in at all" in page


def test_gate_and_roster_lead_there(door, slot):
    gate, _token = make_gate(slot)
    for path in (f"/gates/{gate.public_id}", f"/slots/{slot.public_id}/roster"):
        assert f'href="/slots/{slot.public_id}/door"' in door.get(path).text
    visit = make_slot(format=SlotFormat.VISIT)
    assert "/door" not in door.get(f"/slots/{visit.public_id}/roster").text


def test_the_enterprise_reads_what_happened(door, slot, booked):
    door.post(f"/slots/{slot.public_id}/release")
    contact = door.application.test_client().sign_in(cast.CONTACT)
    page = contact.get(f"/bookings/{booked[1].public_id}?lang=en").text
    assert "the place went to those who waited at the door" in page
    assert "Cancelled: released" not in page
    assert f"/bookings/{booked[1].public_id}/no-show" in page


@pytest.mark.parametrize("member", [cast.CONTACT, cast.STRANGER, cast.STRANGER_CLERK, cast.AUDITOR, cast.VOLUNTEER])
def test_it_is_the_doors_business_alone(door, slot, booked, member):
    other = door.application.test_client().sign_in(member)
    nothing = other.get("/slots/zzzzzzzzzzzzy/door").status_code
    assert other.get(f"/slots/{slot.public_id}/door").status_code == nothing
    for path in (
        f"/slots/{slot.public_id}/release",
        f"/slots/{slot.public_id}/release/undo",
        f"/bookings/{booked[2].public_id}/let-in",
        f"/bookings/{booked[1].public_id}/take-back",
    ):
        assert other.post(path).status_code in {403, 404}
    assert (state(booked[1]), state(booked[2])) == (BookingState.CONFIRMED, BookingState.WAITLISTED)
