"""The working calendar: public holidays and make-up working days of mainland China (State Council notices), and the
days on which the district does otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

MORNING_HOURS, AFTERNOON_HOURS = (time(9, 0), time(12, 0)), (time(14, 30), time(17, 30))
OFFICE_HOURS = (MORNING_HOURS, AFTERNOON_HOURS)  # of a working day
NOON = time(12, 0)  # where a half day ends or begins
LAST_KNOWN_YEAR = 2026  # of the library; later years are provisional until their notice is imported


class DayKind(StrEnum):
    """How much of a day offices work."""

    OPEN = "open"
    CLOSED = "closed"
    MORNING = "morning"
    AFTERNOON = "afternoon"


HOURS = {
    DayKind.OPEN: OFFICE_HOURS,
    DayKind.CLOSED: (),
    DayKind.MORNING: (MORNING_HOURS,),
    DayKind.AFTERNOON: (AFTERNOON_HOURS,),
}


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not what its weekday says, and why: 国庆节, 台风停工."""

    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True)
class Day:
    """What a day is: by its weekday, by the State Council's notice (`is_official`), or by the district (`is_own`)."""

    kind: DayKind
    name: str = ""
    is_official: bool = False
    is_own: bool = False

    @property
    def is_special(self) -> bool:
        """Whether it is something else than its weekday says."""
        return self.is_official or self.is_own


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The days and hours offices work. `overrides` are the district's own, `notices` imported ones by their year; a
    year without one is the library's."""

    overrides: Mapping[date, SpecialDay] = field(default_factory=dict)
    notices: Mapping[int, Mapping[date, SpecialDay]] = field(default_factory=dict)

    def official(self, day: date) -> Day:
        """What the day is without the district's overrides. A notice may speak of the December before its year."""
        for year in sorted(self.notices, reverse=True):
            if day in self.notices[year]:
                noticed = self.notices[year][day]
                return Day(noticed.kind, noticed.name, is_official=True)
        if day.year not in self.notices:
            off, made_up = _days_of(day.year)
            if day in made_up or day in off:
                return Day(DayKind.OPEN if day in made_up else DayKind.CLOSED, is_official=True)
        return Day(DayKind.OPEN if day.weekday() < 5 else DayKind.CLOSED)

    def day(self, day: date) -> Day:
        """What the day is."""
        own = self.overrides.get(day)
        return Day(own.kind, own.name, is_own=True) if own is not None else self.official(day)

    def is_workday(self, day: date) -> bool:
        """Whether offices work on `day`, if only for half of it."""
        return self.day(day).kind is not DayKind.CLOSED

    def is_provisional(self, day: date) -> bool:
        """Whether the holidays of that year are not announced yet."""
        return day.year > LAST_KNOWN_YEAR and day.year not in self.notices

    def is_open(self, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> bool:
        """Whether every day between the two is a working day, and no half day's free half is touched. Evenings count
        as afternoon: whether it is within office hours is not asked."""
        start, end = starts_at.astimezone(zone), (ends_at - timedelta(microseconds=1)).astimezone(zone)
        day = start.date()
        while day <= end.date():
            kind = self.day(day).kind
            in_the_morning = day > start.date() or start.time() < NOON
            in_the_afternoon = day < end.date() or end.time() >= NOON
            if kind is DayKind.CLOSED or (kind is DayKind.MORNING and in_the_afternoon):
                return False
            if kind is DayKind.AFTERNOON and in_the_morning:
                return False
            day += timedelta(days=1)
        return True

    def working_days_before(self, day: date, count: int) -> date:
        """The day that lies `count` working days (at least 1) before `day`."""
        while count:
            day -= timedelta(days=1)
            count -= self.is_workday(day)
        return day

    def count_workdays(self, first: date, until: date) -> int:
        """How many working days there are from `first` on before `until`."""
        return sum(self.is_workday(first + timedelta(days=number)) for number in range((until - first).days))

    def next_workday(self, day: date) -> date:
        """`day` when it is a working day, else the next one."""
        while not self.is_workday(day):
            day += timedelta(days=1)
        return day

    def add_office_minutes(self, start: datetime, minutes: int, zone: ZoneInfo) -> datetime:
        """The instant at which `minutes` of office hours have passed since `start`, which need not lie in one."""
        day, left = start.astimezone(zone).date(), timedelta(minutes=minutes)
        while True:
            for opens, closes in HOURS[self.day(day).kind]:
                since = max(start, datetime.combine(day, opens, zone))
                until = datetime.combine(day, closes, zone)
                if until - since >= left:
                    return since + left
                left -= max(until - since, timedelta())
            day += timedelta(days=1)

    def add_workdays(self, start: datetime, count: int, zone: ZoneInfo) -> datetime:
        """The same time of day `count` working days later."""
        local = start.astimezone(zone)
        day = local.date()
        while count:
            day += timedelta(days=1)
            count -= self.is_workday(day)
        return datetime.combine(day, local.timetz())

    def end_of_workday_after(self, start: datetime, count: int, zone: ZoneInfo) -> datetime:
        """The end of office hours `count` working days (at least 1) after the day of `start`."""
        day = self.add_workdays(start, count, zone).date()
        return datetime.combine(day, HOURS[self.day(day).kind][-1][1], zone)

    def is_next_workday(self, now: datetime, at: datetime, zone: ZoneInfo) -> bool:
        """Whether `at` lies on the working day after today, or sooner."""
        today = now.astimezone(zone).date()
        return at.astimezone(zone).date() <= self.next_workday(today + timedelta(days=1))

    def fingerprint(self, days: Iterable[date]) -> str:
        """Sixteen characters that differ when any of the days has become something else."""
        said = [(day.isoformat(), self.official(day), self.overrides.get(day)) for day in days]
        return sha256(repr(said).encode()).hexdigest()[:16]


OFFICIAL = WorkingCalendar()  # without anything of the district


@lru_cache(maxsize=16)
def _days_of(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(days off, make-up working days) of `year`, as the library knows them."""
    import holidays  # heavy: only who asks for a working day pays for it

    china = holidays.country_holidays("CN", years=year)
    return frozenset(china), frozenset(getattr(china, "weekend_workdays", ()))


@lru_cache(maxsize=16)
def holiday_names(year: int, language: str) -> Mapping[date, str]:
    """What the library calls the days off of `year`, in `zh_CN` or `en_US`."""
    import holidays

    return dict(holidays.country_holidays("CN", years=year, language=language).items())
