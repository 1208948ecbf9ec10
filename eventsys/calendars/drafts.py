"""Appointments of a department's own calendar as a sheet of slots, for the import of slots. Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.calendars.reading import Entry
from eventsys.slots.rules import DESCRIPTION_MAX, LONGEST, PLACE_TEXT_MAX, TITLE_MAX, SlotFormat

HEADINGS = ("牵头部门", "场次名称", "形式", "日期", "开始", "结束", "地点", "线上链接", "说明")
FORMATS = {SlotFormat.SESSION: "服务专场", SlotFormat.VISIT: "上门服务", SlotFormat.ONLINE: "线上服务"}
UNTITLED = "未命名"

Known = Collection[tuple[str, datetime]]  # title and start of the department's slots


class LeftOut(StrEnum):
    """Why an appointment becomes no slot."""

    PAST = "past"
    ALL_DAY = "all_day"
    CANCELLED = "cancelled"
    TOO_LONG = "too_long"
    THERE = "there"


def sheet_of(
    entries: Iterable[Entry], department: str, form: SlotFormat, known: Known, now: datetime, zone: ZoneInfo
) -> tuple[bytes, int, Counter[LeftOut]]:
    """A CSV file of the appointments that can be slots of the department (a code), their number, and why others cannot.
    One that has become a slot already, by title and start, is left out: a calendar may be taken in again."""
    left_out: Counter[LeftOut] = Counter()
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(HEADINGS)
    number = 0
    for entry in entries:
        reason = _why_not(entry, known, now)
        if reason:
            left_out[reason] += 1
            continue
        number += 1
        writer.writerow((department, title_of(entry), FORMATS[form], *_when(entry, zone), *_where(entry, form)))
    return stream.getvalue().encode("utf-8-sig"), number, left_out


def title_of(entry: Entry) -> str:
    """The title of the slot that the appointment becomes."""
    return entry.title[:TITLE_MAX].strip() or UNTITLED


def _why_not(entry: Entry, known: Known, now: datetime) -> LeftOut | None:
    starts_at, ends_at = datetime.fromisoformat(entry.starts_at), datetime.fromisoformat(entry.ends_at)
    if entry.is_off:
        return LeftOut.CANCELLED
    if entry.is_all_day:
        return LeftOut.ALL_DAY
    if starts_at <= now:
        return LeftOut.PAST
    if not starts_at < ends_at <= starts_at + LONGEST:
        return LeftOut.TOO_LONG
    return LeftOut.THERE if (title_of(entry), starts_at) in known else None


def _when(entry: Entry, zone: ZoneInfo) -> tuple[str, str, str]:
    start, end = (datetime.fromisoformat(text).astimezone(zone) for text in (entry.starts_at, entry.ends_at))
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d}", f"{start:%H:%M}", until


def _where(entry: Entry, form: SlotFormat) -> tuple[str, str, str]:
    link = next((text for text in (entry.place, entry.url) if text.startswith("https://")), "")
    is_link = bool(link) and form is SlotFormat.ONLINE
    place = "" if is_link and link == entry.place else entry.place[:PLACE_TEXT_MAX]
    return place, link if is_link else "", entry.description[:DESCRIPTION_MAX]
