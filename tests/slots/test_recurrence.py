"""Recurrence against python-dateutil, holidays, sittings of a day, and what is refused."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st

from eventsys.core.errors import Invalid
from eventsys.slots.recurrence import (
    INTERVAL_MAX,
    OCCURRENCES_MAX,
    SPAN,
    Every,
    Fate,
    MonthBy,
    OnHoliday,
    Recurrence,
    nth_weekday,
    plan_days,
)
from eventsys.slots.sittings import TimesOfDay, list_occurrences, list_sittings

ZONE = ZoneInfo("Asia/Shanghai")
RULES = 1_000
FREQUENCIES = {Every.DAY: rrule.DAILY, Every.WEEK: rrule.WEEKLY, Every.MONTH: rrule.MONTHLY}
# The first days of October 2026 off, the Saturday after them worked.
OFF = {date(2026, 10, day) for day in range(1, 8)}
WORKED = {date(2026, 10, 10)}


def weekdays_only(day):
    return day.weekday() < 5


def works(day):
    return day in WORKED or (day.weekday() < 5 and day not in OFF)


def held(rule, is_workday=weekdays_only):
    return [item.day for item in plan_days(rule, is_workday) if item.day is not None]


def random_rule(chance):
    """A rule, and the same as dateutil says it."""
    start = date(2026, 1, 1) + timedelta(days=chance.randrange(900))
    every, by = chance.choice(list(Every)), chance.choice(list(MonthBy))
    interval = chance.choice([1, 1, 1, 2, 2, 3, 4, 6, 13])
    weekdays = frozenset(chance.sample(range(7), chance.randint(0, 3)))
    highest = {MonthBy.DATE: 31, MonthBy.WEEKDAY: 5, MonthBy.WORKDAY: 23}[by]
    numbers = [number for number in range(-highest, highest + 1) if number]
    nth = frozenset(chance.sample(numbers, chance.randint(1, 3)))
    ends = {"until": start + timedelta(days=chance.randrange(SPAN.days))}
    if chance.random() < 0.4:
        ends = {"count": chance.randint(1, 12)}
    same = {"freq": FREQUENCIES[every], "interval": interval, "dtstart": datetime.combine(start, time()), **ends}
    if "until" in same:
        same["until"] = datetime.combine(same["until"], time())
    chosen = sorted(weekdays or {start.weekday()})
    if every is Every.WEEK:
        same["byweekday"] = chosen
    elif every is Every.MONTH and by is MonthBy.DATE:
        same["bymonthday"] = sorted(nth)
    elif every is Every.MONTH and by is MonthBy.WEEKDAY:
        same["byweekday"] = [rrule.weekday(day, number) for day in chosen for number in nth]
    elif every is Every.MONTH:
        same |= {"byweekday": range(5), "bysetpos": sorted(nth)}
    return Recurrence(start, every, interval, weekdays, by, nth, **ends, on_holiday=OnHoliday.KEEP), same


@pytest.mark.parametrize("seed", range(10))
def test_the_days_are_those_of_dateutil(seed):
    chance, compared = random.Random(seed), 0
    while compared < RULES // 10:
        rule, same = random_rule(chance)
        last = datetime.combine(rule.starts_on + SPAN, time())
        plain = list(rrule.rrule(**same).between(same["dtstart"], last, inc=True))
        left_out = frozenset(at.date() for at in chance.sample(plain, min(len(plain), chance.randint(0, 4))))
        expected = rrule.rruleset()
        for at in plain:
            expected.rdate(at)
        for day in left_out:
            expected.exdate(datetime.combine(day, time()))
        rule = Recurrence(**{name: getattr(rule, name) for name in rule.__slots__} | {"left_out": left_out})
        if rule.count is not None and len(plain) < rule.count:
            with pytest.raises(Invalid) as caught:
                plan_days(rule, weekdays_only)
            assert caught.value.code == "run_too_long"
        else:
            assert held(rule) == [at.date() for at in expected], (rule, same)
        compared += 1


def test_dateutil_is_asked_about_every_kind_of_rule():
    chance, seen = random.Random(1), set()
    for _ in range(RULES):
        rule, _same = random_rule(chance)
        seen.add((rule.every, rule.by, rule.count is None))
    assert len(seen) == 18


def test_every_second_tuesday():
    rule = Recurrence(date(2026, 12, 1), interval=2, count=3)
    assert held(rule) == [date(2026, 12, 1), date(2026, 12, 15), date(2026, 12, 29)]


def test_all_thursdays_until_the_last_of_december():
    rule = Recurrence(date(2026, 12, 1), weekdays=frozenset({3}), until=date(2026, 12, 31))
    assert [day.day for day in held(rule)] == [3, 10, 17, 24, 31]


def test_the_first_working_day_of_a_month_knows_holidays():
    rule = Recurrence(date(2026, 9, 1), Every.MONTH, by=MonthBy.WORKDAY, nth=frozenset({1}), until=date(2026, 11, 30))
    assert held(rule, works) == [date(2026, 9, 1), date(2026, 10, 8), date(2026, 11, 2)]


def test_the_last_day_and_the_last_working_day():
    ends = {"until": date(2026, 11, 30), "on_holiday": OnHoliday.KEEP}
    last = Recurrence(date(2026, 10, 1), Every.MONTH, by=MonthBy.DATE, nth=frozenset({-1}), **ends)
    assert held(last, works) == [date(2026, 10, 31), date(2026, 11, 30)]
    working = Recurrence(date(2026, 10, 1), Every.MONTH, by=MonthBy.WORKDAY, nth=frozenset({-1}), **ends)
    assert held(working, works) == [date(2026, 10, 30), date(2026, 11, 30)]


def test_a_rule_without_weekday_or_count_follows_its_first_day():
    third_wednesday = date(2026, 10, 21)
    rule = Recurrence(third_wednesday, Every.MONTH, count=2)
    assert nth_weekday(third_wednesday) == 3
    assert held(rule, works) == [third_wednesday, date(2026, 11, 18)]
    for by, expected in ((MonthBy.DATE, date(2026, 12, 21)), (MonthBy.WORKDAY, date(2026, 11, 16))):
        assert expected in held(Recurrence(third_wednesday, Every.MONTH, by=by, count=3), works), by


@pytest.mark.parametrize(
    ("on_holiday", "fate", "day"),
    [
        (OnHoliday.SKIP, Fate.HOLIDAY, None),
        (OnHoliday.KEEP, Fate.HELD, date(2026, 10, 6)),
        (OnHoliday.PREVIOUS, Fate.MOVED, date(2026, 9, 30)),
        (OnHoliday.NEXT, Fate.MOVED, date(2026, 10, 8)),
    ],
)
def test_what_a_holiday_does(on_holiday, fate, day):
    rule = Recurrence(date(2026, 9, 22), until=date(2026, 10, 13), on_holiday=on_holiday)
    planned = {item.planned: item for item in plan_days(rule, works)}
    assert (planned[date(2026, 10, 6)].fate, planned[date(2026, 10, 6)].day) == (fate, day)
    assert planned[date(2026, 9, 29)].fate is Fate.HELD


def test_a_made_up_saturday_is_a_working_day():
    rule = Recurrence(date(2026, 10, 9), Every.DAY, until=date(2026, 10, 12))
    assert held(rule, works) == [date(2026, 10, 9), date(2026, 10, 10), date(2026, 10, 12)]


def test_a_day_moves_to_no_day_that_is_taken_left_out_or_outside():
    daily = Recurrence(date(2026, 10, 6), Every.DAY, until=date(2026, 10, 8), on_holiday=OnHoliday.NEXT)
    assert [item.fate for item in plan_days(daily, works)] == [Fate.DOUBLED, Fate.DOUBLED, Fate.HELD]
    two = Recurrence(date(2026, 10, 6), Every.DAY, until=date(2026, 10, 7), on_holiday=OnHoliday.NEXT)
    assert [item.fate for item in plan_days(two, works)] == [Fate.OUTSIDE, Fate.OUTSIDE]
    weekly = {"starts_on": date(2026, 9, 29), "until": date(2026, 10, 13), "on_holiday": OnHoliday.NEXT}
    left = Recurrence(**weekly, left_out=frozenset({date(2026, 10, 8)}))
    assert [item.fate for item in plan_days(left, works)] == [Fate.HELD, Fate.LEFT_OUT, Fate.HELD]
    twice = Recurrence(**weekly, weekdays=frozenset({0, 1}))
    moved = [item for item in plan_days(twice, works) if item.planned.day in {5, 6}]
    assert [item.fate for item in moved] == [Fate.MOVED, Fate.DOUBLED]


rules = st.builds(
    Recurrence,
    starts_on=st.dates(date(2026, 8, 1), date(2026, 11, 1)),
    every=st.sampled_from(Every),
    interval=st.integers(1, 4),
    weekdays=st.frozensets(st.integers(0, 6), max_size=4),
    by=st.sampled_from(MonthBy),
    nth=st.frozensets(st.sampled_from([-3, -2, -1, 1, 2, 3, 15, 31]), max_size=3),
    until=st.dates(date(2026, 11, 1), date(2027, 6, 1)),
    left_out=st.frozensets(st.dates(date(2026, 9, 1), date(2026, 11, 1)), max_size=8),
    on_holiday=st.sampled_from(OnHoliday),
)


@given(rules)
def test_what_holds_of_every_plan(rule):
    planned = plan_days(rule, works)
    days = [item.day for item in planned if item.day is not None]
    assert len(days) == len(set(days))
    assert not set(days) & rule.left_out
    assert all(rule.starts_on <= day <= rule.until for day in days)
    assert rule.on_holiday is OnHoliday.KEEP or all(works(day) for day in days)
    for item in planned:
        assert (item.fate is Fate.HELD) == (item.day == item.planned)
        if item.fate is Fate.MOVED:
            low, high = sorted((item.planned, item.day))
            between = [low + timedelta(days=number) for number in range(1, (high - low).days)]
            assert not any(works(day) for day in between)
            assert (item.day > item.planned) == (rule.on_holiday is OnHoliday.NEXT)


def test_sittings_with_buffers_and_a_break():
    times = TimesOfDay(60, time(9), 5, 15, break_from=time(12), break_until=time(14, 30))
    assert [f"{at // 60}:{at % 60:02d}" for at in list_sittings(times)] == ["9:00", "10:15", "14:30", "15:45", "17:00"]


def test_explicit_starts_are_sorted():
    assert list_sittings(TimesOfDay(30, starts=(time(15), time(9, 30)))) == [570, 900]


@pytest.mark.parametrize(
    ("times", "field"),
    [
        (TimesOfDay(0), "minutes"),
        (TimesOfDay(60, sittings=0), "sittings"),
        (TimesOfDay(60, sittings=21), "sittings"),
        (TimesOfDay(60, time(22), 3), "sittings"),
        (TimesOfDay(60, buffer_minutes=-1), "buffer_minutes"),
        (TimesOfDay(60, break_from=time(12)), "break_until"),
        (TimesOfDay(60, break_until=time(12)), "break_from"),
        (TimesOfDay(60, break_from=time(12), break_until=time(12)), "break_until"),
        (TimesOfDay(60, starts=(time(9), time(9, 30))), "starts"),
        (TimesOfDay(60, starts=(time(9), time(9))), "starts"),
    ],
)
def test_sittings_that_cannot_be(times, field):
    with pytest.raises(Invalid) as caught:
        list_sittings(times)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"interval": 0}, "interval", "out_of_range"),
        ({"interval": INTERVAL_MAX + 1}, "interval", "out_of_range"),
        ({"weekdays": frozenset({7})}, "weekdays", "bad_choice"),
        ({"nth": frozenset({0})}, "nth", "bad_choice"),
        ({"until": None}, "until", "until_or_count"),
        ({"until": date(2026, 11, 30)}, "until", "until_before_start"),
        ({"until": date(2036, 11, 30)}, "until", "run_too_long"),
        ({"count": 0}, "count", "out_of_range"),
        ({"until": None, "count": OCCURRENCES_MAX, "interval": 52}, "count", "run_too_long"),
        ({"until": None, "count": 1, "every": Every.MONTH, "nth": frozenset({7})}, "count", "run_too_long"),
        ({"left_out": frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(201))}, "left_out", None),
    ],
)
def test_rules_that_cannot_be(changes, field, code):
    rule = Recurrence(**{"starts_on": date(2026, 12, 1), "until": date(2026, 12, 31), **changes})
    with pytest.raises(Invalid) as caught:
        plan_days(rule, works)
    assert caught.value.field == field
    assert code in {None, caught.value.code}


def test_too_many_and_none():
    days = plan_days(Recurrence(date(2026, 12, 1), Every.DAY, count=200, on_holiday=OnHoliday.KEEP), works)
    assert len(list_occurrences(days, TimesOfDay(60, sittings=2), ZONE)) == OCCURRENCES_MAX
    with pytest.raises(Invalid) as caught:
        list_occurrences(days, TimesOfDay(60, sittings=3), ZONE)
    assert (caught.value.code, caught.value.fields["limit"]) == ("too_many_occurrences", OCCURRENCES_MAX)
    sunday = plan_days(Recurrence(date(2026, 12, 6), count=3), works)
    with pytest.raises(Invalid) as caught:
        list_occurrences(sunday, TimesOfDay(60), ZONE)
    assert caught.value.code == "nothing_left"


def test_occurrences_say_where_they_come_from():
    rule = Recurrence(date(2026, 9, 29), until=date(2026, 10, 13), on_holiday=OnHoliday.NEXT)
    found = list_occurrences(plan_days(rule, works), TimesOfDay(90, time(14), 2, 30), ZONE)
    assert [item.starts_at for item in found] == sorted(item.starts_at for item in found)
    assert [item.sitting for item in found] == [0, 1] * 3
    assert {item.day: item.moved_from for item in found}[date(2026, 10, 8)] == date(2026, 10, 6)
    assert found[0].starts_at == datetime(2026, 9, 29, 6, tzinfo=UTC)
    assert found[0].ends_at - found[0].starts_at == timedelta(minutes=90)


def test_a_sitting_keeps_its_length_when_clocks_are_put_forward():
    berlin = ZoneInfo("Europe/Berlin")
    rule = Recurrence(date(2027, 3, 28), count=1, on_holiday=OnHoliday.KEEP)
    for hour in (1, 2, 3):
        [found] = list_occurrences(plan_days(rule, works), TimesOfDay(90, time(hour)), berlin)
        assert found.ends_at.astimezone(UTC) - found.starts_at.astimezone(UTC) == timedelta(minutes=90)
