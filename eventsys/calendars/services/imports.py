"""Take a calendar in: fetch it, read it apart, and lay it out as a sheet of slots."""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import date, timedelta

from sqlalchemy import select

from eventsys.calendars.drafts import LeftOut, sheet_of
from eventsys.calendars.reading import FILE_BYTES_MAX, Entry, pack, unpack
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.fetch import fetch
from eventsys.core.installation import installation
from eventsys.directory.models import Department
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState
from eventsys.web.apart import run_apart

DAYS_AHEAD = 400
READING_SECONDS = 15


def fetch_calendar(url: str) -> bytes:
    """What is at the address; Invalid of the field `url` says what is wrong with it."""
    found = fetch(url, size=FILE_BYTES_MAX, own_hosts=installation().calendar_hosts)
    return found.body if found else b""


def read_apart(content: bytes, first: date, last: date, field: str) -> list[Entry]:
    """The appointments of a calendar on these days; Invalid of `field` when it is none (`not_a_calendar`) or cannot be
    read in time (`calendar_endless`)."""
    if len(content) > FILE_BYTES_MAX:
        raise Invalid("file_too_large", field=field, megabytes=FILE_BYTES_MAX // 2**20)
    given = pack(content, first, last, installation().zone)
    try:
        entries = unpack(run_apart("eventsys.calendars.reading", given, seconds=READING_SECONDS))
    except (subprocess.TimeoutExpired, RuntimeError):
        raise Invalid("calendar_endless", field=field) from None
    if entries is None:
        raise Invalid("not_a_calendar", field=field)
    return entries


def draft_sheet(
    content: bytes, department: Department, form: SlotFormat, field: str
) -> tuple[bytes, int, Counter[LeftOut]]:
    """The appointments to come as a sheet of slots of the department, their number, and why others are left out.
    Invalid `calendar_empty` when there are none."""
    zone, at = installation().zone, now()
    today = at.astimezone(zone).date()
    entries = read_apart(content, today, today + timedelta(days=DAYS_AHEAD), field)
    query = select(Slot.title, Slot.starts_at).where(
        Slot.department_id == department.id, Slot.starts_at > at, Slot.state != SlotState.CALLED_OFF
    )
    known = {(row.title, row.starts_at) for row in db.session.execute(query)}
    sheet, number, left_out = sheet_of(entries, department.code, form, known, at, zone)
    if not number:
        raise Invalid("calendar_empty", field=field, left_out=left_out.total())
    return sheet, number, left_out
