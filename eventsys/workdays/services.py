"""The verbs that change the working calendar. Deadlines that are stored already stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, insert

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.workdays.models import WorkdayOverride
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import (
    ChangedDay,
    DayChange,
    Notice,
    WorkingCalendar,
    changed_days,
    clean_change,
    days_concerned,
    with_change,
    with_notice,
)


def change_days(command: DayChange, *, seen: str | None = None, actor: Actor) -> list[ChangedDay]:
    """Close or open days, make them half days, or give them back to the official calendar; answers which changed.

    `seen` is the fingerprint of these days as the person saw them: Conflict `workdays_changed` when they are others by
    now. Twice is once.
    """
    authorize(actor, Permission.EDIT_WORKDAYS, Scope())
    command = clean_change(command)
    before = working_calendar()
    days = days_concerned(command)
    _require_seen(before, days, seen)
    after = with_change(before, command)
    for day in days:
        if before.overrides.get(day) != after.overrides.get(day):
            _write(day, before, after, actor)
    db.session.flush()
    return changed_days(before, after, days)


def import_notice(notice: Notice, *, seen: str | None = None, actor: Actor) -> list[ChangedDay]:
    """Take over the State Council's notice of a year, instead of what was known of it; the year is announced then.

    The district's own days stay. `seen` as with `change_days`.
    """
    authorize(actor, Permission.EDIT_WORKDAYS, Scope())
    before = working_calendar()
    days = days_concerned(notice)
    _require_seen(before, days, seen)
    after = with_notice(before, notice)
    if before.notices.get(notice.year) != notice.days:
        db.session.execute(delete(WorkdayOverride).where(WorkdayOverride.notice == notice.year))
        rows = [
            {"day": day, "kind": special.kind, "name": special.name, "notice": notice.year, "created_at": now()}
            for day, special in sorted(notice.days.items())
        ]
        db.session.execute(insert(WorkdayOverride), rows)
        told = {day.isoformat(): f"{special.kind.value} {special.name}" for day, special in notice.days.items()}
        audit.record(actor, "workdays.imported", "workdays", str(notice.year), after=told)
    return changed_days(before, after, days)


def _require_seen(calendar: WorkingCalendar, days: Iterable[date], seen: str | None) -> None:
    if seen is not None and seen != calendar.fingerprint(days):
        raise Conflict("workdays_changed")


def _write(day: date, before: WorkingCalendar, after: WorkingCalendar, actor: Actor) -> None:
    """One day of the district's own as it is in `after`. A second person who adds the same day meanwhile is refused by
    the unique index."""
    old, new = before.overrides.get(day), after.overrides.get(day)
    mine = (WorkdayOverride.day == day, WorkdayOverride.notice.is_(None))
    if old is not None:
        db.session.execute(delete(WorkdayOverride).where(*mine))
    if new is not None:
        db.session.execute(insert(WorkdayOverride).values(day=day, kind=new.kind, name=new.name, created_at=now()))
    told = [{"kind": item.kind.value, "name": item.name} if item else {} for item in (old, new)]
    action = "workdays.changed" if new is not None else "workdays.restored"
    audit.record(actor, action, "workdays", day.isoformat(), before=told[0], after=told[1])
