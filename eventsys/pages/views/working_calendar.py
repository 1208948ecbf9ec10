"""The working calendar in the browser: a year at a glance, changing days, importing the notice of a year."""

from __future__ import annotations

from calendar import monthcalendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.pages.closed_days import find_hits, special_days_off
from eventsys.pages.forms.workdays import ConfirmNoticeForm, DaysForm, NoticeForm
from eventsys.pages.views.blueprint import workdays_bp
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import WEEKDAYS, WEEKDAYS_ZH, current_locale, zone
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import (
    NOTICE_BYTES_MAX,
    YEARS,
    ChangedDay,
    Day,
    DayChange,
    DayKind,
    Notice,
    WorkingCalendar,
    changed_days,
    clean_change,
    days_concerned,
    days_of_year,
    holiday_names,
    parse_notice,
    with_change,
    with_notice,
    write_notice,
)
from eventsys.workdays.services import change_days, import_notice

LANGUAGES = {"zh_CN": "zh_CN", "en": "en_US"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month's table."""

    on: date
    day: Day
    name: str

    @property
    def mark(self) -> str:
        """Which mark it bears, by a name of the template; empty for a plain day."""
        if not self.day.is_special:
            return ""
        return ("own_" if self.day.is_own else "official_") + self.day.kind.value


@workdays_bp.get("/")
@requires(Permission.SEE_WORKDAYS)
def year() -> str:
    """The twelve months of a year, what is special in them, and slots that lie on days off."""
    calendar, chosen = working_calendar(), _chosen_year()
    cells = {day: Cell(day, calendar.day(day), _name_of(calendar, day)) for day in days_of_year(chosen)}
    return render_template(
        "workdays/year.html",
        year=chosen,
        neighbours=[item for item in (chosen - 1, chosen, chosen + 1) if item in YEARS],
        weekdays=WEEKDAYS_ZH if current_locale() == "zh_CN" else WEEKDAYS,
        months=[(date(chosen, month, 1), list(_weeks(chosen, month, cells))) for month in range(1, 13)],
        own=[cell for cell in cells.values() if cell.day.is_own],
        working_days=sum(cell.day.kind is not DayKind.CLOSED for cell in cells.values()),
        is_provisional=calendar.is_provisional(date(chosen, 1, 1)),
        is_imported=chosen in calendar.notices,
        hits=find_hits(calendar, special_days_off(calendar), current_actor()),
        may_edit=_may_edit(),
    )


@workdays_bp.get("/days")
@requires(Permission.EDIT_WORKDAYS)
def days() -> Response:
    """The form; once it is filled in, what the change does and which slots it hits. Nothing is changed."""
    form = DaysForm(formdata=request.args, meta={"csrf": False})
    if "kind" not in request.args:
        return _days_page(form)
    return _days_page(form, is_asked=True) if form.validate() else _days_page(form, status=422)


@workdays_bp.post("/days")
@requires(Permission.EDIT_WORKDAYS)
def change() -> Response:
    """Carry out what the preview showed, and on to the slots hit."""
    form = DaysForm()
    if not form.validate():
        return _days_page(form, status=422)
    try:
        with unit_of_work():
            changed = change_days(form.to_command(), seen=form.seen.data or None, actor=current_actor())
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return _days_page(form, status=status_of(error), is_asked=isinstance(error, Conflict))
    return _changed(changed, form.first.data.year if form.first.data else now().year)


@workdays_bp.get("/import")
@requires(Permission.EDIT_WORKDAYS)
def imports() -> str:
    """Choose the file."""
    return render_template("workdays/import.html", form=NoticeForm(), notice=None)


@workdays_bp.post("/import")
@requires(Permission.EDIT_WORKDAYS)
def preview_import() -> Response:
    """What the file would change, or line by line what stands against it. Nothing is changed."""
    form = NoticeForm()
    if not form.validate():
        return _import_page(form, 422)
    try:
        notice = parse_notice(form.file.data.read(NOTICE_BYTES_MAX + 1))
    except Invalid as error:
        form.refuse(error)
        return _import_page(form, 422)
    return _notice_page(notice)


@workdays_bp.post("/import/confirm")
@requires(Permission.EDIT_WORKDAYS)
def confirm_import() -> Response:
    """Take the notice over, and on to the slots hit."""
    form = ConfirmNoticeForm()
    if not form.validate():
        return _import_page(NoticeForm(formdata=None), 422)
    try:
        notice = parse_notice((form.notice.data or "").encode("utf-8", "replace"))
        with unit_of_work():
            changed = import_notice(notice, seen=form.seen.data or None, actor=current_actor())
    except Invalid as error:
        shown = NoticeForm(formdata=None)
        shown.refuse(error)
        return _import_page(shown, 422)
    except Conflict as error:
        return _notice_page(notice, error)
    return _changed(changed, notice.year)


def _days_page(form: DaysForm, *, status: int = 200, is_asked: bool = False) -> Response:
    """The form, and below it the preview of what it says."""
    preview: dict[str, Any] = {"changed": None}
    if is_asked:
        try:
            command = clean_change(form.to_command())
        except Invalid as error:
            form.refuse(error)
            status = 422
        else:
            before = working_calendar()
            preview = _preview(before, with_change(before, command), command)
    return make_response(render_template("workdays/days.html", form=form, **preview), status)


def _notice_page(notice: Notice, refused: Refusal | None = None) -> Response:
    before = working_calendar()
    form = ConfirmNoticeForm(formdata=None)
    preview = _preview(before, with_notice(before, notice), notice)
    preview["changed"] = [item for item in preview["changed"] if item.before.kind is not item.after.kind]
    form.notice.data, form.seen.data = write_notice(notice), preview["seen"]
    if refused is not None:
        form.refuse(refused)
    status = status_of(refused) if refused else 200
    return make_response(render_template("workdays/import.html", form=form, notice=notice, **preview), status)


def _import_page(form: NoticeForm, status: int) -> Response:
    return make_response(render_template("workdays/import.html", form=form, notice=None), status)


def _preview(before: WorkingCalendar, after: WorkingCalendar, command: DayChange | Notice) -> dict[str, Any]:
    """What a change does: the days that become something else, and the slots they leave outside working time."""
    concerned = days_concerned(command)
    changed = changed_days(before, after, concerned)
    hits = find_hits(after, [item.on for item in changed if item.is_less], current_actor(), before=before)
    return {"changed": changed, "hits": hits, "seen": before.fingerprint(concerned)}


def _changed(changed: list[ChangedDay], of_year: int) -> Response:
    flash(gettext("The calendar is changed."), "success")
    less = [item.on.isoformat() for item in changed if item.is_less]
    if less:
        return redirect(url_for("workdays.slots", day=less), 303)
    return redirect(url_for("workdays.year", year=of_year), 303)


def _weeks(chosen: int, month: int, cells: dict[date, Cell]) -> Iterator[list[Cell | None]]:
    for week in monthcalendar(chosen, month):
        yield [cells[date(chosen, month, number)] if number else None for number in week]


def _name_of(calendar: WorkingCalendar, day: date) -> str:
    """What the day is called; the library's days off in the reader's language."""
    known = calendar.day(day)
    if known.name or not known.is_official or known.kind is DayKind.OPEN:
        return known.name
    return holiday_names(day.year, LANGUAGES[current_locale()]).get(day, "")


def _chosen_year() -> int:
    typed = request.args.get("year", "")
    if not typed:
        return now().astimezone(zone()).year
    if not (typed.isascii() and typed.isdigit() and len(typed) == 4 and int(typed) in YEARS):
        raise NotFound()
    return int(typed)


def _may_edit() -> bool:
    return is_allowed(current_actor(), Permission.EDIT_WORKDAYS, Scope())
