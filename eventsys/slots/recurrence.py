"""When something is held again and again: the days of a rule and what holidays do to them.

The days are those of RFC 5545 (weeks begin on Monday, a month without a 31st has none); working days are asked of the
caller, so nothing here knows a calendar.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import count

from eventsys.core.errors import Invalid

OCCURRENCES_MAX = 400  # made in one go
INTERVAL_MAX = 52
LEFT_OUT_MAX = 200
SPAN = timedelta(days=800)  # from the first day to the last
NTH_MAX = 31

IsWorkday = Callable[[date], bool]


class Every(StrEnum):
    """What is counted between two times."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class MonthBy(StrEnum):
    """What is counted within a month: its days, its Tuesdays, its working days."""

    DATE = "date"
    WEEKDAY = "weekday"
    WORKDAY = "workday"


class OnHoliday(StrEnum):
    """What becomes of a day that is no working day."""

    SKIP = "skip"
    PREVIOUS = "previous"
    NEXT = "next"
    KEEP = "keep"


class Fate(StrEnum):
    """What became of a day of the rule: held on it or on another, or not at all and why."""

    HELD = "held"
    MOVED = "moved"
    HOLIDAY = "holiday"
    LEFT_OUT = "left_out"
    DOUBLED = "doubled"
    OUTSIDE = "outside"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Which days: every `interval` days, weeks or months from `starts_on` on, until a day or so many times.

    Weekdays are 0 (Monday) to 6; none means that of `starts_on`. `nth` counts within a month, -1 is the last; none
    means that of `starts_on`. `count` counts the days of the rule, those left out or on holidays as well.
    """

    starts_on: date
    every: Every = Every.WEEK
    interval: int = 1
    weekdays: frozenset[int] = frozenset()
    by: MonthBy = MonthBy.WEEKDAY
    nth: frozenset[int] = frozenset()
    until: date | None = None
    count: int | None = None
    left_out: frozenset[date] = frozenset()
    on_holiday: OnHoliday = OnHoliday.SKIP


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A day of the rule, and the day on which it is held: None when it is not."""

    planned: date
    day: date | None
    fate: Fate


def plan_days(rule: Recurrence, is_workday: IsWorkday) -> list[PlannedDay]:
    """Every day of the rule with what becomes of it, in the rule's order; Invalid names a field that cannot be.

    A day moves within the rule's span only, and to no day that is left out or has its own.
    """
    check_rule(rule)
    days = list(rule_days(rule, is_workday))
    kept = {day for day in days if day not in rule.left_out and _stays(rule, day, is_workday)}
    planned: list[PlannedDay] = []
    for day in days:
        item = _fate_of(rule, day, is_workday, kept)
        if item.fate is Fate.MOVED and item.day is not None:
            kept.add(item.day)
        planned.append(item)
    return planned


def rule_days(rule: Recurrence, is_workday: IsWorkday) -> Iterator[date]:
    """The days of the rule alone, ascending; Invalid when it takes too long to reach its count."""
    last = rule.starts_on + SPAN
    found = 0
    for day in _steps(rule, is_workday):
        if day > last:
            if rule.count is not None:
                raise Invalid("run_too_long", field="count", days=SPAN.days)
            return
        if day < rule.starts_on:
            continue
        if rule.until is not None and day > rule.until:
            return
        yield day
        found += 1
        if found == rule.count:
            return


def check_rule(rule: Recurrence) -> None:
    """Raise Invalid with everything in the rule that cannot be."""
    problems = []
    if not 1 <= rule.interval <= INTERVAL_MAX:
        problems.append(Invalid("out_of_range", field="interval", minimum=1, maximum=INTERVAL_MAX))
    if any(not 0 <= day <= 6 for day in rule.weekdays):
        problems.append(Invalid("bad_choice", field="weekdays"))
    if any(number == 0 or abs(number) > NTH_MAX for number in rule.nth):
        problems.append(Invalid("bad_choice", field="nth"))
    if rule.until is None and rule.count is None:
        problems.append(Invalid("until_or_count", field="until"))
    elif rule.until is not None and rule.until < rule.starts_on:
        problems.append(Invalid("until_before_start", field="until"))
    elif rule.until is not None and rule.until - rule.starts_on > SPAN:
        problems.append(Invalid("run_too_long", field="until", days=SPAN.days))
    if rule.count is not None and not 1 <= rule.count <= OCCURRENCES_MAX:
        problems.append(Invalid("out_of_range", field="count", minimum=1, maximum=OCCURRENCES_MAX))
    if len(rule.left_out) > LEFT_OUT_MAX:
        problems.append(Invalid("too_many_items", field="left_out", limit=LEFT_OUT_MAX))
    if problems:
        raise Invalid.many(problems)


def month_days(first: date, by: MonthBy, nth: frozenset[int], weekdays: frozenset[int], works: IsWorkday) -> list[date]:
    """The days of the month that begins on `first` which the counts name, ascending."""
    month = [first + timedelta(days=offset) for offset in range(monthrange(first.year, first.month)[1])]
    if by is MonthBy.DATE:
        groups = [month]
    elif by is MonthBy.WORKDAY:
        groups = [[day for day in month if works(day)]]
    else:
        groups = [[day for day in month if day.weekday() == weekday] for weekday in weekdays]
    found = {_at(days, number) for days in groups for number in nth}
    return sorted(day for day in found if day is not None)


def nth_weekday(day: date) -> int:
    """Which of its month's weekdays a day is: 2 is the second Tuesday."""
    return (day.day - 1) // 7 + 1


def _steps(rule: Recurrence, works: IsWorkday) -> Iterator[date]:
    """The days of the rule without end, from the first day, week or month on."""
    start = rule.starts_on
    weekdays = rule.weekdays or frozenset({start.weekday()})
    for step in count(0, rule.interval):
        if rule.every is Every.DAY:
            yield start + timedelta(days=step)
        elif rule.every is Every.WEEK:
            monday = start - timedelta(days=start.weekday()) + timedelta(weeks=step)
            yield from (monday + timedelta(days=weekday) for weekday in sorted(weekdays))
        else:
            month = start.year * 12 + start.month - 1 + step
            first = date(month // 12, month % 12 + 1, 1)
            yield from month_days(first, rule.by, rule.nth or _own_nth(rule, works), weekdays, works)
            if first > start + SPAN:
                yield first  # a rule that names no day ends as well


def _own_nth(rule: Recurrence, works: IsWorkday) -> frozenset[int]:
    """The count that names `starts_on`."""
    start = rule.starts_on
    if rule.by is MonthBy.DATE:
        return frozenset({start.day})
    if rule.by is MonthBy.WEEKDAY:
        return frozenset({nth_weekday(start)})
    return frozenset({max(1, sum(works(start.replace(day=number)) for number in range(1, start.day + 1)))})


def _at(days: list[date], number: int) -> date | None:
    index = number - 1 if number > 0 else len(days) + number
    return days[index] if 0 <= index < len(days) else None


def _stays(rule: Recurrence, day: date, works: IsWorkday) -> bool:
    return rule.on_holiday is OnHoliday.KEEP or works(day)


def _fate_of(rule: Recurrence, day: date, works: IsWorkday, kept: set[date]) -> PlannedDay:
    if day in rule.left_out:
        return PlannedDay(day, None, Fate.LEFT_OUT)
    if _stays(rule, day, works):
        return PlannedDay(day, day, Fate.HELD)
    if rule.on_holiday is OnHoliday.SKIP:
        return PlannedDay(day, None, Fate.HOLIDAY)
    moved = nearest_workday(day, works, -1 if rule.on_holiday is OnHoliday.PREVIOUS else 1)
    if moved is None or moved < rule.starts_on or (rule.until is not None and moved > rule.until):
        return PlannedDay(day, None, Fate.OUTSIDE)
    if moved in rule.left_out:
        return PlannedDay(day, None, Fate.LEFT_OUT)
    if moved in kept:
        return PlannedDay(day, None, Fate.DOUBLED)
    return PlannedDay(day, moved, Fate.MOVED)


def nearest_workday(day: date, works: IsWorkday, step: int) -> date | None:
    """The next (`step` 1) or previous (-1) working day after `day`; None when there is none within two months."""
    for distance in range(1, 62):
        found = day + timedelta(days=step * distance)
        if works(found):
            return found
    return None
