"""What a clerk is told of a date that is no working day, or of a year whose holidays are not announced."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext

from eventsys.web.locale import format_day, zone
from eventsys.workdays.calendar import is_provisional, is_workday


def workday_note(at: datetime | None) -> str | None:
    """A sentence when the day of `at` needs a second look, else None."""
    if at is None:
        return None
    day = at.astimezone(zone()).date()
    if not is_workday(day):
        return str(gettext("%(day)s is no working day. Check the date.", day=format_day(day)))
    if is_provisional(day):
        return str(
            gettext("The holidays of %(year)s are not announced yet. Check the date when they are.", year=day.year)
        )
    return None
