"""Calendars of others: read apart, laid out as a sheet, taken in as drafts."""

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from eventsys.calendars.drafts import LeftOut, sheet_of
from eventsys.calendars.reading import FILE_BYTES_MAX, read_entries
from eventsys.calendars.services import imports, read_apart
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState
from tests import cast
from tests.factories import soon

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 12, 1), date(2027, 12, 1)
AT = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)


def calendar(*events: str, head: str = "") -> bytes:
    """A calendar of events given by their lines."""
    body = "".join(f"BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def starts(content: bytes) -> list[str]:
    return [entry.starts_at[:16] for entry in read_entries(content, FIRST, LAST, ZONE)]


WEEKLY = """
UID:w
DTSTART;TZID=Asia/Shanghai:20261202T090000
DTEND;TZID=Asia/Shanghai:20261202T103000
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE;TZID=Asia/Shanghai:20261209T090000
SUMMARY:税收政策宣讲
"""
MOVED = """
UID:w
RECURRENCE-ID;TZID=Asia/Shanghai:20261216T090000
DTSTART;TZID=Asia/Shanghai:20261217T140000
DTEND;TZID=Asia/Shanghai:20261217T150000
SUMMARY:税收政策宣讲（改期）
"""


def test_repeating_appointments_come_one_by_one_without_those_left_out_and_with_those_moved():
    expected = ["2026-12-02T09:00", "2026-12-17T14:00", "2026-12-23T09:00"]
    assert starts(calendar(WEEKLY, MOVED)) == expected


@pytest.mark.parametrize(
    ("lines", "start", "minutes"),
    [
        ("DTSTART:20261203T010000Z\nDTEND:20261203T020000Z", "2026-12-03T09:00:00+08:00", 60),
        ("DTSTART:20261203T090000\nDURATION:PT45M", "2026-12-03T09:00:00+08:00", 45),
        ("DTSTART;TZID=America/New_York:20261203T090000\nDTEND:20261203T150000Z", "2026-12-03T22:00:00+08:00", 60),
        ("DTSTART;TZID=China Standard Time:20261203T090000\nDURATION:PT1H", "2026-12-03T09:00:00+08:00", 60),
        ("DTSTART;VALUE=DATE:20261203", "2026-12-03T00:00:00+08:00", 24 * 60),
        ("DTSTART:20261203T090000", "2026-12-03T09:00:00+08:00", 0),
    ],
)
def test_times_of_every_sort_are_the_district_s(lines, start, minutes):
    (entry,) = read_entries(calendar(f"UID:a\nSUMMARY:x\n{lines}"), FIRST, LAST, ZONE)
    assert entry.starts_at == start
    lasts = datetime.fromisoformat(entry.ends_at) - datetime.fromisoformat(entry.starts_at)
    assert lasts == timedelta(minutes=minutes)
    assert entry.is_all_day == ("VALUE=DATE" in lines)


def test_texts_are_read_as_they_were_written():
    when = "UID:a\nDTSTART:20261203T010000Z\nDURATION:PT1H"
    lines = f"{when}\nSUMMARY:一\\, 二\\; 三 👩‍👩‍👧\nDESCRIPTION:第一行\\n第二行\nLOCATION:3层"
    (entry,) = read_entries(calendar(lines), FIRST, LAST, ZONE)
    assert (entry.title, entry.description, entry.place) == ("一, 二; 三 👩‍👩‍👧", "第一行\n第二行", "3层")


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"hello", b"BEGIN:VCARD\r\nEND:VCARD\r\n", b"BEGIN:VCALENDAR\r\n", "日历".encode()]
)
def test_what_is_no_calendar_is_said(app, content):
    with pytest.raises(Invalid) as caught:
        read_apart(content, FIRST, LAST, "file")
    assert caught.value.code in {"not_a_calendar"}


def test_one_made_to_keep_the_parser_busy_is_given_up(app, monkeypatch):
    monkeypatch.setattr(imports, "READING_SECONDS", 3)
    hours = ",".join(map(str, range(24)))
    flood = f"UID:a\nDTSTART:19010101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYHOUR={hours}\nSUMMARY:x"
    with pytest.raises(Invalid) as caught:
        read_apart(calendar(flood), FIRST, LAST, "url")
    assert (caught.value.code, caught.value.field) == ("calendar_endless", "url")
    with pytest.raises(Invalid) as caught:
        read_apart(b"x" * (FILE_BYTES_MAX + 1), FIRST, LAST, "url")
    assert caught.value.code == "file_too_large"


def test_what_repeats_by_the_second_is_no_appointment():
    flood = "UID:a\nDTSTART:20261203T000000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY\nSUMMARY:x"
    assert starts(calendar(flood, WEEKLY)) == ["2026-12-02T09:00", "2026-12-16T09:00", "2026-12-23T09:00"]


def test_what_can_be_no_slot_is_left_out_by_its_reason():
    def one(name, lines="", start="20261203T010000Z"):
        return f"UID:{name}\nSUMMARY:{name}\nDTSTART:{start}\nDURATION:PT1H\n{lines}"

    content = calendar(
        one("good"),
        one("off", "STATUS:CANCELLED"),
        "UID:day\nSUMMARY:day\nDTSTART;VALUE=DATE:20261204",
        one("there"),
        "UID:endless\nSUMMARY:endless\nDTSTART:20261203T010000Z",
        one("past", start="20261130T180000Z"),
    )
    entries = read_entries(content, FIRST, LAST, ZONE)
    known = {("there", datetime(2026, 12, 3, 1, tzinfo=UTC))}
    sheet, number, left_out = sheet_of(entries, "tax", SlotFormat.SESSION, known, AT, ZONE)
    assert number == 1
    assert sheet.decode("utf-8-sig").splitlines()[1] == "tax,good,服务专场,2026-12-03,09:00,10:00,,,"
    assert left_out == dict.fromkeys(LeftOut, 1)


def _upload(client, content, **data):
    form = {"department": "tax", "format": "session", **data}
    if content is not None:
        form["file"] = (io.BytesIO(content), "部门日历.ics")
    return client.post("/calendars/import", data=form, content_type="multipart/form-data")


def _coming() -> bytes:
    start = soon().astimezone(UTC)
    lines = f"DTSTART:{start:%Y%m%dT%H%M%SZ}\nDURATION:PT90M"
    return calendar(f"UID:a\nSUMMARY:𠮷税务，=1+1\nLOCATION:第一活动中心\nDESCRIPTION:带材料\\n第二行\n{lines}")


def test_a_clerk_takes_a_calendar_in_and_once_more_without_doubles(client):
    client.sign_in(cast.CLERK)
    answer = _upload(client, _coming())
    assert answer.status_code == 303
    preview = client.get(answer.location).get_data(as_text=True)
    assert "𠮷税务，=1+1" in preview
    assert db.session.scalars(select(Slot)).all() == []
    assert client.post(answer.location).status_code == 303
    db.session.rollback()
    (slot,) = db.session.scalars(select(Slot)).all()
    assert (slot.state, slot.title, slot.description) == (SlotState.DRAFT, "𠮷税务，=1+1", "带材料\n第二行")
    assert (slot.starts_at, slot.ends_at - slot.starts_at) == (soon(), timedelta(minutes=90))
    assert (slot.department_id, slot.place_id) == (cast.TAX, cast.CENTRE)
    again = _upload(client, _coming())
    assert again.status_code == 422
    assert "没有" in again.get_data(as_text=True) or "1" in again.get_data(as_text=True)


def test_bad_input_names_the_field_and_nothing_is_kept(client):
    client.sign_in(cast.CLERK)
    for content, data, field in (
        (None, {}, "file"),
        (b"hello", {}, "file"),
        (_coming(), {"url": "https://example.org/a.ics"}, "file"),
        (None, {"url": "ftp://example.org/"}, "url"),
        (None, {"url": "http://127.0.0.1/"}, "url"),
        (None, {"url": "https://" + "x" * 600}, "url"),
        (_coming(), {"department": "kxj"}, "department"),
        (_coming(), {"format": "party"}, "format"),
    ):
        answer = _upload(client, content, **data)
        assert answer.status_code == 422, (content, data)
        assert f'id="{field}-error"' in answer.get_data(as_text=True), (data, field)
    assert db.session.scalars(select(Slot)).all() == []


def test_only_who_makes_slots_takes_calendars_in(client):
    for member, status in ((cast.CONTACT, 403), (cast.STEWARD, 403), (cast.CLERK, 200), (cast.COORDINATOR, 200)):
        assert client.sign_in(member).get("/calendars/import").status_code == status
    client.sign_in(cast.STRANGER_CLERK)
    assert _upload(client, _coming(), department="tax").status_code == 422
