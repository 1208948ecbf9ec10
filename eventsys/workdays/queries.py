"""The working calendar as it is now."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from eventsys.core.db import db
from eventsys.workdays.models import WorkdayOverride
from eventsys.workdays.rules import SpecialDay, WorkingCalendar


def working_calendar() -> WorkingCalendar:
    """The calendar with the imported notices and the district's own days: one statement, never kept."""
    columns = (WorkdayOverride.notice, WorkdayOverride.day, WorkdayOverride.kind, WorkdayOverride.name)
    overrides: dict[date, SpecialDay] = {}
    notices: dict[int, dict[date, SpecialDay]] = {}
    for notice, day, kind, name in db.session.execute(select(*columns)):
        days = overrides if notice is None else notices.setdefault(notice, {})
        days[day] = SpecialDay(kind, name)
    return WorkingCalendar(overrides, notices)
