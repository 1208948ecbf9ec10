"""The calendars of staff that are read for when they have no time."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.calendars.forms import BusyCalendarForm
from eventsys.calendars.models import BusyCalendar
from eventsys.calendars.queries import list_busy_calendars, list_staff_of
from eventsys.calendars.services import add_busy_calendar, look_up_busy, remove_busy_calendar
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Refusal
from eventsys.core.permissions import Permission
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

bp = Blueprint("busy_calendars", __name__)
Answer = str | Response | tuple[str, int]


@bp.get("/calendars/busy")
@requires(Permission.USE_INBOX)
def index() -> Answer:
    """The calendars that are read, and a form for one more."""
    return _page(_form())


@bp.post("/calendars/busy")
@requires(Permission.USE_INBOX)
def add() -> Answer:
    """Read a calendar from now on; it is looked at first."""
    form = _form()
    if not form.validate_on_submit():
        return _page(form)
    url = form.url.data or ""
    db.session.rollback()  # no connection is held while somebody's server is asked
    try:
        busy = look_up_busy(url)
        if busy is not None:
            with unit_of_work():
                row = add_busy_calendar(form.staff.data, url, busy, actor=current_actor())
    except Refusal as error:
        return _page(form, error)
    flash(gettext("The calendar is read every half hour. Busy times found: %(number)s.", number=row.number), "success")
    return redirect(url_for("busy_calendars.index"), 303)


@bp.post("/calendars/busy/<public_id>/remove")
@requires(Permission.USE_INBOX)
def remove(public_id: str) -> Answer:
    """Stop reading a calendar."""
    with unit_of_work():
        remove_busy_calendar(public_id, actor=current_actor())
    flash(gettext("The calendar is read no more, and what it said is forgotten."), "success")
    return redirect(url_for("busy_calendars.index"), 303)


def _form() -> BusyCalendarForm:
    form = BusyCalendarForm()
    form.offer(list_staff_of(current_actor()))
    return form


def _said(row: BusyCalendar) -> str:
    """Why it could not be read last."""
    code, _blank, status = row.error.partition(" ")
    return sentence(code, {"host": row.host, "status": status}) if code else ""


def _page(form: BusyCalendarForm, error: Refusal | None = None) -> Answer:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    rows = [(row, _said(row)) for row in list_busy_calendars(current_actor())]
    return render_template("calendars/busy.html", form=form, rows=rows), status
