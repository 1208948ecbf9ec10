"""The working calendar of mainland China: public holidays and make-up working days (State Council notices)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

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
