"""Attendees check in themselves by the code of the venue."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.rules import NewAttendee, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.checkin.models import Gate, Scan
from eventsys.checkin.queries import find_venue, list_roster, venue_token
from eventsys.checkin.rules import ScanResult, VenueKind
from eventsys.checkin.services import check_in_yourself, revoke_gate, set_venue
from eventsys.core.actor import ANYBODY
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, TooMany
from tests import cast
from tests.factories import code_for, make_gate, make_slot


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    people = (NewAttendee("王一", "13800138001"), NewAttendee("李二", "13900138001"))
    with unit_of_work():
        return book_slot(NewBooking(slot.public_id, cast.ACME, attendees=people), actor=cast.CONTACT.actor).booking


@pytest.fixture
def gate(slot, booking):
    return make_gate(slot)[0]


@pytest.fixture
def at_the_door(slot, gate):
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def confirm(gate, code, name="", token=None):
    with unit_of_work():
        return check_in_yourself(token or venue_token(gate), code, name, actor=ANYBODY)


def turn(gate, kind, renew=False):
    with unit_of_work():
        set_venue(gate.public_id, kind, renew=renew, actor=cast.STEWARD.actor)
    return db.session.scalars(select(Gate).where(Gate.id == gate.id)).one()


def test_by_the_personal_code(slot, booking, gate, at_the_door):
    first = confirm(gate, booking.attendees[0].typed_code.lower())
    assert (first.result, first.attendee.name, first.scan.device) == (ScanResult.ADMITTED, "王一", "self")
    assert confirm(gate, booking.attendees[0].typed_code).result is ScanResult.ALREADY_ADMITTED
    assert confirm(gate, code_for(booking, 1)).result is ScanResult.ADMITTED


def test_by_name_and_the_last_digits(slot, booking, gate, at_the_door):
    assert confirm(gate, " 80 01", "李二").attendee.name == "李二"
    for name, digits in (("李二", "8002"), ("王二", "8001"), ("%", "8001")):
        assert confirm(gate, digits, name).result is ScanResult.UNKNOWN
    with pytest.raises(Invalid) as missing:
        confirm(gate, "8001")
    assert missing.value.field == "name"


def test_guessing_is_braked(slot, booking, gate, at_the_door):
    for number in range(10):
        assert confirm(gate, f"{number:04}", "王一").result is ScanResult.UNKNOWN
    with pytest.raises(TooMany):
        confirm(gate, "8001", "王一")
    with pytest.raises(TooMany):
        confirm(gate, booking.attendees[0].typed_code)
    at_the_door.shift(61)
    assert confirm(gate, "8001", "王一").result is ScanResult.ADMITTED


def test_from_an_hour_before_to_the_end(slot, booking, gate, at_the_door):
    at_the_door.move_to(slot.starts_at - timedelta(minutes=60, seconds=1))
    with pytest.raises(Conflict, match="door_not_yet"):
        confirm(gate, booking.attendees[0].typed_code)
    assert db.session.scalar(select(func.count(Scan.id))) == 0
    at_the_door.move_to(slot.starts_at - timedelta(minutes=60))
    assert confirm(gate, booking.attendees[0].typed_code).result is ScanResult.ADMITTED
    at_the_door.move_to(slot.ends_at + timedelta(seconds=1))
    assert confirm(gate, booking.attendees[1].typed_code).result is ScanResult.EXPIRED


@pytest.mark.parametrize("minutes", [75, 120])
def test_a_code_of_a_later_slot_waits_though_another_is_on(slot, booking, at_the_door, minutes):
    later = make_slot(title="下一场", starts_at=slot.starts_at + timedelta(minutes=minutes))
    gate, _token = make_gate(slot, later)
    with unit_of_work():
        people = (NewAttendee("赵三", "13700137000"),)
        other = book_slot(NewBooking(later.public_id, cast.OTHER, attendees=people), actor=cast.STRANGER.actor).booking
    with pytest.raises(Conflict, match="door_not_yet"):
        confirm(gate, other.attendees[0].typed_code)
    assert [is_here for _, is_here in list_roster(later.id)] == [False]


def test_a_renewed_or_switched_off_code_is_dead(slot, booking, gate, at_the_door):
    old = venue_token(gate)
    assert find_venue(old) is not None
    gate = turn(gate, VenueKind.PRINTED, renew=True)
    assert find_venue(old) is None
    with pytest.raises(NotFound):
        confirm(gate, booking.attendees[0].typed_code, token=old)
    new = venue_token(gate)
    turn(gate, VenueKind.OFF)
    assert find_venue(new) is None
    turn(gate, VenueKind.PRINTED)
    assert find_venue(new) is not None
    with unit_of_work():
        revoke_gate(gate.public_id, actor=cast.CLERK.actor)
    assert find_venue(new) is None
    for nonsense in ("", "x", new[:-1], gate.public_id, "𠮷" * 20):
        assert find_venue(nonsense) is None


def test_a_rotating_code_lives_one_to_two_minutes(slot, booking, gate, at_the_door):
    gate = turn(gate, VenueKind.ROTATING)
    token = venue_token(gate)
    at_the_door.shift(60)
    assert venue_token(gate) != token
    assert find_venue(token) is not None
    at_the_door.shift(60)
    assert find_venue(token) is None


def test_only_the_departments_people_choose(gate):
    for member in (cast.STRANGER_CLERK, cast.CONTACT, cast.AUDITOR):
        with pytest.raises(NotFound), unit_of_work():
            set_venue(gate.public_id, VenueKind.OFF, renew=False, actor=member.actor)


def test_looking_checks_nobody_in_and_confirming_does(slot, booking, gate, at_the_door, client):
    address = f"/c/{venue_token(gate)}"
    for _ in range(2):
        assert client.get(address).status_code == 200
    assert db.session.scalar(select(func.count(Scan.id))) == 0
    done = client.post(address, data={"code": booking.attendees[0].typed_code})
    assert (done.status_code, "签到成功" in done.text, "王一" in done.text) == (200, True, True)
    wrong = client.post(address, data={"code": "8001", "name": "不是"})
    assert ("王一" in wrong.text, "李二" in wrong.text) == (False, False)
    assert client.post(address, data={"code": ""}).status_code == 422
    assert client.post(address, data={"code": "二维码" * 200}).status_code == 422
    assert client.get("/c/nothing").status_code == 404
    assert client.post("/c/nothing", data={"code": "x"}).status_code == 404


def test_the_desk_prints_it_or_shows_it_running(gate, client):
    client.sign_in(cast.STEWARD)
    page = client.get(f"/gates/{gate.public_id}/venue")
    assert (page.status_code, "<svg" in page.text, "hx-get" in page.text) == (200, True, False)
    assert client.post(f"/gates/{gate.public_id}/venue", data={"kind": "rotating"}).status_code == 303
    page = client.get(f"/gates/{gate.public_id}/venue").text
    assert f'hx-get="/gates/{gate.public_id}/venue/code"' in page
    assert client.get(f"/gates/{gate.public_id}/venue/code").text.startswith("<svg")
    assert client.post(f"/gates/{gate.public_id}/venue", data={"kind": "nonsense"}).status_code == 422
