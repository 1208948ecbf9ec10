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
_CONTINUED = re.compile(rb"(?s).{1,74}(?![\x80-\xbf])")  # a continued line begins with a blank
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_A_WINTER_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a local time: the zone has one offset all the year


class Status(StrEnum):
    """STATUS of an event."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Method(StrEnum):
    """What a mailed calendar asks of who gets it (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody by mail address."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Instants are aware; `uid` is ASCII and the same for ever; `changed_at` is DTSTAMP and LAST-MODIFIED.

    `color` is a CSS colour name, `place` latitude and longitude in WGS 84 degrees. Organiser and
    attendees belong in mail.
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
    organizer: Mailbox | None = None
    attendees: tuple[Mailbox, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """What stands above the events. `zone` has one offset (FEEDS.md 5). A feed has a name and refreshes hourly; a
    single event's file has none. Only what is mailed has a method (FEEDS.md 4)."""

    zone: ZoneInfo
    name: str = ""
    description: str = ""
    url: str = ""
    color: str = ""
    method: Method | None = None


def calendar_bytes(calendar: Calendar, events: Iterable[Event]) -> bytes:
    """The whole calendar, in the order given."""
    return b"".join(calendar_lines(calendar, events))


def calendar_lines(calendar: Calendar, events: Iterable[Event]) -> Iterator[bytes]:
    """The calendar in pieces of whole, folded lines: first what stands above, then each event, then the end."""
    yield b"".join(map(fold, _head(calendar)))
    for event in events:
        yield _event(event, calendar.zone)
    yield b"END:VCALENDAR\r\n"


def fold(line: str) -> bytes:
    """The line as UTF-8 with CRLF, in pieces of at most 75 octets, never split inside a character."""
    raw = line.encode()
    if len(raw) <= LINE_OCTETS:
        return raw + b"\r\n"
    first = LINE_OCTETS
    while raw[first] & 0xC0 == 0x80:  # inside a character
        first -= 1
    return b"\r\n ".join([raw[:first], *_CONTINUED.findall(raw, first)]) + b"\r\n"


def escape(text: str) -> str:
    """A TEXT value: line breaks escaped, control characters stripped (a tab becomes a blank)."""
    if _SPECIAL.search(text) is None:
        return text
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\t", " ")
    return _CONTROL.sub("", _BREAK.sub("\\\\n", text))


def _plain(value: str) -> str:
    """A value that is not TEXT, such as a URI: nothing is escaped, so nothing that ends a line may stay."""
    return value if _SPECIAL.search(value) is None else _CONTROL.sub("", _BREAK.sub("", value))


def _common_name(who: Mailbox) -> str:
    """The CN parameter, in quotes, which a quote cannot stand within (RFC 5545 3.2)."""
    name = _CONTROL.sub("", _BREAK.sub(" ", who.name.replace('"', "'"))).strip()
    return f';CN="{name}"' if name else ""


def _head(calendar: Calendar) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:{PRODUCT}"
    yield "CALSCALE:GREGORIAN"
    if calendar.method:
        yield f"METHOD:{calendar.method.value}"
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


def _event(event: Event, zone: ZoneInfo) -> bytes:
    """The lines of an event. Those in one piece cannot reach 75 octets; the others are folded."""
    changed_at = f"{_digits(event.changed_at.astimezone(UTC))}Z"
    lines = [
        b"BEGIN:VEVENT\r\n",
        fold(f"UID:{_plain(event.uid)}"),
        (
            f"DTSTAMP:{changed_at}\r\nLAST-MODIFIED:{changed_at}\r\nSEQUENCE:{event.sequence}\r\n"
            f"DTSTART;TZID={zone.key}:{_digits(event.starts_at.astimezone(zone))}\r\n"
            f"DTEND;TZID={zone.key}:{_digits(event.ends_at.astimezone(zone))}\r\n"
            f"STATUS:{event.status.value}\r\nTRANSP:{'OPAQUE' if event.is_busy else 'TRANSPARENT'}\r\n"
        ).encode(),
        fold(f"SUMMARY:{escape(event.summary)}"),
    ]
    if event.location:
        lines.append(fold(f"LOCATION:{escape(event.location)}"))
    if event.description:
        lines.append(fold(f"DESCRIPTION:{escape(event.description)}"))
    if event.place:
        lines.append(f"GEO:{event.place[0]:.6f};{event.place[1]:.6f}\r\n".encode())
    if event.categories:
        lines.append(fold(f"CATEGORIES:{','.join(map(escape, event.categories))}"))
    if event.color:
        lines.append(fold(f"COLOR:{_plain(event.color)}"))
    if event.url:
        lines.append(fold(f"URL:{_plain(event.url)}"))
    if event.organizer:
        lines.append(fold(f"ORGANIZER{_common_name(event.organizer)}:mailto:{_plain(event.organizer.address)}"))
    for who in event.attendees:
        asked = "ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
        lines.append(fold(f"ATTENDEE{_common_name(who)};{asked}:mailto:{_plain(who.address)}"))
    lines.append(b"END:VEVENT\r\n")
    return b"".join(lines)


def _digits(at: datetime) -> str:
    """`20261203T143000`, of the instant's own zone."""
    return at.isoformat()[:19].replace("-", "").replace(":", "")
