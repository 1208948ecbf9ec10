"""FEEDS.md, rules 1 to 9, of every feed there is; and that each check notices a feed that breaks its rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import icalendar
import pytest

from eventsys.bookings.rules import BookingState
from eventsys.slots.rules import SlotState
from tests import cast
from tests.calendars.conftest import add_booking, add_link, add_slot, all_feeds

COLOUR_NAME = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Served:
    """What a client got: the text, the headers, and whether only who has the link may."""

    raw: bytes
    headers: dict[str, str]
    is_private: bool = False

    def with_text(self, old: str, new: str) -> Served:
        """Broken in one place."""
        assert old.encode() in self.raw, old
        return replace(self, raw=self.raw.replace(old.encode(), new.encode(), 1))

    def with_pattern(self, old: bytes, new: bytes) -> Served:
        """Broken wherever the pattern is."""
        assert re.search(old, self.raw), old
        return replace(self, raw=re.sub(old, new, self.raw))

    def with_header(self, name: str, value: str) -> Served:
        """With another header."""
        return replace(
            self, headers={key: val for key, val in {**self.headers, name: value}.items() if val is not None}
        )

    def lines(self) -> list[str]:
        """The unfolded lines."""
        return self.raw.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]

    def events(self) -> list[icalendar.Event]:
        """As the icalendar package reads them."""
        return icalendar.Calendar.from_ical(self.raw).walk("VEVENT")


def lines_are_short_and_whole(served: Served) -> None:
    assert served.raw.endswith(b"\r\n")
    assert served.raw.count(b"\r") == served.raw.count(b"\n") == served.raw.count(b"\r\n")
    for line in served.raw.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line)


def uids_are_ours_for_ever(served: Served) -> None:
    uids = [line for line in served.lines() if line.startswith("UID:")]
    assert len(uids) == len(set(uids)) == len(served.events())
    assert all(re.fullmatch(r"UID:[a-z0-9]{13}@eventsys\.test", uid, re.ASCII) for uid in uids)


def changes_are_told(served: Served) -> None:
    for event in served.events():
        assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt
        assert event["SEQUENCE"] >= 1


def there_is_no_method(served: Served) -> None:
    assert not [line for line in served.lines() if line.startswith("METHOD")]


def times_have_the_zone_and_the_zone_comes_first(served: Served) -> None:
    text = "\n".join(served.lines())
    zone = re.search(r"BEGIN:VTIMEZONE\n.*?END:VTIMEZONE", text, re.DOTALL)
    assert zone
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert zone.end() < text.index("BEGIN:VEVENT")
    assert zone[0].split("\n")[1:6] == [
        "TZID:Asia/Shanghai",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0800",
        "TZOFFSETTO:+0800",
    ]
    assert "DAYLIGHT" not in zone[0]
    times = re.findall(r"^(?:DTSTART|DTEND)\b.*$", text[zone.end() :], re.MULTILINE)
    assert times
    assert all(re.fullmatch(r"(DTSTART|DTEND);TZID=Asia/Shanghai:\d{8}T\d{6}", line) for line in times)


def the_cancelled_are_marked(served: Served) -> None:
    marked = [event for event in served.events() if event["STATUS"] == "CANCELLED"]
    assert marked
    for event in served.events():
        assert (event in marked) == str(event["SUMMARY"]).startswith("【已取消】")


def the_heading_is_whole_and_nothing_is_sent_to_anybody(served: Served) -> None:
    head = served.lines()[: served.lines().index("BEGIN:VTIMEZONE")]
    values = dict(line.split(":", 1) for line in head)
    assert values["NAME"] == values["X-WR-CALNAME"] != ""
    assert values["REFRESH-INTERVAL;VALUE=DURATION"] == values["X-PUBLISHED-TTL"] == "PT1H"
    assert COLOUR_NAME.fullmatch(values["COLOR"])
    assert values["DESCRIPTION"]
    assert values["URL"].startswith("http://127.0.0.1:8000/")
    for word in ("ATTENDEE", "ORGANIZER", "BEGIN:VALARM"):
        assert not [line for line in served.lines() if line.startswith(word)]


def the_answer_suits_clients_and_caches(served: Served) -> None:
    headers = served.headers
    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert re.fullmatch(r'inline; filename="[a-z0-9]+\.ics"', headers["Content-Disposition"])
    assert re.fullmatch(r'"[0-9a-f]+(-gz)?"', headers["ETag"])
    assert headers["Last-Modified"].endswith("GMT")
    assert headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in headers


def a_private_one_stays_private(served: Served) -> None:
    if served.is_private:
        assert served.headers["Cache-Control"].startswith("private")
        assert served.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in served.headers["X-Robots-Tag"]


RULES: dict[Callable[[Served], None], dict[str, Callable[[Served], Served]]] = {
    lines_are_short_and_whole: {
        "LF alone": lambda feed: feed.with_text("VERSION:2.0\r\n", "VERSION:2.0\n"),
        "a long line": lambda feed: replace(feed, raw=feed.raw.replace(b"\r\n ", b"")),
        "a character cut": lambda feed: replace(feed, raw=feed.raw.replace("税".encode(), b"\xe7\xa8\r\n \x8e", 1)),
        "a control character": lambda feed: feed.with_text("SUMMARY:", "SUMMARY:\x07"),
        "a lone CR": lambda feed: feed.with_text("SUMMARY:", "SUMMARY:\r"),
        "no end": lambda feed: replace(feed, raw=feed.raw.removesuffix(b"\r\n")),
    },
    uids_are_ours_for_ever: {
        "a random one": lambda feed: feed.with_text("UID:", "UID:0f8fad5b-d9cb-469f-a165-70867728950e"),
        "another host": lambda feed: feed.with_text("@eventsys.test", "@10.0.0.1"),
        "not ASCII": lambda feed: feed.with_text("UID:", "UID:税"),
        "twice": lambda feed: replace(feed, raw=feed.raw.replace(b"END:VCALENDAR", _event(feed) + b"END:VCALENDAR")),
    },
    changes_are_told: {
        "the stamp is now": lambda feed: feed.with_pattern(rb"DTSTAMP:\d+T\d+Z", b"DTSTAMP:20261122T010101Z"),
        "no sequence": lambda feed: feed.with_pattern(rb"SEQUENCE:\d+", b"SEQUENCE:0"),
    },
    there_is_no_method: {"PUBLISH": lambda feed: feed.with_text("CALSCALE", "METHOD:PUBLISH\r\nCALSCALE")},
    times_have_the_zone_and_the_zone_comes_first: {
        "floating": lambda feed: feed.with_text("DTEND;TZID=Asia/Shanghai:", "DTEND:"),
        "summer time": lambda feed: feed.with_text("END:STANDARD", "END:STANDARD\r\nBEGIN:DAYLIGHT\r\nEND:DAYLIGHT"),
        "rules of 1986": lambda feed: feed.with_text("DTSTART:19700101T000000", "DTSTART:19860504T020000"),
        "last": lambda feed: replace(feed, raw=_zone_last(feed.raw)),
    },
    the_cancelled_are_marked: {
        "no prefix": lambda feed: feed.with_text("【已取消】", ""),
        "no status": lambda feed: feed.with_text("STATUS:CANCELLED", "STATUS:CONFIRMED"),
    },
    the_heading_is_whole_and_nothing_is_sent_to_anybody: {
        "what breaks Xiaomi": lambda feed: feed.with_text("X-PUBLISHED-TTL:PT1H", "X-PUBLISHED-TTL:P1H"),
        "no name": lambda feed: feed.with_text("\r\nX-WR-CALNAME", "\r\nX-WR-CALNAMES"),
        "a colour by number": lambda feed: feed.with_pattern(rb"COLOR:[a-z]+", b"COLOR:#1050a0"),
        "an attendee": lambda feed: feed.with_text("END:VEVENT", "ATTENDEE:mailto:a@example.org\r\nEND:VEVENT"),
        "an alarm": lambda feed: feed.with_text("END:VEVENT", "BEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT"),
    },
    the_answer_suits_clients_and_caches: {
        "a weak tag": lambda feed: feed.with_header("ETag", 'W/"1"'),
        "a download": lambda feed: feed.with_header("Content-Disposition", 'attachment; filename="feed.ics"'),
        "no charset": lambda feed: feed.with_header("Content-Type", "text/calendar"),
        "a cookie": lambda feed: feed.with_header("Set-Cookie", "a=b"),
        "no Vary": lambda feed: feed.with_header("Vary", ""),
        "no time": lambda feed: feed.with_header("Last-Modified", ""),
    },
    a_private_one_stays_private: {
        "cached by others": lambda feed: feed.with_header("Cache-Control", "public, max-age=60"),
        "told to the next site": lambda feed: feed.with_header("Referrer-Policy", "same-origin"),
        "indexed": lambda feed: feed.with_header("X-Robots-Tag", ""),
    },
}  # fmt: skip


def _event(feed: Served) -> bytes:
    start, end = feed.raw.index(b"BEGIN:VEVENT"), feed.raw.index(b"END:VEVENT\r\n") + len(b"END:VEVENT\r\n")
    return feed.raw[start:end]


def _zone_last(raw: bytes) -> bytes:
    zone = re.search(rb"BEGIN:VTIMEZONE.*?END:VTIMEZONE\r\n", raw, re.DOTALL)
    assert zone
    return raw.replace(zone[0], b"").replace(b"END:VCALENDAR", zone[0] + b"END:VCALENDAR")


def _feeds(client) -> dict[str, Served]:
    slot = add_slot(description="\n".join(["长" * 90, "👩‍👩‍👧" * 9, "a\x07b\rc", "x" * 200]), services=[1])
    off = add_slot(state=SlotState.CALLED_OFF, call_off_reason="台风，改期；见\\通知")
    add_booking(slot)
    add_booking(off, BookingState.CANCELLED)
    served = {}
    for path in [*all_feeds(), "/feeds/topics/policy.ics", "/feeds/slots.ics?format=session&q=研发", _door_link()]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        served[path] = Served(answer.data, dict(answer.headers), "private" in path)
    return served


def _door_link() -> str:
    return add_link(cast.STEWARD, department=cast.TAX, for_stewards=True)[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_feed_keeps_the_rule(client, rule):
    for path, feed in _feeds(client).items():
        try:
            rule(feed)
        except Exception as error:
            raise AssertionError(f"{rule.__name__} of {path}") from error


@pytest.mark.sqlite_only
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_feed_that_breaks_the_rule_is_noticed(client, rule):
    *_others, feed = _feeds(client).values()
    rule(feed)
    for name, breaking in RULES[rule].items():
        broken = breaking(feed)
        assert _is_noticed(rule, broken), name


def _is_noticed(rule: Callable[[Served], None], feed: Served) -> bool:
    try:
        rule(feed)
    except (AssertionError, UnicodeDecodeError, KeyError, ValueError):
        return True
    return False
