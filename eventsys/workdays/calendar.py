"""The working calendar of mainland China: public holidays and make-up working days (State Council notices)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

OFFICE_HOURS = ((time(9, 0), time(12, 0)), (time(14, 30), time(17, 30)))  # of a working day
LAST_ANNOUNCED_YEAR = 2026  # later years are provisional: weekends and fixed holidays only


@lru_cache(maxsize=16)
def _days_of(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(days off, make-up working days) of `year`."""
    import holidays  # heavy: only who asks for a working day pays for it

    china = holidays.country_holidays("CN", years=year)
    return frozenset(china), frozenset(getattr(china, "weekend_workdays", {}))


def is_workday(day: date) -> bool:
    """Whether offices work on `day`."""
    off, made_up = _days_of(day.year)
    return day in made_up or (day.weekday() < 5 and day not in off)


def is_provisional(day: date) -> bool:
    """Whether the holidays of that year are not announced yet."""
    return day.year > LAST_ANNOUNCED_YEAR


def working_days_before(day: date, count: int) -> date:
    """The day that lies `count` working days (at least 1) before `day`."""
    while count:
        day -= timedelta(days=1)
        count -= is_workday(day)
    return day


def next_workday(day: date) -> date:
    """`day` when it is a working day, else the next one."""
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def add_office_minutes(start: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which `minutes` of office hours have passed since `start`, which need not lie in one."""
    day, left = start.astimezone(zone).date(), timedelta(minutes=minutes)
    while True:
        for opens, closes in OFFICE_HOURS if is_workday(day) else ():
            since = max(start, datetime.combine(day, opens, zone))
            until = datetime.combine(day, closes, zone)
            if until - since >= left:
                return since + left
            left -= max(until - since, timedelta())
        day += timedelta(days=1)


def add_workdays(start: datetime, count: int, zone: ZoneInfo) -> datetime:
    """The same time of day `count` working days later."""
    local = start.astimezone(zone)
    day = local.date()
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return datetime.combine(day, local.timetz())


def end_of_workday_after(start: datetime, count: int, zone: ZoneInfo) -> datetime:
    """The end of office hours `count` working days (at least 1) after the day of `start`."""
    return datetime.combine(add_workdays(start, count, zone).date(), OFFICE_HOURS[-1][1], zone)


def is_next_workday(now: datetime, at: datetime, zone: ZoneInfo) -> bool:
    """Whether `at` lies on the working day after today, or sooner."""
    today = now.astimezone(zone).date()
    return at.astimezone(zone).date() <= next_workday(today + timedelta(days=1))
