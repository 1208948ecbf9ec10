"""Calendars of staff that are read for when they have no time: add, remove, read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from eventsys.calendars.models import BusyCalendar
from eventsys.calendars.reading import FILE_BYTES_MAX, Entry
from eventsys.calendars.rules import BUSY_DAYS, BUSY_EVERY, BUSY_MAX, BUSY_RETRY
from eventsys.calendars.services.imports import read_apart
from eventsys.calendars.services.links import may_have_calendar_of
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.fetch import check_url, fetch
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation, secret_box
from eventsys.directory.busy import Span, replace_busy
from eventsys.directory.models import Staff
from eventsys.directory.queries import uid_host
from eventsys.directory.queries.organisations import lock_row

BOX = "busy-calendars"


@dataclass(frozen=True, slots=True)
class Busy:
    """What a calendar says: the spans, and the validator by which to ask whether that changed."""

    spans: tuple[Span, ...]
    etag: str = ""


def look_up_busy(url: str, etag: str = "") -> Busy | None:
    """When the owner of the calendar at `url` has no time in the days to come; None when that is as `etag` says.
    Invalid of the field `url` says why it cannot be read. Slow: to be called outside of a unit of work."""
    found = fetch(url, size=FILE_BYTES_MAX, own_hosts=installation().calendar_hosts, etag=etag)
    if found is None:
        return None
    today = _today()
    entries = read_apart(found.body, today, today + timedelta(days=BUSY_DAYS), "url")
    return Busy(tuple(_spans(entries, f"@{uid_host()}")), found.etag)


def _today() -> date:
    return now().astimezone(installation().zone).date()


def _spans(entries: Iterable[Entry], ours: str) -> Iterable[Span]:
    """The time that appointments take; what came out of our own feeds is a slot and no clash with itself."""
    for entry in entries:
        if entry.is_busy and not entry.is_off and not entry.uid.endswith(ours):
            yield datetime.fromisoformat(entry.starts_at), datetime.fromisoformat(entry.ends_at)


def add_busy_calendar(staff: str, url: str, busy: Busy, *, actor: Actor) -> BusyCalendar:
    """Read somebody's calendar (a public id) from now on; `busy` is what it says now. NotFound for whose calendar is
    not the actor's to have, Conflict `too_many_busy`."""
    member = lock_row(Staff, staff)
    if not member.active or not may_have_calendar_of(member, actor):
        raise NotFound()
    count = select(func.count()).where(BusyCalendar.staff_id == member.id)
    if (db.session.scalar(count) or 0) >= BUSY_MAX:
        raise Conflict("too_many_busy", limit=BUSY_MAX)
    row = BusyCalendar(
        public_id=new_public_id(),
        staff_id=member.id,
        sealed_url=secret_box(BOX).encrypt(url.strip().encode()).decode(),
        host=(check_url(url).hostname or "")[:255],
        created_by_id=actor.person,
        read_at=now(),
        whole_on=_today(),
        due_at=now() + BUSY_EVERY,
        etag=busy.etag,
    )
    row.number = replace_busy(member.id, row.source, busy.spans)
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "busy_calendar.added", "busy_calendar", row.public_id, after={"staff": staff, "host": row.host})
    return row


def remove_busy_calendar(public_id: str, *, actor: Actor) -> None:
    """Stop reading a calendar and forget what it said. NotFound for somebody else's."""
    row = db.session.scalars(select(BusyCalendar).where(BusyCalendar.public_id == public_id)).one_or_none()
    if row is None or not may_have_calendar_of(row.staff, actor):
        raise NotFound()
    replace_busy(row.staff_id, row.source, ())
    db.session.delete(row)
    audit.record(
        actor,
        "busy_calendar.removed",
        "busy_calendar",
        public_id,
        before={"staff": row.staff.public_id, "host": row.host},
    )


def claim_busy_calendar() -> BusyCalendar | None:
    """A calendar that is due to be read, put off so that nobody else reads it meanwhile."""
    query = (
        select(BusyCalendar)
        .join(Staff, Staff.id == BusyCalendar.staff_id)
        .where(BusyCalendar.due_at <= now(), Staff.active)
    )
    query = query.order_by(BusyCalendar.due_at).limit(1).with_for_update(of=BusyCalendar, skip_locked=True)
    row: BusyCalendar | None = db.session.scalars(query).one_or_none()
    if row is not None:
        row.due_at = now() + BUSY_RETRY
    return row


def settle_busy_calendar(key: int, busy: Busy | None, error: str = "") -> None:
    """What reading the calendar (a primary key) gave: new times, the same as before (None), or why it failed; what was
    known stays then."""
    row = db.session.get(BusyCalendar, key, populate_existing=True)
    if row is None:
        return
    row.error = error
    if error:
        return
    row.read_at, row.due_at = now(), now() + BUSY_EVERY
    if busy is not None:
        row.etag, row.whole_on = busy.etag, _today()
        row.number = replace_busy(row.staff_id, row.source, busy.spans)


def etag_of(row: BusyCalendar) -> str:
    """By which to ask whether the calendar changed; none on a new day, on which one that did not has other days to
    come."""
    return row.etag if row.whole_on == _today() else ""


def url_of(row: BusyCalendar) -> str:
    """The calendar's address."""
    return secret_box(BOX).decrypt(row.sealed_url.encode()).decode()
