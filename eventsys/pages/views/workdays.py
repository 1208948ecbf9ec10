"""What a clerk is told of a date that is no working day, or of a year whose holidays are not announced."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext

from eventsys.web.locale import format_day, zone
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import DayKind


def workday_note(at: datetime | None, until: datetime | None = None) -> str | None:
    """A sentence when the time from `at` (to `until`) needs a second look, else None."""
    if at is None:
        return None
    calendar, day = working_calendar(), at.astimezone(zone()).date()
    known = calendar.day(day)
    told = {"day": format_day(day), "name": known.name}
    if known.kind is DayKind.CLOSED:
        if known.name:
            return str(gettext("%(day)s is no working day (%(name)s). Check the date.", **told))
        return str(gettext("%(day)s is no working day. Check the date.", **told))
    if known.kind is DayKind.MORNING and not calendar.is_open(at, until or at, zone()):
        return str(gettext("On %(day)s offices work in the morning only (%(name)s). Check the time.", **told))
    if known.kind is DayKind.AFTERNOON and not calendar.is_open(at, until or at, zone()):
        return str(gettext("On %(day)s offices work in the afternoon only (%(name)s). Check the time.", **told))
    if calendar.is_provisional(day):
        return str(
            gettext("The holidays of %(year)s are not announced yet. Check the date when they are.", year=day.year)
        )
    return None
