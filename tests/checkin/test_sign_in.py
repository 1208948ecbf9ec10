"""Checking in by a list: ticks, substitutes, people not named before, and who was forgotten."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Attendee
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import list_roster
from eventsys.checkin.rules import Arrivals, CheckIn, ScanResult, sign_in_until
from eventsys.checkin.services import annul, check_in, last_sign_in, sign_in
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests import cast
from tests.factories import code_for, make_booking, make_slot

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一", "李二"), party=4)


@pytest.fixture
def at_the_door(slot, booking):
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def enter(booking, actor=cast.STEWARD.actor, **arrivals):
    with unit_of_work():
        return sign_in(booking.public_id, Arrivals(**arrivals), actor=actor)


def here(slot):
    db.session.expire_all()
    return {attendee.name for attendee, is_here in list_roster(slot.id) if is_here}


def tickets(booking):
    return [attendee.public_id for attendee in booking.attendees]


def test_who_is_ticked_is_in_and_twice_is_once(slot, booking, at_the_door):
    one, _two = tickets(booking)
    assert enter(booking, here=(one, one)) == 1
    assert enter(booking, here=(one,)) == 0
    assert here(slot) == {"王一"}


def test_somebody_else_came_and_the_old_code_is_dead(slot, booking, at_the_door):
    one, two = tickets(booking)
    old = code_for(booking, 1)
    assert enter(booking, here=(one, two), instead={two: "孙三𠮷"}) == 2
    assert here(slot) == {"王一", "孙三𠮷"}
    with unit_of_work():
        assert check_in(CheckIn(old, "old"), actor=cast.STEWARD.actor).result is ScanResult.REVOKED
    assert "booking.attendees_changed" in db.session.scalars(select(AuditEntry.action)).all()


def test_people_not_named_before_come_in_as_far_as_the_party_goes(slot, booking, at_the_door):
    assert enter(booking, more=("赵四", "钱五")) == 2
    assert here(slot) == {"赵四", "钱五"}
    with pytest.raises(Conflict, match="more_names_than_party"):
        enter(booking, more=("孙六",))
    assert here(slot) == {"赵四", "钱五"}


def test_nothing_is_half_entered(slot, booking, at_the_door):
    other = make_booking(slot, cast.STRANGER)
    with pytest.raises(Conflict, match="ticket_not_valid"):
        enter(booking, here=(tickets(booking)[0], tickets(other)[0]), more=("赵四",))
    assert here(slot) == set()
    assert db.session.scalar(select(Attendee.id).where(Attendee.name == "赵四")) is None


def test_only_while_the_door_is_open(slot, booking, at_the_door):
    at_the_door.move_to(slot.starts_at - timedelta(hours=2, seconds=1))
    with pytest.raises(Conflict, match="door_not_yet"):
        enter(booking, here=tuple(tickets(booking)))


def test_only_by_the_departments_people(slot, booking, at_the_door):
    for member in (cast.STRANGER_CLERK, cast.STRANGER, cast.VOLUNTEER):
        with pytest.raises(NotFound):
            enter(booking, actor=member.actor, here=tuple(tickets(booking)))
    for member in (cast.CONTACT, cast.AUDITOR):
        with pytest.raises(NotAllowed):
            enter(booking, actor=member.actor, here=tuple(tickets(booking)))


def test_who_was_forgotten_is_signed_in_afterwards_with_a_reason(slot, booking, at_the_door):
    at_the_door.move_to(slot.ends_at + timedelta(minutes=1))
    one, two = tickets(booking)
    with pytest.raises(NotAllowed):
        enter(booking, here=(one,), reason="设备故障")  # a steward may not
    with pytest.raises(Invalid) as missing:
        enter(booking, actor=cast.CLERK.actor, here=(one,), reason="  ")
    assert (missing.value.code, missing.value.field) == ("required", "reason")
    assert enter(booking, actor=cast.CLERK.actor, here=(one,), reason="设备故障") == 1
    scan = db.session.scalars(select(Scan)).one()
    assert (scan.result, scan.is_override, scan.reason) == (ScanResult.ADMITTED, True, "设备故障")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "booking.signed_in_later")).one()
    assert (entry.reason, entry.after) == ("设备故障", {"people": 1})
    at_the_door.move_to(last_sign_in(slot) - timedelta(seconds=1))
    assert enter(booking, actor=cast.COORDINATOR.actor, here=(two,), reason="补录") == 1
    at_the_door.shift(1)
    with pytest.raises(Conflict, match="sign_in_over"):
        enter(booking, actor=cast.CLERK.actor, here=(two,), reason="太晚")


def test_afterwards_ends_with_a_working_day():
    friday = datetime(2026, 12, 4, 16, tzinfo=ZONE)
    works = {date(2026, 12, 7), date(2026, 12, 9)}.__contains__
    assert sign_in_until(friday, 2, works, ZONE) == datetime(2026, 12, 10, tzinfo=ZONE)
    assert sign_in_until(friday, 0, works, ZONE) == datetime(2026, 12, 5, tzinfo=ZONE)
    midnight = datetime(2026, 12, 5, 0, 30, tzinfo=ZONE)  # a slot over midnight: the day on which it ended
    assert sign_in_until(midnight, 0, works, ZONE) == datetime(2026, 12, 6, tzinfo=ZONE)


def test_a_tick_can_be_taken_back(slot, booking, at_the_door):
    enter(booking, here=tuple(tickets(booking)))
    scan = db.session.scalars(select(Scan.public_id).order_by(Scan.id)).first()
    with unit_of_work():
        annul(scan, actor=cast.STEWARD.actor)
    assert len(here(slot)) == 1
    assert enter(booking, here=tuple(tickets(booking))) == 1


def form(client, slot, **fields):
    return client.post(f"/slots/{slot.public_id}/sign-in", data=fields)


def test_the_page_enters_each_enterprise_by_itself(slot, booking, at_the_door, client):
    other = make_booking(slot, cast.STRANGER, names=("周六",), party=1)
    client.sign_in(cast.STEWARD)
    page = client.get(f"/slots/{slot.public_id}/sign-in")
    assert (page.status_code, page.text.count("<fieldset")) == (200, 2)
    one, two = tickets(booking)
    fields = {"here": [one, *tickets(other)], f"instead-{two}": "孙三", f"more-{booking.public_id}": ["赵四", "<b>"]}
    answer = form(client, slot, **fields)
    assert answer.status_code == 303, answer.text
    assert here(slot) == {"王一", "孙三", "赵四", "<b>", "周六"}
    done = client.get(answer.location).text
    assert "&lt;b&gt;" in done
    assert "<b>" not in done


def test_what_is_refused_stays_typed(slot, booking, at_the_door, client, monkeypatch):
    at_the_door.move_to(slot.ends_at + timedelta(minutes=5))
    client.sign_in(cast.CLERK)
    assert "没有勾选" in form(client, slot, reason="设备故障").text
    answer = form(client, slot, here=tickets(booking), reason="")
    assert (answer.status_code, answer.text.count("checked>")) == (422, 2)
    answer = form(client, slot, here=tickets(booking), reason="设备故障")
    assert answer.status_code == 303
    assert here(slot) == {"王一", "李二"}


def test_one_enterprise_at_the_door(slot, booking, at_the_door, client):
    make_booking(slot, cast.STRANGER)
    client.sign_in(cast.STEWARD)
    page = client.get(f"/slots/{slot.public_id}/sign-in?booking={booking.public_id}")
    assert page.text.count("<fieldset") == 1
    client.sign_in(cast.STRANGER_CLERK)
    assert client.get(f"/slots/{slot.public_id}/sign-in").status_code == 404
