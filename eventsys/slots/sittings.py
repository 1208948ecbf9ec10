"""The sittings of a day, and all sittings of the days of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from eventsys.core.errors import Invalid
from eventsys.slots.recurrence import OCCURRENCES_MAX, PlannedDay

SITTINGS_MAX = 20
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class TimesOfDay:
    """The sittings of a day: so many of `minutes` from `first` on with a buffer between them, none of them during the
    break; or those that start at `starts`. Times are local."""

    minutes: int
    first: time = time(9)
    sittings: int = 1
    buffer_minutes: int = 0
    break_from: time | None = None
    break_until: time | None = None
    starts: tuple[time, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One sitting of one day; `moved_from` when a holiday moved it."""

    day: date
    sitting: int
    starts_at: datetime
    ends_at: datetime
    moved_from: date | None = None


def list_occurrences(days: list[PlannedDay], times: TimesOfDay, zone: ZoneInfo) -> list[Occurrence]:
    """The sittings of the days that are held, by start; Invalid when there are too many or none."""
    sittings = list_sittings(times)
    held = sorted((item.day, item.planned) for item in days if item.day is not None)
    if len(held) * len(sittings) > OCCURRENCES_MAX:
        raise Invalid("too_many_occurrences", field="until", limit=OCCURRENCES_MAX, wanted=len(held) * len(sittings))
    if not held:
        raise Invalid("nothing_left", field="starts_on")
    return [
        Occurrence(day, number, *_instants(day, start, times.minutes, zone), planned if planned != day else None)
        for day, planned in held
        for number, start in enumerate(sittings)
    ]


def list_sittings(times: TimesOfDay) -> list[int]:
    """The starts of the sittings in minutes after midnight, ascending; Invalid names what does not fit."""
    _check_times(times)
    if times.starts:
        starts = sorted(_minute(at) for at in times.starts)
        if any(later - earlier < times.minutes for earlier, later in pairwise(starts)):
            raise Invalid("sittings_overlap", field="starts")
        return starts
    pause = None
    if times.break_from is not None and times.break_until is not None:
        pause = _minute(times.break_from), _minute(times.break_until)
    starts, at = [], _minute(times.first)
    for _sitting in range(times.sittings):
        if pause and at < pause[1] and at + times.minutes > pause[0]:
            at = pause[1]
        starts.append(at)
        at += times.minutes + times.buffer_minutes
    if starts[-1] >= DAY_MINUTES or (len(starts) > 1 and starts[-1] + times.minutes > DAY_MINUTES):
        raise Invalid("sittings_past_midnight", field="sittings")
    return starts


def _check_times(times: TimesOfDay) -> None:
    problems = []
    if not 1 <= times.minutes <= 2 * DAY_MINUTES:
        problems.append(Invalid("out_of_range", field="minutes", minimum=1, maximum=2 * DAY_MINUTES))
    if not 1 <= times.sittings <= SITTINGS_MAX or len(times.starts) > SITTINGS_MAX:
        problems.append(Invalid("out_of_range", field="sittings", minimum=1, maximum=SITTINGS_MAX))
    if not 0 <= times.buffer_minutes <= DAY_MINUTES:
        problems.append(Invalid("out_of_range", field="buffer_minutes", minimum=0, maximum=DAY_MINUTES))
    if (times.break_from is None) != (times.break_until is None):
        problems.append(Invalid("required", field="break_until" if times.break_until is None else "break_from"))
    elif times.break_from is not None and times.break_until is not None and times.break_until <= times.break_from:
        problems.append(Invalid("end_before_start", field="break_until"))
    if problems:
        raise Invalid.many(problems)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _instants(day: date, minute: int, minutes: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of a sitting, aware; the length is that of a clock on the wall nobody puts forward."""
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    start = local.astimezone(UTC)
    return start.astimezone(zone), (start + timedelta(minutes=minutes)).astimezone(zone)
