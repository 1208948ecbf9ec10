"""Slots from a spreadsheet or pasted cells: upload, preview with its columns, confirm; and slots as a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response as FileResponse
from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import SlotReport, import_slots
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.imports.columns import check_mapping
from eventsys.directory.imports.opening import open_file, remember_mapping
from eventsys.directory.imports.rules import FILE_BYTES_MAX, PROBLEMS_SHOWN, Change, Outcome, Problem
from eventsys.directory.imports.tables import write_xlsx
from eventsys.directory.imports.uploads import claim_upload, keep_upload, open_upload
from eventsys.directory.queries import all_departments
from eventsys.pages.forms.slot_imports import COLUMN_PREFIX, ConfirmSlotsForm, SlotSheetForm, typed_slot_mapping
from eventsys.pages.queries import all_places
from eventsys.pages.views.blueprint import slots_bp
from eventsys.slots.imports.columns import COLUMNS, KIND
from eventsys.slots.imports.export import export_slots, write_slot_template
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import current_locale, local_name, zone
from eventsys.web.months import read_month
from eventsys.web.wording import sentence

Answer = str | Response | tuple[str, int]
CHANGES_SHOWN = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOAD_BODY_MAX = FILE_BYTES_MAX + 64 * 1024  # the file and the form around it


@slots_bp.url_value_preprocessor
def allow_a_sheet(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the upload be larger than other bodies; the CSRF check reads it before the view."""
    if endpoint == "slots.upload_sheet":
        request.max_content_length = UPLOAD_BODY_MAX


@slots_bp.get("/desk/slots/import")
@requires(Permission.CREATE_SLOT)
def sheet() -> Answer:
    """Choose a file or paste cells; take the template or the present slots along."""
    return _upload_page(SlotSheetForm())


@slots_bp.post("/desk/slots/import")
@requires(Permission.CREATE_SLOT)
def upload_sheet() -> Answer:
    """Take a sheet in, look whether it can be read, and show what it would make and change."""
    form = SlotSheetForm()
    if not form.validate():
        return _upload_page(form)
    try:
        content, filename = form.content()
        open_file(KIND, COLUMNS, content)
    except Refusal as error:
        return _upload_page(form, error)
    key = keep_upload(_folder(), _person(), content, filename)
    return redirect(url_for("slots.preview_sheet", key=key), 303)


@slots_bp.get("/desk/slots/import/<key>")
@requires(Permission.CREATE_SLOT)
def preview_sheet(key: str) -> str:
    """What the sheet would make and change, or line by line what stands against it."""
    return _preview(key)


@slots_bp.post("/desk/slots/import/<key>/columns")
@requires(Permission.CREATE_SLOT)
def set_sheet_columns(key: str) -> Answer:
    """Correct which column means what; remembered for sheets with the same headings."""
    content, _filename = open_upload(_folder(), _person(), key)
    heading = open_file(KIND, COLUMNS, content).heading
    mapping = typed_slot_mapping(request.form)
    try:
        checked = check_mapping(COLUMNS, mapping, heading)
    except Invalid as error:
        return _preview(key, error, chosen=mapping), 422
    with unit_of_work():
        remember_mapping(KIND, heading, checked)
    return redirect(url_for("slots.preview_sheet", key=key), 303)


@slots_bp.post("/desk/slots/import/<key>")
@requires(Permission.CREATE_SLOT)
def import_sheet(key: str) -> Answer:
    """Carry the import out, all or nothing."""
    form = ConfirmSlotsForm()
    publish = bool(form.publish.data)
    try:
        with claim_upload(_folder(), _person(), key) as claim:
            with unit_of_work():
                report = import_slots(
                    claim.content, claim.filename, dry_run=False, publish=publish, actor=current_actor()
                )
            claim.is_done = report.is_applied
    except NotFound:
        raise
    except Refusal as error:
        return _preview(key, error), status_of(error)
    if not report.is_applied:
        return _preview(key), 409
    _say_done(report, publish=publish)
    return redirect(_desk_of(report), 303)


@slots_bp.get("/desk/slots/import/template.xlsx")
@requires(Permission.CREATE_SLOT)
def sheet_template() -> Response:
    """A workbook to fill in, with the actor's own department and what there is to choose from."""
    return _file(write_slot_template(current_actor()), "slots-template.xlsx")


@slots_bp.get("/desk/slots.xlsx")
@requires(Permission.CREATE_SLOT)
def sheet_of_month() -> Response:
    """The actor's slots as import reads them back; the address may say which month and department."""
    month = read_month(request.args.get("month", ""))
    wanted = request.args.get("department", "")
    named = (item for item in all_departments(include_inactive=True) if wanted in {item.public_id, item.code})
    chosen = next(named, None)
    if wanted and (chosen is None or not is_allowed(current_actor(), Permission.CREATE_SLOT, chosen.scope)):
        raise NotFound()
    span = {"starts_from": month.start(zone()), "starts_before": month.end(zone())} if month else {}
    export = export_slots(current_actor(), **span, lead=chosen.id if chosen else None)
    return _file(write_xlsx(export), f"slots-{month.key}.xlsx" if month else "slots.xlsx")


def _upload_page(form: SlotSheetForm, error: Refusal | None = None) -> Answer:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    return render_template("slots/import.html", form=form), status


def _preview(key: str, refused: Refusal | None = None, chosen: dict[str, int] | None = None) -> str:
    content, filename = open_upload(_folder(), _person(), key)
    report = import_slots(content, filename, dry_run=True, actor=current_actor())
    changes = [change for change in report.plan.changes if change.outcome is not Outcome.UNCHANGED]
    return render_template(
        "slots/import_preview.html",
        report=report,
        key=key,
        form=ConfirmSlotsForm(formdata=None),
        columns=[(column.field, _words_of(column), column.required) for column in COLUMNS],
        words={column.field: _words_of(column) for column in COLUMNS},
        column_prefix=COLUMN_PREFIX,
        chosen=report.mapping if chosen is None else chosen,
        refused=_said(refused) if refused else None,
        problems=[_line(problem) for problem in report.problems[:PROBLEMS_SHOWN]],
        warnings=[_line(problem) for problem in report.warnings[:PROBLEMS_SHOWN]],
        changes=changes[:CHANGES_SHOWN],
        are_columns_missing=any(problem.code == "columns_missing" for problem in report.problems),
        left_out=max(0, len(changes) - CHANGES_SHOWN),
        marked=sum(bool(marks) for marks in report.marks.values()),
        departments={item.id: item for item in all_departments(include_inactive=True)},
        place_names={item.id: local_name(item) for item in all_places()},
    )


def _said(error: Refusal) -> str:
    """The sentence of a refusal; one of a single slot says of which."""
    if "because" not in error.fields:
        return sentence(error.code, error.fields)
    because = error.fields["because"]
    reason = sentence(because.code, because.fields)
    return sentence(error.code, {"occurrence": error.fields["occurrence"], "reason": reason})


def _words_of(column: Any) -> str:
    return str(column.en if current_locale() == "en" else column.zh)


def _line(problem: Problem) -> dict[str, Any]:
    said = sentence(problem.code, dict(problem.fields))
    return {"row": problem.row, "column": problem.column, "value": problem.value, "sentence": said}


def _say_done(report: SlotReport, *, publish: bool) -> None:
    made = ngettext("%(num)s slot is created.", "%(num)s slots are created.", report.created)
    parts = [made] if report.created else []
    if report.created:
        parts.append(gettext("They are published.") if publish else gettext("They are drafts until you publish them."))
    if report.updated:
        parts.append(ngettext("%(num)s slot is changed.", "%(num)s slots are changed.", report.updated))
    flash(" ".join(parts) or gettext("The file says nothing new, so nothing was changed."), "success")


def _desk_of(report: SlotReport) -> str:
    """The desk in the month of the first slot touched, of its department when all are of one."""
    touched: list[Change] = [item for item in report.plan.changes if item.outcome is not Outcome.UNCHANGED]
    commands = [item.values["command"] for item in touched or report.plan.changes]
    first = min(item.starts_at for item in commands).astimezone(zone())
    keys = {item.department for item in commands}
    department = next((item.code for item in all_departments(include_inactive=True) if {item.id} == keys), None)
    return url_for("pages.desk", month=f"{first:%Y-%m}", department=department)


def _folder() -> Path:
    home: Path = current_app.config["EVENTSYS"].home
    return home / "uploads"


def _person() -> int:
    return current_actor().person or 0


def _file(content: bytes, filename: str) -> Response:
    answer = FileResponse(content, content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer
