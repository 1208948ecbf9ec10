"""Days and times as people write them in cells: `12月3日下午3点`, `12.3 15:00`, `2026/12/3（周四）9:00—10:30`, Excel's
own numbers. What can mean two things is refused with the way to write it, or noted as a doubt. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from eventsys.core.errors import Invalid
from eventsys.slots.imports.reading import Doubt, Reading, read_cell


@dataclass(frozen=True, slots=True)
class When:
    """Start and end (None: not said) of a slot, in UTC, and what was doubtful."""

    starts_at: datetime
    ends_at: datetime | None
    doubts: tuple[Doubt, ...] = ()


def read_when(day: str, start: str, end: str, *, zone: ZoneInfo, today: date) -> When:
    """The time of a slot by its three cells, any of which may hold more than its own part; Invalid (field `date`,
    `start` or `end`) says what to write. A day without a year is the next such day."""
    readings = {name: read_cell(text, name, today) for name, text in (("date", day), ("start", start), ("end", end))}
    said = _merged(readings["date"], readings["start"])
    last = readings["end"]
    if said.day is None:
        raise Invalid("required", field="date")
    if said.clock is None:
        raise Invalid("cell_without_clock", field="start")
    starts_at = _instant(said.day, said.clock, said.offset, zone)
    ends_at = _end_of(said, last, zone)
    doubts = [doubt for reading in readings.values() for doubt in reading.doubts]
    return When(starts_at, ends_at, tuple(doubts))


def read_instant(text: str, name: str, *, zone: ZoneInfo, today: date) -> datetime:
    """One instant in UTC, day and time in one cell; Invalid (field `name`) says what to write."""
    said = read_cell(text, name, today)
    if said.day is None or said.end is not None:
        raise Invalid("cell_time", field=name)
    if said.clock is None:
        raise Invalid("cell_without_clock", field=name)
    return _instant(said.day, said.clock, said.offset, zone)


def write_day(at: datetime, zone: ZoneInfo) -> str:
    """The day of an instant: 2026-12-03."""
    return at.astimezone(zone).date().isoformat()


def write_clock(at: datetime, zone: ZoneInfo) -> str:
    """The time of day of an instant (15:00), whole and with its offset where the clocks show it twice."""
    local = at.astimezone(zone)
    if _is_twofold(local):
        return local.isoformat(sep=" ")
    return _clock_text(local.timetz().replace(tzinfo=None))


def write_instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant in one cell: 2026-12-03 15:00."""
    local = at.astimezone(zone)
    if _is_twofold(local):
        return local.isoformat(sep=" ")
    return f"{local.date().isoformat()} {_clock_text(local.time())}"


def _merged(day: Reading, start: Reading) -> Reading:
    """What the cells of day and start say together; Invalid when they differ."""
    if day.day is not None and start.day is not None and day.day != start.day:
        raise Invalid("cells_differ", field="start")
    if day.clock is not None and start.clock is not None and day.clock != start.clock:
        raise Invalid("cells_differ", field="start")
    main = start if start.clock is not None else day
    return replace(main, day=start.day or day.day)


def _end_of(said: Reading, last: Reading, zone: ZoneInfo) -> datetime | None:
    assert said.day is not None
    if last.clock is not None:
        if said.end is not None and (said.end, said.ends_at_midnight) != (last.clock, last.ends_at_midnight):
            raise Invalid("cells_differ", field="end")
        day = (last.day or said.end_day or said.day) + timedelta(days=last.ends_at_midnight)
        return _instant(day, last.clock, last.offset, zone)
    if last.day is not None:
        raise Invalid("cell_without_clock", field="end")
    if said.end is None:
        return None
    return _instant((said.end_day or said.day) + timedelta(days=said.ends_at_midnight), said.end, None, zone)


def _instant(day: date, clock: time, offset: timedelta | None, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, clock)
    if offset is not None:
        return (local - offset).replace(tzinfo=UTC)
    return local.replace(tzinfo=zone).astimezone(UTC)


def _is_twofold(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _clock_text(clock: time) -> str:
    return clock.isoformat("minutes" if not (clock.second or clock.microsecond) else "auto")
