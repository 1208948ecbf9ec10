"""Changing the calendar for real: who may, what is kept, what others did meanwhile, and what follows from it."""

from __future__ import annotations

import json
import threading
from datetime import date, datetime

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.rules import BookingState
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed
from eventsys.workdays.models import WorkdayOverride
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import DayChange, DayKind, Notice, SpecialDay, days_concerned, parse_notice
from eventsys.workdays.services import change_days, import_notice
from tests import cast
from tests.factories import ZONE, make_booking, make_slot
from tests.support import counted_statements
from tests.workdays.official import as_holiday_cn

FRIDAY, SATURDAY, MONDAY = date(2027, 3, 5), date(2027, 3, 6), date(2027, 3, 8)
NOTICE = Notice(2027, {FRIDAY: SpecialDay(DayKind.CLOSED, "调休"), SATURDAY: SpecialDay(DayKind.OPEN, "补班")})


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(datetime(2026, 11, 26, 10, 0, tzinfo=ZONE), tick=True):
        yield


def change(first, last, kind, name="台风停工", actor=cast.COORDINATOR, seen=None):
    with unit_of_work():
        return change_days(DayChange(first, last, kind, name), seen=seen, actor=actor.actor)


def take_over(notice=NOTICE, actor=cast.ADMINISTRATOR, seen=None):
    with unit_of_work():
        return import_notice(notice, seen=seen, actor=actor.actor)


def trail(action):
    query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
    return db.session.scalars(query).all()


def rows():
    return db.session.scalar(select(func.count()).select_from(WorkdayOverride))


@pytest.mark.parametrize("member", [cast.COORDINATOR, cast.ADMINISTRATOR], ids=lambda member: member.role)
def test_days_are_closed_halved_and_given_back(app, member):
    changed = change(FRIDAY, MONDAY, DayKind.CLOSED, actor=member)
    assert [item.on for item in changed if item.before.kind is not item.after.kind] == [FRIDAY, MONDAY]
    assert not working_calendar().is_workday(FRIDAY)
    change(MONDAY, MONDAY, DayKind.AFTERNOON, "停电", actor=member)
    assert working_calendar().day(MONDAY).name == "停电"
    change(FRIDAY, MONDAY, None, "", actor=member)
    assert rows() == 0
    assert working_calendar().is_workday(FRIDAY)
    closed, halved = trail("workdays.changed")[0], trail("workdays.changed")[-1]
    assert (closed.object_id, closed.before, closed.after) == (
        "2027-03-05",
        {},
        {"kind": "closed", "name": "台风停工"},
    )
    assert (halved.before["kind"], halved.after) == ("closed", {"kind": "afternoon", "name": "停电"})
    assert len(trail("workdays.restored")) == 4
    assert {entry.actor_id for entry in trail("workdays.restored")} == {member.id}


def test_twice_is_once(app):
    change(FRIDAY, FRIDAY, DayKind.CLOSED)
    assert change(FRIDAY, FRIDAY, DayKind.CLOSED) == []
    assert change(MONDAY, MONDAY, None) == []
    assert (rows(), len(trail("workdays.changed")), trail("workdays.restored")) == (1, 1, [])


@pytest.mark.parametrize(
    "member", [cast.CLERK, cast.CONTACT, cast.AUDITOR, cast.STEWARD, cast.VOLUNTEER_LEAD], ids=lambda m: m.role
)
def test_others_change_nothing(app, member):
    with pytest.raises(NotAllowed):
        change(FRIDAY, FRIDAY, DayKind.CLOSED, actor=member)
    with pytest.raises(NotAllowed):
        take_over(actor=member)
    assert rows() == 0


def test_a_refused_change_leaves_nothing(app):
    with pytest.raises(Invalid):
        change(MONDAY, FRIDAY, DayKind.CLOSED)
    with pytest.raises(Invalid):
        change(FRIDAY, FRIDAY, DayKind.CLOSED, " ")
    assert (rows(), trail("workdays.changed")) == (0, [])


def test_who_saw_another_state_is_refused(app):
    seen = working_calendar().fingerprint([FRIDAY])
    change(FRIDAY, FRIDAY, DayKind.CLOSED, seen=seen)
    with pytest.raises(Conflict, match="workdays_changed"):
        change(FRIDAY, FRIDAY, DayKind.OPEN, "加班", seen=seen)
    assert working_calendar().day(FRIDAY).name == "台风停工"
    seen = working_calendar().fingerprint(days_concerned(NOTICE))
    change(MONDAY, MONDAY, DayKind.CLOSED)
    with pytest.raises(Conflict, match="workdays_changed"):
        take_over(seen=seen)


def test_a_notice_announces_its_year_and_leaves_the_districts_days(app):
    change(MONDAY, MONDAY, DayKind.CLOSED)
    assert working_calendar().is_provisional(FRIDAY)
    changed = {item.on: item for item in take_over()}
    assert changed[FRIDAY].is_less
    assert date(2027, 10, 1) in changed  # the notice speaks of no National Day
    calendar = working_calendar()
    assert not calendar.is_provisional(FRIDAY)
    assert calendar.is_provisional(date(2028, 3, 6))
    assert [calendar.is_workday(day) for day in (FRIDAY, SATURDAY, MONDAY)] == [False, True, False]
    change(SATURDAY, SATURDAY, DayKind.CLOSED)
    change(SATURDAY, SATURDAY, None, "")
    assert working_calendar().day(SATURDAY).name == "补班"  # back to the official calendar


def test_a_second_notice_replaces_the_first(app):
    take_over()
    assert take_over() == []
    assert len(trail("workdays.imported")) == 1
    take_over(Notice(2027, {MONDAY: SpecialDay(DayKind.CLOSED, "更正")}))
    assert [working_calendar().is_workday(day) for day in (FRIDAY, SATURDAY, MONDAY)] == [True, False, False]
    imported = trail("workdays.imported")
    assert [entry.object_id for entry in imported] == ["2027", "2027"]
    assert imported[-1].after == {"2027-03-08": "closed 更正"}


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_official_notice_changes_no_working_day(app, year):
    changed = take_over(parse_notice(json.dumps(as_holiday_cn(year)).encode()))
    assert [item.on for item in changed if item.before.kind is not item.after.kind] == []


def test_two_at_once_leave_one_of_both(app):
    told, start = [], threading.Barrier(2)

    def close(name):
        with app.app_context():
            start.wait()
            try:
                change(FRIDAY, MONDAY, DayKind.CLOSED, name)
                told.append(name)
            except Conflict as error:
                told.append(error.code)

    threads = [threading.Thread(target=close, args=(name,)) for name in ("台风停工", "停电")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(told) <= {"台风停工", "停电", "workdays_changed"}
    names = {special.name for special in working_calendar().overrides.values()}
    assert len(names) == 1
    assert names <= set(told)


def test_the_cut_offs_of_a_new_slot_follow(app):
    starts_at = datetime(2027, 3, 9, 14, 0, tzinfo=ZONE)
    times = {"closes_at": None, "cancel_until": None, "names_until": None, "starts_at": starts_at}
    before = make_slot(**times)
    assert before.closes_at == datetime(2027, 3, 8, 17, 0, tzinfo=ZONE)
    change(MONDAY, MONDAY, DayKind.CLOSED)
    after = make_slot(**times)
    assert after.closes_at == datetime(2027, 3, 5, 17, 0, tzinfo=ZONE)
    db.session.refresh(before)
    assert before.closes_at == datetime(2027, 3, 8, 17, 0, tzinfo=ZONE)  # what is stored stays


def test_a_booking_reads_the_calendar_only_when_it_waits_for_an_answer(app):
    plain, answered = make_slot(), make_slot(needs_approval=True, place=cast.BASE)
    for slot, times in ((plain, 0), (answered, 1)):
        with counted_statements() as seen:
            booking = make_booking(slot, cast.STRANGER if times else cast.CONTACT)
        assert booking.state is (BookingState.PENDING if times else BookingState.CONFIRMED)
        assert sum("workday_overrides" in statement for statement in seen) == times


def test_answers_due_and_offers_follow(app):
    with time_machine.travel(datetime(2027, 3, 4, 10, 0, tzinfo=ZONE), tick=False):
        slot = make_slot(needs_approval=True, starts_at=datetime(2027, 3, 16, 14, 0, tzinfo=ZONE))
        first = make_booking(slot)
        change(FRIDAY, FRIDAY, DayKind.CLOSED)
        change(date(2027, 3, 9), date(2027, 3, 9), DayKind.MORNING, "年会")
        second = make_booking(slot, cast.STRANGER)
    assert first.approve_by == datetime(2027, 3, 8, 17, 30, tzinfo=ZONE)
    assert second.approve_by == datetime(2027, 3, 9, 12, 0, tzinfo=ZONE)
