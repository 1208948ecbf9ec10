"""Calendar text, with the icalendar package as judge."""

import os
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.core.ical import LINE_OCTETS, Calendar, Event, Status, calendar_bytes, calendar_lines, escape, fold

SHANGHAI = ZoneInfo("Asia/Shanghai")
FEED = Calendar(SHANGHAI, name="示范区服务预约", description="所有公开场次", url="https://example.com/", color="navy")
PLAIN = Event(
    uid="sxxxxxxaaaaaa@eventsys.test",
    sequence=3,
    changed_at=datetime(2026, 11, 20, 1, 2, 3, 999_999, tzinfo=UTC),
    starts_at=datetime(2026, 12, 3, 6, 0, tzinfo=UTC),
    ends_at=datetime(2026, 12, 3, 7, 30, tzinfo=UTC),
    summary="税务局：研发费用加计扣除",
    description="第一行\n第二行；a, b; c\\d",
    location="第一活动中心（软件园）",
    url="https://example.com/slots/abc?a=1,2;b",
    color="steelblue",
    categories=("送政策", "a,b"),
    place=(24.48, 118.18),
)
# What people paste: Chinese, rare characters, emoji with joiners, combining marks, right-to-left, the escaped ones.
PIECES = [
    "税务局",
    "𠮷",
    "👩‍👩‍👧‍👦",
    "e\u0301\u0302\u0323",
    "שלום",
    "\\",
    ";",
    ",",
    "\n",
    "\\n",
    '"',
    ":",
    " ",
    "\u00a0",
    "x",
]
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"), max_size=200),
)


def _parsed(event, calendar=FEED):
    parsed = icalendar.Calendar.from_ical(calendar_bytes(calendar, [event]))
    assert not parsed.errors
    (found,) = parsed.walk("VEVENT")
    assert not found.errors
    return found


@given(texts, texts, texts)
def test_every_text_is_read_back_equal(summary, description, location):
    found = _parsed(replace(PLAIN, summary=summary, description=description, location=location))
    assert found["SUMMARY"] == summary
    assert found.get("DESCRIPTION", "") == description
    assert found.get("LOCATION", "") == location


@given(st.text(max_size=300).map(lambda text: text.replace("\ud800", "")))
def test_lines_have_at_most_75_octets_and_whole_characters(text):
    raw = calendar_bytes(FEED, [replace(PLAIN, summary=text, description=text * 3)])
    assert raw.endswith(b"END:VCALENDAR\r\n")
    for line in raw.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= LINE_OCTETS
        line.decode()  # a character split in two would fail here
        assert not re.search(rb"[\x00-\x1f\x7f]", line)


@pytest.mark.parametrize("character", ["a", "é", "税", "𠮷"])
@pytest.mark.parametrize("length", range(60, 80))
def test_folding_at_the_edge_uses_the_room_there_is(character, length):
    line = "a" * length + character * 40
    folded = fold(line)
    assert folded.replace(b"\r\n ", b"") == line.encode() + b"\r\n"
    *full, _last = folded.removesuffix(b"\r\n").split(b"\r\n")
    assert all(LINE_OCTETS - len(character.encode()) < len(piece) <= LINE_OCTETS for piece in full)


def test_a_line_of_exactly_75_octets_is_not_folded():
    assert fold("税" * 25) == ("税" * 25).encode() + b"\r\n"
    assert fold("税" * 25 + "a") == ("税" * 25).encode() + b"\r\n a\r\n"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a\rb", "ab"),  # a lone CR is stripped
        ("a\r\nb", "a\\nb"),
        ("a\x00\x07\x0b\x0c\x1b\x7fb", "ab"),
        ("a\tb", "a b"),
        ("a\x85b\u2028c\u2029d", "a\\nb\\nc\\nd"),  # what splitlines() takes for the end of a line
        ("a\ud800b", "ab"),
        ("\\n", "\\\\n"),
        ("a;b,c", "a\\;b\\,c"),
    ],
)
def test_escaping(given, written):
    assert escape(given) == written


def test_no_value_can_start_a_line_of_its_own():
    trick = "x\r\nBEGIN:VALARM\nATTENDEE:mailto:a@example.com\x85METHOD:CANCEL"
    hostile = replace(PLAIN, uid=trick, url=trick, summary=trick, color=trick, location=trick, categories=(trick,))
    raw = calendar_bytes(replace(FEED, url=trick, name=trick, color=trick), [hostile])
    assert not re.search(rb"^(BEGIN:VALARM|ATTENDEE|METHOD)", raw, re.MULTILINE)


def test_times_carry_the_zone_and_the_zone_is_written_out_first():
    raw = calendar_bytes(FEED, [PLAIN]).decode()
    assert "DTSTART;TZID=Asia/Shanghai:20261203T140000\r\n" in raw
    assert "DTEND;TZID=Asia/Shanghai:20261203T153000\r\n" in raw
    zone = raw[raw.index("BEGIN:VTIMEZONE") : raw.index("END:VTIMEZONE")].split("\r\n")
    assert "DTSTART:19700101T000000" in zone
    assert "TZOFFSETFROM:+0800" in zone
    assert "TZOFFSETTO:+0800" in zone
    assert sum(line.startswith("BEGIN:") for line in zone) == 2
    assert raw.index("BEGIN:VTIMEZONE") < raw.index("BEGIN:VEVENT")
    found = _parsed(PLAIN)
    assert found["DTSTART"].dt == PLAIN.starts_at
    assert found["DTEND"].dt == PLAIN.ends_at


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", "+0000"), ("Asia/Kolkata", "+0530"), ("America/Phoenix", "-0700"), ("Asia/Kathmandu", "+0545")],
)
def test_other_zones_without_clock_changes(zone, offset):
    calendar = replace(FEED, zone=ZoneInfo(zone))
    assert f"TZOFFSETTO:{offset}\r\n" in calendar_bytes(calendar, []).decode()
    assert _parsed(PLAIN, calendar)["DTSTART"].dt == PLAIN.starts_at


def test_the_change_is_dtstamp_and_last_modified_in_whole_seconds():
    raw = calendar_bytes(FEED, [PLAIN]).decode()
    assert "DTSTAMP:20261120T010203Z\r\nLAST-MODIFIED:20261120T010203Z\r\nSEQUENCE:3\r\n" in raw


def test_every_property_is_read_back():
    found = _parsed(PLAIN)
    assert found["UID"] == PLAIN.uid
    assert found["STATUS"] == "CONFIRMED"
    assert found["TRANSP"] == "OPAQUE"
    assert found["URL"] == PLAIN.url
    assert found["COLOR"] == "steelblue"
    assert [str(name) for name in found["CATEGORIES"].cats] == ["送政策", "a,b"]
    assert (found["GEO"].latitude, found["GEO"].longitude) == PLAIN.place
    called_off = _parsed(replace(PLAIN, status=Status.CANCELLED, is_busy=False))
    assert (called_off["STATUS"], called_off["TRANSP"]) == ("CANCELLED", "TRANSPARENT")


def test_a_feed_says_its_name_and_how_often_to_come_back():
    parsed = icalendar.Calendar.from_ical(calendar_bytes(FEED, []))
    assert parsed["NAME"] == parsed["X-WR-CALNAME"] == FEED.name
    assert parsed["REFRESH-INTERVAL"].dt == timedelta(hours=1)
    assert parsed["REFRESH-INTERVAL"].params["VALUE"] == "DURATION"
    assert parsed["X-PUBLISHED-TTL"] == "PT1H"
    assert {"METHOD", "UID"}.isdisjoint(parsed)


def test_the_same_values_give_the_same_bytes_in_every_time_zone(monkeypatch):
    raw = set()
    for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
        monkeypatch.setitem(os.environ, "TZ", zone)
        time.tzset()
        raw.add(calendar_bytes(FEED, [PLAIN]))
    monkeypatch.undo()
    time.tzset()
    assert len(raw) == 1


def test_events_are_written_as_they_come():
    def endless():
        while True:
            yield PLAIN

    pieces = calendar_lines(FEED, endless())
    assert next(pieces).startswith(b"BEGIN:VCALENDAR\r\n")
    assert next(pieces) == next(pieces)
