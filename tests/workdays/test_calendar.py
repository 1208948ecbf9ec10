"""The verbs of the working calendar, against the official calendars and a naive model that looks at each day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.workdays.rules import OFFICIAL, DayKind, SpecialDay, WorkingCalendar, days_of_year
from tests.workdays.official import DAYS_OFF, MADE_UP, WORKING_DAYS, is_announced_workday

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 1, 20), date(2026, 3, 20)  # around the Spring Festival
SOME_DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days)]


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_day_is_as_the_state_council_announced_it(year):
    days = list(days_of_year(year))
    assert [day for day in days if OFFICIAL.is_workday(day) is not is_announced_workday(day)] == []
    assert sum(OFFICIAL.is_workday(day) for day in days) == WORKING_DAYS[year]
    assert not any(OFFICIAL.is_provisional(day) for day in days)


def test_the_six_make_up_days_of_2026_are_working_days():
    made_up = [date.fromisoformat(f"2026-{day}") for day in MADE_UP[2026]]
    assert len(made_up) == 6
    for day in made_up:
        assert day.weekday() >= 5
        assert OFFICIAL.day(day).kind is DayKind.OPEN
        assert OFFICIAL.day(day).is_official


@pytest.mark.parametrize("year", [2025, 2026])
def test_no_day_off_is_a_working_day(year):
    for days in DAYS_OFF[year].values():
        assert not any(OFFICIAL.is_workday(day) for day in days)


def test_a_year_not_announced_is_provisional():
    assert OFFICIAL.is_provisional(date(2027, 1, 4))
    assert not OFFICIAL.is_provisional(date(2026, 12, 31))
    assert OFFICIAL.is_workday(date(2027, 1, 4))  # a plain Monday
    assert not OFFICIAL.is_workday(date(2027, 10, 1))
    announced = WorkingCalendar(notices={2027: {date(2027, 1, 1): SpecialDay(DayKind.CLOSED, "元旦")}})
    assert not announced.is_provisional(date(2027, 1, 4))
    assert announced.is_workday(date(2027, 10, 1))  # the notice alone counts now
    assert announced.is_provisional(date(2028, 1, 4))


def test_the_district_comes_before_the_notice_and_the_notice_before_the_library():
    national_day, saturday = date(2026, 10, 1), date(2026, 12, 5)
    notice = {2026: {national_day: SpecialDay(DayKind.OPEN, "照常"), saturday: SpecialDay(DayKind.OPEN, "补班")}}
    noticed = WorkingCalendar(notices=notice)
    assert noticed.is_workday(national_day)
    assert noticed.is_workday(saturday)
    assert not noticed.is_workday(date(2026, 10, 10))  # no make-up day by this notice
    own = WorkingCalendar({saturday: SpecialDay(DayKind.CLOSED, "台风停工")}, notice)
    assert own.day(saturday).name == "台风停工"
    assert own.day(saturday).is_own
    assert own.official(saturday).kind is DayKind.OPEN


def test_a_notice_speaks_of_the_december_before_and_the_later_one_counts():
    day = date(2026, 12, 31)
    closed = {2027: {day: SpecialDay(DayKind.CLOSED, "元旦")}}
    assert not WorkingCalendar(notices=closed).is_workday(day)
    both = closed | {2026: {day: SpecialDay(DayKind.OPEN, "照常")}}
    assert not WorkingCalendar(notices=both).is_workday(day)


def own(kind: DayKind, *days: str) -> WorkingCalendar:
    return WorkingCalendar({date.fromisoformat(day): SpecialDay(kind, "因故") for day in days})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("kind", "start", "end", "is_open"),
    [
        (DayKind.OPEN, "12-03 10:00", "12-03 11:00", True),
        (DayKind.CLOSED, "12-03 10:00", "12-03 11:00", False),
        (DayKind.MORNING, "12-03 10:30", "12-03 12:00", True),
        (DayKind.MORNING, "12-03 10:30", "12-03 12:01", False),
        (DayKind.MORNING, "12-03 14:30", "12-03 16:00", False),
        (DayKind.AFTERNOON, "12-03 14:00", "12-03 15:30", True),
        (DayKind.AFTERNOON, "12-03 12:00", "12-03 13:00", True),
        (DayKind.AFTERNOON, "12-03 11:59", "12-03 13:00", False),
        (DayKind.MORNING, "12-02 15:00", "12-03 11:00", True),
        (DayKind.AFTERNOON, "12-02 15:00", "12-03 15:00", False),
        (DayKind.CLOSED, "12-02 22:00", "12-03 00:00", True),
        (DayKind.CLOSED, "12-02 22:00", "12-03 00:01", False),
    ],
)
def test_a_half_day_has_a_free_half(kind, start, end, is_open):
    assert own(kind, "2026-12-03").is_open(at(start), at(end), ZONE) is is_open


def test_half_days_shorten_office_hours():
    friday = own(DayKind.MORNING, "2026-12-04")
    assert friday.end_of_workday_after(at("12-03 10:00"), 1, ZONE) == at("12-04 12:00")
    assert friday.add_office_minutes(at("12-04 11:30"), 60, ZONE) == at("12-07 09:30")
    monday = own(DayKind.AFTERNOON, "2026-12-07")
    assert monday.end_of_workday_after(at("12-04 10:00"), 1, ZONE) == at("12-07 17:30")
    assert monday.add_office_minutes(at("12-04 17:00"), 60, ZONE) == at("12-07 15:00")


SPECIAL = st.builds(SpecialDay, st.sampled_from(list(DayKind)), st.just("因故"))
CALENDARS = st.builds(
    WorkingCalendar, st.dictionaries(st.sampled_from(SOME_DAYS), SPECIAL, max_size=len(SOME_DAYS) // 2)
)
MINUTES_OF = {
    DayKind.OPEN: {*range(9 * 60, 12 * 60), *range(14 * 60 + 30, 17 * 60 + 30)},
    DayKind.CLOSED: set(),
    DayKind.MORNING: set(range(9 * 60, 12 * 60)),
    DayKind.AFTERNOON: set(range(14 * 60 + 30, 17 * 60 + 30)),
}
STARTS = st.builds(
    lambda day, minute: datetime.combine(day, time(minute // 60, minute % 60), ZONE),
    st.sampled_from(SOME_DAYS),
    st.integers(0, 24 * 60 - 1),
)


def kind_of(calendar: WorkingCalendar, day: date) -> DayKind:
    """What the day is, told without the code under test."""
    if day in calendar.overrides:
        return calendar.overrides[day].kind
    return DayKind.OPEN if is_announced_workday(day) else DayKind.CLOSED


def days_after(day: date) -> list[date]:
    return [day + timedelta(days=number) for number in range(1, 200)]


@given(CALENDARS, st.sampled_from(SOME_DAYS), st.integers(1, 5))
def test_days_agree_with_looking_at_each_day(calendar, day, count):
    def works(other):
        return kind_of(calendar, other) is not DayKind.CLOSED

    before = [day - timedelta(days=number) for number in range(1, 200) if works(day - timedelta(days=number))]
    after = [other for other in days_after(day) if works(other)]
    assert calendar.is_workday(day) is works(day)
    assert calendar.working_days_before(day, count) == before[count - 1]
    assert calendar.count_workdays(before[count - 1], day) == count
    assert calendar.next_workday(day) == (day if works(day) else after[0])
    start = datetime.combine(day, time(16, 45), ZONE)
    assert calendar.add_workdays(start, count, ZONE) == datetime.combine(after[count - 1], time(16, 45), ZONE)
    ends = max(MINUTES_OF[kind_of(calendar, after[count - 1])]) + 1
    expected = datetime.combine(after[count - 1], time(ends // 60, ends % 60), ZONE)
    assert calendar.end_of_workday_after(start, count, ZONE) == expected
    for other in days_after(day)[:30]:
        moment = datetime.combine(other, time(8, 0), ZONE)
        assert calendar.is_next_workday(start, moment, ZONE) is (other <= after[0])


@given(CALENDARS, STARTS, st.integers(1, 700))
def test_office_minutes_agree_with_counting_each_minute(calendar, start, minutes):
    left, moment = minutes, start
    while left:
        local = moment.astimezone(ZONE)
        left -= local.hour * 60 + local.minute in MINUTES_OF[kind_of(calendar, local.date())]
        moment += timedelta(minutes=1)
    assert calendar.add_office_minutes(start, minutes, ZONE) == moment


@given(CALENDARS, STARTS, st.integers(1, 3 * 24 * 60))
def test_what_is_open_agrees_with_looking_at_each_minute(calendar, start, minutes):
    def is_free(moment):
        kind, is_morning = kind_of(calendar, moment.date()), moment.hour < 12
        return kind is DayKind.CLOSED or kind is (DayKind.AFTERNOON if is_morning else DayKind.MORNING)

    touched = [start + timedelta(minutes=number) for number in range(minutes)]
    assert calendar.is_open(start, start + timedelta(minutes=minutes), ZONE) is not any(map(is_free, touched))
