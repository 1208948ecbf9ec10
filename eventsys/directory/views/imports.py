"""Imports and exports in the browser: upload, preview with its columns, confirm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response as FileResponse
from flask import current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.forms.imports import COLUMN_PREFIX, ConfirmForm, UploadForm, typed_mapping
from eventsys.directory.imports.columns import COLUMNS, check_mapping
from eventsys.directory.imports.export import export_rows, write_template
from eventsys.directory.imports.opening import open_file, remember_mapping
from eventsys.directory.imports.rules import PROBLEMS_SHOWN, ImportKind, ImportReport, Problem
from eventsys.directory.imports.services import PERMISSIONS, run_import
from eventsys.directory.imports.tables import write_csv, write_xlsx
from eventsys.directory.imports.uploads import drop_upload, keep_upload, open_upload
from eventsys.directory.views.blueprint import bp, say
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

Answer = str | Response | tuple[str, int]
CHANGES_SHOWN = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = "<any(departments, enterprises):kind>"


@bp.get(f"/imports/{KINDS}")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def imports(kind: str) -> str:
    """Choose a file; take the template or the present state along."""
    _authorize(kind)
    return render_template("directory/imports.html", kind=kind, form=UploadForm())


@bp.post(f"/imports/{KINDS}")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def upload(kind: str) -> Answer:
    """Take a file in, look whether it can be read, and show what it would change."""
    _authorize(kind)
    form = UploadForm()
    status = 422
    if form.validate_on_submit():
        content = form.file.data.read()
        try:
            open_file(kind, COLUMNS[ImportKind(kind)], content)
        except Refusal as error:
            form.refuse(error)
            status = status_of(error)
        else:
            key = keep_upload(_folder(), _person(), content, form.file.data.filename or "")
            return redirect(url_for("directory.preview", kind=kind, key=key), 303)
    return render_template("directory/imports.html", kind=kind, form=form), status


@bp.get(f"/imports/{KINDS}/<key>")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def preview(kind: str, key: str) -> str:
    """What the uploaded file would change, or line by line what stands against it."""
    content, filename = open_upload(_folder(), _person(), key)
    report = run_import(kind, content, filename, dry_run=True, actor=current_actor())
    return _show(report, key)


@bp.post(f"/imports/{KINDS}/<key>/columns")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def set_columns(kind: str, key: str) -> Answer:
    """Correct which column means what; remembered for files with the same headings."""
    _authorize(kind)
    content, filename = open_upload(_folder(), _person(), key)
    mapping = typed_mapping(ImportKind(kind), request.form)
    heading = open_file(kind, COLUMNS[ImportKind(kind)], content).heading
    try:
        checked = check_mapping(COLUMNS[ImportKind(kind)], mapping, heading)
    except Invalid as error:
        report = run_import(kind, content, filename, dry_run=True, actor=current_actor())
        return _show(report, key, refused=error, chosen=mapping), 422
    with unit_of_work():
        remember_mapping(kind, heading, checked)
    return redirect(url_for("directory.preview", kind=kind, key=key), 303)


@bp.post(f"/imports/{KINDS}/<key>")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def confirm(kind: str, key: str) -> Answer:
    """Carry the import out, all or nothing."""
    content, filename = open_upload(_folder(), _person(), key)
    with unit_of_work():
        report = run_import(kind, content, filename, dry_run=False, actor=current_actor())
    if not report.is_applied:
        return _show(report, key), 409
    drop_upload(_folder(), _person(), key)
    say(
        _(
            "Imported: %(created)s new, %(updated)s changed, %(unchanged)s unchanged.",
            created=report.created,
            updated=report.updated,
            unchanged=report.unchanged,
        )
    )
    return redirect(url_for(f"directory.{kind}"), 303)


@bp.get(f"/imports/{KINDS}/template.xlsx")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def template(kind: str) -> Response:
    """A workbook to fill in."""
    _authorize(kind)
    return _file(write_template(ImportKind(kind)), f"{kind}-template.xlsx", XLSX)


@bp.get(f"/exports/{KINDS}.<any(xlsx, csv):suffix>")
@requires(Permission.ADMINISTER, Permission.EDIT_ENTERPRISE)
def export(kind: str, suffix: str) -> Response:
    """Everything there is, as import reads it back."""
    _authorize(kind)
    rows = export_rows(kind)
    if suffix == "csv":
        return _file(write_csv(rows), f"{kind}.csv", "text/csv; charset=utf-8")
    return _file(write_xlsx(rows), f"{kind}.xlsx", XLSX)


def _show(report: ImportReport, key: str, refused: Invalid | None = None, chosen: dict[str, int] | None = None) -> str:
    return render_template(
        "directory/preview.html",
        report=report,
        kind=report.kind,
        key=key,
        form=ConfirmForm(),
        columns=COLUMNS[ImportKind(report.kind)],
        column_prefix=COLUMN_PREFIX,
        chosen=report.mapping if chosen is None else chosen,
        refused=sentence(refused.code, refused.fields) if refused else None,
        problems=[_line(problem) for problem in report.problems[:PROBLEMS_SHOWN]],
        warnings=[_line(problem) for problem in report.warnings[:PROBLEMS_SHOWN]],
        changes=[change for change in report.plan.changes if change.outcome != "unchanged"][:CHANGES_SHOWN],
    )


def _line(problem: Problem) -> dict[str, Any]:
    return {
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "sentence": sentence(problem.code, dict(problem.fields)),
    }


def _authorize(kind: str) -> None:
    authorize(current_actor(), PERMISSIONS[ImportKind(kind)], Scope())


def _folder() -> Path:
    home: Path = current_app.config["EVENTSYS"].home
    return home / "uploads"


def _person() -> int:
    return current_actor().person or 0


def _file(content: bytes, filename: str, content_type: str) -> Response:
    answer = FileResponse(content, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer
