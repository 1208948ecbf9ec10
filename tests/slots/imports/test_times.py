"""Days and times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.core.errors import Invalid
from eventsys.slots.imports.times import read_instant, read_when, write_clock, write_day, write_instant

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 26)


def read(day="", start="", end="", today=TODAY):
    when = read_when(day, start, end, zone=SHANGHAI, today=today)
    ends_at = f"{when.ends_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if when.ends_at else None
    return f"{when.starts_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", ends_at, [doubt.code for doubt in when.doubts]


@pytest.mark.parametrize(
    ("cells", "starts", "ends"),
    [
        (("12月3日下午3点",), "2026-12-03 15:00", None),
        (("12月3日15:00-16:30",), "2026-12-03 15:00", "2026-12-03 16:30"),
        (("12.3 15:00",), "2026-12-03 15:00", None),
        (("2026/12/3 下午3:30",), "2026-12-03 15:30", None),
        (("12月3日（周四）9:00—10:30",), "2026-12-03 09:00", "2026-12-03 10:30"),
        (("2026年12月3日星期四", "１４：３０", "１６：００"), "2026-12-03 14:30", "2026-12-03 16:00"),
        (("2026-12-03 00:00:00", "15:00:00", "16:30:00"), "2026-12-03 15:00", "2026-12-03 16:30"),
        (("46359", "0.625", "0.6875"), "2026-12-03 15:00", "2026-12-03 16:30"),
        (("46359.625",), "2026-12-03 15:00", None),
        (("12月3日", "1899-12-31 15:00:00", "2026-12-04 09:00"), "2026-12-03 15:00", "2026-12-04 09:00"),
        (("12月3日", "下午3点半"), "2026-12-03 15:30", None),
        (("12月3日", "下午3点至5点"), "2026-12-03 15:00", "2026-12-03 17:00"),
        (("12月3日", "上午11点-1点"), "2026-12-03 11:00", "2026-12-03 13:00"),
        (("12月3日", "中午12点—1点半"), "2026-12-03 12:00", "2026-12-03 13:30"),
        (("12月3日", "9时30分～11时"), "2026-12-03 09:30", "2026-12-03 11:00"),
        (("十二月二十三日", "上午九点一刻"), "2026-12-23 09:15", None),
        (("", "12月3日晚上7点"), "2026-12-03 19:00", None),
        (("12月3日 14:00—12月4日 16:00",), "2026-12-03 14:00", "2026-12-04 16:00"),
        (("12月3日", "22:00", "24:00"), "2026-12-03 22:00", "2026-12-04 00:00"),
        (("20261203", "9:00~11:00"), "2026-12-03 09:00", "2026-12-03 11:00"),
        (("Thu 2026-12-03", "2pm - 4pm"), "2026-12-03 14:00", "2026-12-03 16:00"),
        (("12/3", "9:00"), "2026-12-03 09:00", None),
        (("1月5日", "9:00"), "2027-01-05 09:00", None),
        (("11月26日", "9:00"), "2026-11-26 09:00", None),
        (("11月25日", "9:00"), "2027-11-25 09:00", None),
        (("2月29日", "9:00"), None, "cell_date"),
    ],
)
def test_what_people_write_is_read(cells, starts, ends):
    if starts is None:
        with pytest.raises(Invalid, match=ends):
            read(*cells)
        return
    assert read(*cells) == (starts, ends, [])


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        (("12月3日", "3点"), "start", "cell_clock_unclear"),
        (("12月3日",), "start", "cell_without_clock"),
        (("", "9:00"), "date", "required"),
        (("明天", "9:00"), "date", "cell_date"),
        (("12月3-4日", "9:00"), "date", "cell_date"),
        (("12月33日", "9:00"), "date", "cell_date"),
        (("2.30", "9:00"), "date", "cell_date"),
        (("12月3日", "25:00"), "start", "cell_clock"),
        (("12月3日", "9:61"), "start", "cell_clock"),
        (("12月3日", "24:00"), "start", "cell_clock"),
        (("12月3日", "上午12点"), "start", "cell_clock"),
        (("12月3日", "9-11点"), "start", "cell_clock"),
        (("12月3日", "9:00,14:00"), "start", "cell_clock"),
        (("12月3日", "待定"), "start", "cell_clock"),
        (("12月3日 15:00", "16:00"), "start", "cells_differ"),
        (("12月3日", "15:00-16:00", "17:00"), "end", "cells_differ"),
        (("12月3日", "15:00", "12月4日"), "end", "cell_without_clock"),
        (("99999999", "9:00"), "date", "cell_date"),
        (("0001-01-01", "9:00"), "date", "required"),
    ],
)
def test_what_is_unclear_is_refused_at_its_cell(cells, field, code):
    with pytest.raises(Invalid) as refused:
        read(*cells)
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize(
    ("cells", "doubts"),
    [
        (("12月3日（周五）", "9:00"), ["weekday_differs"]),
        (("12.3", "9:00"), ["day_or_tenfold"]),
        (("12.3（周四）", "9:00"), []),
        (("2.3", "9:00"), []),
        (("12月3日", "3:00"), ["clock_early"]),
    ],
)
def test_what_may_be_meant_otherwise_is_noted(cells, doubts):
    assert read(*cells)[2] == doubts


@given(
    at=st.datetimes(datetime(2001, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=3)),
    zone=st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns")]),
)
def test_what_is_written_is_read_back(at, length, zone):
    end = write_instant(at + length, zone)
    when = read_when(write_day(at, zone), write_clock(at, zone), end, zone=zone, today=TODAY)
    assert (when.starts_at, when.ends_at) == (at, at + length)
    assert read_instant(write_instant(at, zone), "opens_at", zone=zone, today=TODAY) == at


def test_an_hour_that_comes_twice_is_kept_apart():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for at in (first, first + timedelta(hours=1)):
        assert read_when(write_day(at, BERLIN), write_clock(at, BERLIN), "", zone=BERLIN, today=TODAY).starts_at == at


@given(st.text(max_size=30), st.text(alphabet="0123456789:：点月日年上下午半-—.（周四）T +", max_size=24))
def test_no_text_breaks_it(one, other):
    for cells in ((one, other), (other, one), (other, other), (one, "", other)):
        try:
            read(*cells)
        except Invalid as refused:
            assert refused.field in {"date", "start", "end"}  # noqa: PT017
