"""iCalendar text (RFC 5545, RFC 7986) from values: the same values give the same bytes. No clock, no random number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LINE_OCTETS = 75
PRODUCT = "-//eventsys//eventsys 1//EN"
CONTENT_TYPE = "text/calendar; charset=utf-8"

_SPECIAL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff\\\\;,]")
_BREAK = re.compile("\r\n|[\n\x85\u2028\u2029]")  # the last three end a line for some readers
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_A_WINTER_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a local time: the zone has one offset all the year


class Status(StrEnum):
    """STATUS of an event."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Instants are aware; `uid` is ASCII and the same for ever; `changed_at` is DTSTAMP and LAST-MODIFIED.

    `color` is a CSS colour name, `place` latitude and longitude in WGS 84 degrees.
    """

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    color: str = ""
    categories: tuple[str, ...] = ()
    status: Status = Status.CONFIRMED
    is_busy: bool = True
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """What stands above the events. `zone` has one offset (FEEDS.md 5). A feed has a name and refreshes hourly; a
    single event's file has none."""

    zone: ZoneInfo
    name: str = ""
    description: str = ""
    url: str = ""
    color: str = ""


def calendar_bytes(calendar: Calendar, events: Iterable[Event]) -> bytes:
    """The whole calendar, in the order given."""
    return b"".join(calendar_lines(calendar, events))


def calendar_lines(calendar: Calendar, events: Iterable[Event]) -> Iterator[bytes]:
    """The calendar in pieces of whole, folded lines: first what stands above, then each event, then the end."""
    yield b"".join(map(fold, _head(calendar)))
    for event in events:
        yield b"".join(map(fold, _event(event, calendar.zone)))
    yield b"END:VCALENDAR\r\n"


def fold(line: str) -> bytes:
    """The line as UTF-8 with CRLF, in pieces of at most 75 octets, never split inside a character."""
    raw = line.encode()
    if len(raw) <= LINE_OCTETS:
        return raw + b"\r\n"
    pieces, start, room = [], 0, LINE_OCTETS
    while len(raw) - start > room:
        end = start + room
        while raw[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        pieces.append(raw[start:end])
        start, room = end, LINE_OCTETS - 1  # a continued line begins with a blank
    pieces.append(raw[start:])
    return b"\r\n ".join(pieces) + b"\r\n"


def escape(text: str) -> str:
    """A TEXT value: line breaks escaped, control characters stripped (a tab becomes a blank)."""
    if _SPECIAL.search(text) is None:
        return text
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\t", " ")
    return _CONTROL.sub("", _BREAK.sub("\\\\n", text))


def _plain(value: str) -> str:
    """A value that is not TEXT, such as a URI: nothing is escaped, so nothing that ends a line may stay."""
    return value if _SPECIAL.search(value) is None else _CONTROL.sub("", _BREAK.sub("", value))


def _head(calendar: Calendar) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:{PRODUCT}"
    yield "CALSCALE:GREGORIAN"
    if calendar.name:
        name = escape(calendar.name)
        yield f"NAME:{name}"
        yield f"X-WR-CALNAME:{name}"
        yield f"X-WR-TIMEZONE:{calendar.zone.key}"
        yield "REFRESH-INTERVAL;VALUE=DURATION:PT1H"
        yield "X-PUBLISHED-TTL:PT1H"
    if calendar.description:
        description = escape(calendar.description)
        yield f"DESCRIPTION:{description}"
        yield f"X-WR-CALDESC:{description}"
    if calendar.url:
        yield f"URL:{_plain(calendar.url)}"
    if calendar.color:
        yield f"COLOR:{_plain(calendar.color)}"
    yield from _time_zone(calendar.zone)


def _time_zone(zone: ZoneInfo) -> Iterator[str]:
    """A VTIMEZONE with the one offset the zone has had since 1992."""
    offset = _offset(_A_WINTER_DAY.replace(tzinfo=zone).utcoffset() or timedelta(0))
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{zone.key}"
    yield "BEGIN:STANDARD"
    yield "DTSTART:19700101T000000"
    yield f"TZOFFSETFROM:{offset}"
    yield f"TZOFFSETTO:{offset}"
    yield f"TZNAME:{escape(_A_WINTER_DAY.replace(tzinfo=zone).tzname() or zone.key)}"
    yield "END:STANDARD"
    yield "END:VTIMEZONE"


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _event(event: Event, zone: ZoneInfo) -> Iterator[str]:
    changed_at = _utc(event.changed_at)
    yield "BEGIN:VEVENT"
    yield f"UID:{_plain(event.uid)}"
    yield f"DTSTAMP:{changed_at}"
    yield f"LAST-MODIFIED:{changed_at}"
    yield f"SEQUENCE:{event.sequence}"
    yield _local("DTSTART", event.starts_at, zone)
    yield _local("DTEND", event.ends_at, zone)
    yield f"SUMMARY:{escape(event.summary)}"
    yield f"STATUS:{event.status.value}"
    yield f"TRANSP:{'OPAQUE' if event.is_busy else 'TRANSPARENT'}"
    for name, text in (("LOCATION", event.location), ("DESCRIPTION", event.description)):
        if text:
            yield f"{name}:{escape(text)}"
    if event.place:
        yield f"GEO:{event.place[0]:.6f};{event.place[1]:.6f}"
    if event.categories:
        yield f"CATEGORIES:{','.join(map(escape, event.categories))}"
    if event.color:
        yield f"COLOR:{_plain(event.color)}"
    if event.url:
        yield f"URL:{_plain(event.url)}"
    yield "END:VEVENT"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S}Z"


def _local(name: str, at: datetime, zone: ZoneInfo) -> str:
    return f"{name};TZID={zone.key}:{at.astimezone(zone):%Y%m%dT%H%M%S}"
