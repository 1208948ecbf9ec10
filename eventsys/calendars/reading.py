"""Read a calendar of somebody else: its appointments within a span, repeating ones one by one.

Pure, and run in a process of its own (`python -m`): the parser is large, and a calendar may be made to keep it busy.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

FILE_BYTES_MAX = 5 * 1024 * 1024
ENTRIES_MAX = 2_000
TOO_OFTEN = {"SECONDLY", "MINUTELY"}
TEXT_MAX = 10_000
MEMORY_MAX = 1 << 30  # octets of address space of the process


@dataclass(frozen=True, slots=True)
class Entry:
    """One appointment: instants in RFC 3339 (of a whole day: the midnights of the zone). A busy one takes the time of
    whose calendar it is; `is_off` once it was cancelled."""

    uid: str
    title: str
    description: str
    place: str
    url: str
    starts_at: str
    ends_at: str
    is_all_day: bool
    is_busy: bool
    is_off: bool


def read_entries(content: bytes, first: date, last: date, zone: ZoneInfo) -> list[Entry]:
    """The appointments that touch the days from `first` to `last`, by start, `ENTRIES_MAX` at most. Times without a
    zone are the given zone's. ValueError when it is no calendar."""
    import icalendar
    import recurring_ical_events

    calendars = [item for item in icalendar.Calendar.from_ical(content, multiple=True) if item.name == "VCALENDAR"]
    if not calendars:
        raise ValueError("no VCALENDAR")
    entries: list[Entry] = []
    ends = _midnight(last + timedelta(days=1), zone)
    for calendar in calendars:
        _without_floods(calendar)
        for component in recurring_ical_events.of(calendar, skip_bad_series=True).after(_midnight(first, zone)):
            entry = _entry(component, zone)
            if datetime.fromisoformat(entry.starts_at) >= ends or len(entries) >= ENTRIES_MAX:
                break
            entries.append(entry)
    return sorted(entries, key=lambda entry: (datetime.fromisoformat(entry.starts_at), entry.uid))


def _without_floods(calendar: Any) -> None:
    """Take out what repeats by the second or minute: no appointment does."""
    for component in list(calendar.walk("VEVENT")):
        rules = component.get("RRULE")
        for rule in rules if isinstance(rules, list) else [rules] if rules else []:
            parts = {str(name).upper(): values for name, values in rule.items()}
            often = {str(value).upper() for value in parts.get("FREQ", [])} & TOO_OFTEN
            if often or {"BYSECOND", "BYMINUTE"} & parts.keys():
                calendar.subcomponents.remove(component)
                break


def _entry(component: Any, zone: ZoneInfo) -> Entry:
    start, end = component["DTSTART"].dt, component["DTEND"].dt if "DTEND" in component else component["DTSTART"].dt
    is_all_day = not isinstance(start, datetime)
    return Entry(
        uid=_text(component, "UID"),
        title=" ".join(_text(component, "SUMMARY").split()),
        description=_text(component, "DESCRIPTION"),
        place=" ".join(_text(component, "LOCATION").split()),
        url=_text(component, "URL"),
        starts_at=_instant(start, zone).isoformat(),
        ends_at=_instant(end, zone).isoformat(),
        is_all_day=is_all_day,
        is_busy=_text(component, "TRANSP").upper() != "TRANSPARENT",
        is_off=_text(component, "STATUS").upper() == "CANCELLED",
    )


def _text(component: Any, name: str) -> str:
    value = component.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value)[:TEXT_MAX]


def _instant(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return _midnight(value, zone)
    return value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def pack(content: bytes, first: date, last: date, zone: ZoneInfo) -> bytes:
    """What the process reads: a line that says what is wanted, then the calendar."""
    return json.dumps([first.isoformat(), last.isoformat(), zone.key]).encode() + b"\n" + content


def unpack(told: bytes) -> list[Entry] | None:
    """What the process wrote; None for what is no calendar."""
    entries = json.loads(told)
    return None if entries is None else [Entry(**entry) for entry in entries]


def _main() -> Iterator[str]:
    wanted, _line, content = sys.stdin.buffer.read().partition(b"\n")
    first, last, zone = json.loads(wanted)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    try:
        entries = read_entries(content, date.fromisoformat(first), date.fromisoformat(last), ZoneInfo(zone))
    except MemoryError:  # made to be too much, as one that never ends
        raise
    except Exception:  # the parser may fail at anything that is no calendar
        yield "null"
        return
    yield json.dumps([asdict(entry) for entry in entries])


if __name__ == "__main__":
    sys.stdout.writelines(_main())
