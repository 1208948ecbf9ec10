"""Changing the working calendar: the district's own days, and imported notices in the form of holiday-cn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from eventsys.core.errors import Invalid
from eventsys.core.text import clean_line
from eventsys.workdays.rules.calendar import Day, DayKind, SpecialDay, WorkingCalendar

NAME_MAX = 40
SPAN_MAX = 62  # days changed at once
YEARS = range(2010, 2100)
NOTICE_DAYS_MAX = 120
NOTICE_BYTES_MAX = 256 * 1024
PROBLEMS_MAX = 50
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
WHOLE_DAY = (DayKind.OPEN, DayKind.CLOSED)


@dataclass(frozen=True, slots=True)
class DayChange:
    """The command to make the days from `first` to `last` something else, and why; `kind` None: the official calendar
    again."""

    first: date
    last: date
    kind: DayKind | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """The State Council's notice of a year: its days off and its make-up working days."""

    year: int
    days: Mapping[date, SpecialDay]


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """A day that has become something else."""

    on: date
    before: Day
    after: Day

    @property
    def is_less(self) -> bool:
        """Whether offices work less of it, or another half, so that slots may lie outside."""
        return self.after.kind is not self.before.kind and self.after.kind is not DayKind.OPEN


def clean_change(command: DayChange) -> DayChange:
    """The command with its text cleaned; Invalid names every field that cannot be right."""
    problems = []
    for field, day in (("first", command.first), ("last", command.last)):
        if day.year not in YEARS:
            problems.append(Invalid("bad_day", field=field, first=YEARS[0], last=YEARS[-1]))
    if command.last < command.first:
        problems.append(Invalid("last_before_first", field="last"))
    elif (command.last - command.first).days >= SPAN_MAX:
        problems.append(Invalid("span_too_long", field="last", days=SPAN_MAX))
    try:
        command = replace(command, name=clean_line(command.name, "name", NAME_MAX, required=command.kind is not None))
    except Invalid as problem:
        problems.append(problem)
    if problems:
        raise Invalid.many(problems)
    return command


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def days_of_year(year: int) -> Iterator[date]:
    """Every day of the year."""
    return days_between(date(year, 1, 1), date(year, 12, 31))


def _days_of_notice(year: int) -> Iterator[date]:
    """The days a notice may speak of: those of its year, the December before, the January after."""
    return days_between(date(year - 1, 12, 1), date(year + 1, 1, 31))


def days_concerned(command: DayChange | Notice) -> list[date]:
    """The days that a command may change; with a notice they are all that it could speak of."""
    if isinstance(command, DayChange):
        return list(days_between(command.first, command.last))
    return list(_days_of_notice(command.year))


def with_change(calendar: WorkingCalendar, command: DayChange) -> WorkingCalendar:
    """The calendar after a cleaned command. A half day of a longer span is one of its working days: weekends stay."""
    overrides = dict(calendar.overrides)
    is_span = command.first != command.last
    for day in days_between(command.first, command.last):
        if command.kind is None:
            overrides.pop(day, None)
        elif command.kind in WHOLE_DAY or not is_span or calendar.is_workday(day):
            overrides[day] = SpecialDay(command.kind, command.name)
    return replace(calendar, overrides=overrides)


def with_notice(calendar: WorkingCalendar, notice: Notice) -> WorkingCalendar:
    """The calendar after the notice, which replaces the one of its year."""
    return replace(calendar, notices={**calendar.notices, notice.year: notice.days})


def changed_days(before: WorkingCalendar, after: WorkingCalendar, days: Iterable[date]) -> list[ChangedDay]:
    """Which of the days are something else by the second calendar, or called differently."""
    pairs = ((day, before.day(day), after.day(day)) for day in days)
    return [ChangedDay(day, was, becomes) for day, was, becomes in pairs if was != becomes]


def parse_notice(content: bytes) -> Notice:
    """The notice of a holiday-cn file: {"year": 2027, "days": [{"name": …, "date": "2027-01-01", "isOffDay": true}]}.

    All or nothing: Invalid has a problem for each entry that cannot be right, with its number.
    """
    if len(content) > NOTICE_BYTES_MAX:
        raise Invalid("notice_too_large", field="file", kilobytes=NOTICE_BYTES_MAX // 1024)
    try:
        sent = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Invalid("notice_unreadable", field="file") from None
    year, entries = (sent.get("year"), sent.get("days")) if isinstance(sent, dict) else (None, None)
    if type(year) is not int or year not in YEARS:
        raise Invalid("notice_year", field="file", first=YEARS[0], last=YEARS[-1])
    if not isinstance(entries, list) or not 1 <= len(entries) <= NOTICE_DAYS_MAX:
        raise Invalid("notice_days", field="file", limit=NOTICE_DAYS_MAX)
    return Notice(year, _entries(entries, year))


def _entries(entries: list[Any], year: int) -> dict[date, SpecialDay]:
    """The days listed; Invalid for all that cannot be right, each with its number."""
    days: dict[date, SpecialDay] = {}
    problems = []
    for number, entry in enumerate(entries, start=1):
        try:
            day, special = _entry(entry, year)
            if day in days:
                raise Invalid("notice_repeats", day=day.isoformat())
            days[day] = special
        except Invalid as problem:
            problems.append(Invalid(problem.code, **{**problem.fields, "field": "file", "number": number}))
    if problems:
        raise Invalid.many(problems[:PROBLEMS_MAX])
    return days


def _entry(entry: Any, year: int) -> tuple[date, SpecialDay]:
    """A day of a notice, and what it says of it."""
    if not isinstance(entry, dict):
        raise Invalid("notice_entry")
    day, name, is_off = entry.get("date"), entry.get("name"), entry.get("isOffDay")
    if not isinstance(day, str) or not _DATE.fullmatch(day):
        raise Invalid("notice_date", text=str(day)[:20])
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise Invalid("notice_date", text=day) from None
    if on not in _days_of_notice(year):
        raise Invalid("notice_other_year", day=day, year=year)
    if not isinstance(is_off, bool):
        raise Invalid("notice_off", day=day)
    if not isinstance(name, str):
        raise Invalid("notice_name", day=day)
    try:
        name = clean_line(name, "file", NAME_MAX, required=True)
    except Invalid:
        raise Invalid("notice_name", day=day) from None
    return on, SpecialDay(DayKind.CLOSED if is_off else DayKind.OPEN, name)


def write_notice(notice: Notice) -> str:
    """The notice as a holiday-cn file, which `parse_notice` reads back."""
    days = [
        {"name": special.name, "date": day.isoformat(), "isOffDay": special.kind is DayKind.CLOSED}
        for day, special in sorted(notice.days.items())
    ]
    return json.dumps({"year": notice.year, "days": days}, ensure_ascii=False)
