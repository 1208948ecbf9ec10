"""Changes of the calendar and notices in the form of holiday-cn, as rules."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.core.errors import Invalid
from eventsys.workdays.rules import (
    NOTICE_BYTES_MAX,
    OFFICIAL,
    DayChange,
    DayKind,
    SpecialDay,
    changed_days,
    clean_change,
    days_of_year,
    parse_notice,
    with_change,
    with_notice,
    write_notice,
)
from tests.workdays.official import as_holiday_cn

FRIDAY, SATURDAY, MONDAY = date(2026, 12, 4), date(2026, 12, 5), date(2026, 12, 7)


def sent(**changes) -> bytes:
    return json.dumps({**as_holiday_cn(2026), **changes}, ensure_ascii=False).encode()


def test_days_are_closed_opened_and_given_back():
    closed = with_change(OFFICIAL, DayChange(FRIDAY, MONDAY, DayKind.CLOSED, "台风停工"))
    assert [day.on for day in changed_days(OFFICIAL, closed, days_of_year(2026))][::3] == [FRIDAY, MONDAY]
    opened = with_change(closed, DayChange(SATURDAY, SATURDAY, DayKind.OPEN, "招聘会"))
    assert opened.is_workday(SATURDAY)
    back = with_change(opened, DayChange(FRIDAY, MONDAY, None))
    assert changed_days(OFFICIAL, back, days_of_year(2026)) == []


def test_half_days_of_a_span_leave_weekends_alone():
    after = with_change(OFFICIAL, DayChange(FRIDAY, MONDAY, DayKind.MORNING, "年会"))
    assert sorted(after.overrides) == [FRIDAY, MONDAY]
    single = with_change(OFFICIAL, DayChange(SATURDAY, SATURDAY, DayKind.MORNING, "值班"))
    assert single.day(SATURDAY).kind is DayKind.MORNING


def test_only_what_is_less_work_hits_slots():
    after = with_change(OFFICIAL, DayChange(SATURDAY, SATURDAY, DayKind.OPEN, "招聘会"))
    assert [day.is_less for day in changed_days(OFFICIAL, after, [SATURDAY])] == [False]
    assert [day.is_less for day in changed_days(after, OFFICIAL, [SATURDAY])] == [True]
    renamed = with_change(after, DayChange(SATURDAY, SATURDAY, DayKind.OPEN, "双选会"))
    assert [day.is_less for day in changed_days(after, renamed, [SATURDAY])] == [False]


@pytest.mark.parametrize(
    ("first", "last", "kind", "name", "fields"),
    [
        (MONDAY, FRIDAY, DayKind.CLOSED, "因故", ["last"]),
        (date(2026, 1, 1), date(2026, 3, 4), DayKind.CLOSED, "因故", ["last"]),
        (date(1, 1, 1), date(9999, 12, 31), DayKind.CLOSED, "因故", ["first", "last", "last"]),
        (FRIDAY, FRIDAY, DayKind.CLOSED, " \u3000", ["name"]),
        (FRIDAY, FRIDAY, DayKind.OPEN, "长" * 41, ["name"]),
        (FRIDAY, FRIDAY, DayKind.OPEN, "a\x00b", ["name"]),
        (MONDAY, FRIDAY, DayKind.OPEN, "a\nb", ["last", "name"]),
    ],
)
def test_what_cannot_be_right_is_named(first, last, kind, name, fields):
    with pytest.raises(Invalid) as refused:
        clean_change(DayChange(first, last, kind, name))
    assert [problem.field for problem in refused.value.problems] == fields


def test_the_official_calendar_needs_no_reason():
    assert clean_change(DayChange(FRIDAY, FRIDAY, None)).name == ""
    assert clean_change(DayChange(FRIDAY, FRIDAY, DayKind.OPEN, " 加班🙂𠮷 ")).name == "加班🙂𠮷"


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_notice_of_a_year_says_what_the_library_says(year):
    notice = parse_notice(json.dumps(as_holiday_cn(year)).encode())
    after = with_notice(OFFICIAL, notice)
    differing = [day for day in days_of_year(year) if after.is_workday(day) is not OFFICIAL.is_workday(day)]
    assert differing == []
    assert parse_notice(write_notice(notice).encode()) == notice


def test_a_file_of_windows_is_read():
    assert parse_notice(b"\xef\xbb\xbf" + sent()).year == 2026


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "notice_unreadable"),
        (b"\xff\xfe\x00", "notice_unreadable"),
        (b"[" * 100_000, "notice_unreadable"),
        (b"9" * 10_000, "notice_unreadable"),
        (b" " * (NOTICE_BYTES_MAX + 1), "notice_too_large"),
        (b"[]", "notice_year"),
        (b"{}", "notice_year"),
        (sent(year="2026"), "notice_year"),
        (sent(year=True), "notice_year"),
        (sent(year=2026.0), "notice_year"),
        (sent(year=1), "notice_year"),
        (sent(days=None), "notice_days"),
        (sent(days=[]), "notice_days"),
        (sent(days=as_holiday_cn(2026)["days"] * 5), "notice_days"),
        (sent(year=2027), "notice_other_year"),
    ],
)
def test_a_file_that_is_no_notice_says_why(content, code):
    with pytest.raises(Invalid) as refused:
        parse_notice(content)
    assert refused.value.code == code


def entry(**changes):
    return {"name": "元旦", "date": "2026-01-01", "isOffDay": True} | changes


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("元旦", "notice_entry"),
        (entry(date="2026-02-30"), "notice_date"),
        (entry(date="20260101"), "notice_date"),
        (entry(date="２０２６-01-01"), "notice_date"),
        (entry(date=20260101), "notice_date"),
        (entry(date=None), "notice_date"),
        (entry(date="2025-11-30"), "notice_other_year"),
        (entry(date="2027-02-01"), "notice_other_year"),
        (entry(isOffDay=1), "notice_off"),
        (entry(isOffDay="true"), "notice_off"),
        (entry(name=""), "notice_name"),
        (entry(name=None), "notice_name"),
        (entry(name="长" * 41), "notice_name"),
        (entry(name="a\nb"), "notice_name"),
        (entry(date="2026-01-02"), "notice_repeats"),
    ],
)
def test_each_entry_that_cannot_be_right_is_numbered(wrong, code):
    days = [entry(date="2026-01-02"), wrong, entry(date="2026-01-03"), wrong]
    with pytest.raises(Invalid) as refused:
        parse_notice(sent(days=days))
    told = [(problem.code, problem.field, problem.fields["number"]) for problem in refused.value.problems]
    assert told == [(code, "file", 2), (code, "file", 4)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["year", "days", "name", "date", "isOffDay"]), inner)
        ),
    )
)
def test_any_json_is_a_notice_or_refused(value):
    try:
        notice = parse_notice(json.dumps(value).encode())
    except Invalid:
        return
    assert notice.days


def test_the_fingerprint_changes_with_the_days_alone():
    after = with_change(OFFICIAL, DayChange(FRIDAY, FRIDAY, DayKind.CLOSED, "台风停工"))
    renamed = with_change(OFFICIAL, DayChange(FRIDAY, FRIDAY, DayKind.CLOSED, "停电"))
    seen = {calendar.fingerprint([FRIDAY, MONDAY]) for calendar in (OFFICIAL, after, renamed)}
    assert len(seen) == 3
    assert after.fingerprint([MONDAY]) == OFFICIAL.fingerprint([MONDAY])
    assert SpecialDay(DayKind.CLOSED, "停电") in renamed.overrides.values()
