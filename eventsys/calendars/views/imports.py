"""A department's own calendar becomes draft slots: choose it, then the preview of imported slots takes over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.calendars.drafts import LeftOut
from eventsys.calendars.forms import CalendarImportForm
from eventsys.calendars.reading import FILE_BYTES_MAX
from eventsys.calendars.services import draft_sheet, fetch_calendar
from eventsys.core.db import db
from eventsys.core.errors import Refusal
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.imports.uploads import keep_upload
from eventsys.directory.models import Department
from eventsys.directory.queries import all_departments
from eventsys.slots.rules import SlotFormat
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import current_locale

bp = Blueprint("calendar_imports", __name__)
Answer = str | Response | tuple[str, int]


@bp.url_value_preprocessor
def allow_a_calendar(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the upload be larger than other bodies; the CSRF check reads it before the view."""
    if endpoint == "calendar_imports.take_in":
        request.max_content_length = FILE_BYTES_MAX + 64 * 1024


@bp.get("/calendars/import")
@requires(Permission.CREATE_SLOT)
def choose() -> Answer:
    """Choose a calendar, by file or by address."""
    return _page(CalendarImportForm(_own_departments()))


@bp.post("/calendars/import")
@requires(Permission.CREATE_SLOT)
def take_in() -> Answer:
    """Read the calendar and show what slots it would make."""
    departments = _own_departments()
    form = CalendarImportForm(departments)
    if not form.validate_on_submit():
        return _page(form)
    department = next(item for item in departments if item.code == form.department.data)
    db.session.rollback()  # no connection is held while somebody's server is asked
    try:
        form.check_source()
        field, name = ("file", form.file.data.filename or "") if form.file.data else ("url", "")
        content = form.file.data.read() if form.file.data else fetch_calendar(form.url.data or "")
        sheet, _number, left_out = draft_sheet(content, department, SlotFormat(form.format.data), field)
    except Refusal as error:
        return _page(form, error)
    key = keep_upload(current_app.config["EVENTSYS"].home / "uploads", current_actor().person or 0, sheet, name)
    if left_out:
        flash(gettext("Left out: %(reasons)s.", reasons=_said(left_out)), "info")
    return redirect(url_for("slots.preview_sheet", key=key), 303)


def _own_departments() -> Sequence[Department]:
    actor = current_actor()
    return [item for item in all_departments() if is_allowed(actor, Permission.CREATE_SLOT, item.scope)]


def _page(form: CalendarImportForm, error: Refusal | None = None) -> Answer:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    return render_template("calendars/import.html", form=form), status


def _said(left_out: Counter[LeftOut]) -> str:
    words = {
        LeftOut.PAST: gettext("already begun"),
        LeftOut.ALL_DAY: gettext("all day"),
        LeftOut.CANCELLED: gettext("cancelled there"),
        LeftOut.TOO_LONG: gettext("without an end, or too long"),
        LeftOut.THERE: gettext("a slot already"),
    }
    joint = "、" if current_locale() == "zh_CN" else ", "
    return joint.join(f"{words[reason]} ({number})" for reason, number in left_out.items())
