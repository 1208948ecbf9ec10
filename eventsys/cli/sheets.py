"""`eventsys import` and `eventsys export`: what export writes, import reads back without a change (bookings are only
written)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from eventsys.bookings.exports import export_bookings
from eventsys.bookings.services import import_slots
from eventsys.cli.application import COMMAND_LINE, installed
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict
from eventsys.directory.imports.export import export_rows
from eventsys.directory.imports.rules import PROBLEMS_SHOWN, ImportKind, ImportReport, Problem
from eventsys.directory.imports.services import run_import
from eventsys.directory.imports.tables import Export, write_csv, write_xlsx
from eventsys.slots.imports.columns import KIND as SLOTS
from eventsys.slots.imports.export import export_slots
from eventsys.web.wording import sentence

BOOKINGS = "bookings"
IMPORTED = click.Choice([*(kind.value for kind in ImportKind), SLOTS])
EXPORTED = click.Choice([*IMPORTED.choices, BOOKINGS])


@click.command("import")
@click.argument("kind", type=IMPORTED)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
def import_file(kind: str, file: Path, dry_run: bool) -> None:
    """Import departments, enterprises or slots from FILE (.xlsx, .xls, .csv), all rows or none.

    New slots are drafts; who booked a slot that moves is told.
    """
    content = file.read_bytes()
    with installed():
        try:
            if dry_run:
                report = _bring(kind, content, file.name, dry_run=True)
            else:
                with unit_of_work():
                    report = _bring(kind, content, file.name, dry_run=False)
        except Conflict as error:
            because = error.fields.get("because", error)
            raise click.ClickException(f"nothing was imported: {sentence(because.code, because.fields)}") from error
        _tell("warning", report.warnings)
        _tell("problem", report.problems)
        if report.problems:
            raise click.ClickException(f"{len(report.problems)} problems in {file.name}; nothing was imported")
        click.echo(_summary(report))


@click.command("export")
@click.argument("kind", type=EXPORTED)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_file(kind: str, file: Path) -> None:
    """Write all departments, enterprises, slots or bookings into FILE, a .xlsx or a .csv."""
    writers = {".xlsx": write_xlsx, ".csv": write_csv}
    if file.suffix.lower() not in writers:
        raise click.UsageError("FILE must end in .xlsx or .csv")
    with installed():
        export = _take(kind)
        file.write_bytes(writers[file.suffix.lower()](export))
        db.session.rollback()
    click.echo(f"Written: {len(export.rows)} {kind} in {file}")


def _bring(kind: str, content: bytes, filename: str, *, dry_run: bool) -> ImportReport:
    if kind == SLOTS:
        return import_slots(content, filename, dry_run=dry_run, actor=COMMAND_LINE)
    return run_import(kind, content, filename, dry_run=dry_run, actor=COMMAND_LINE)


def _take(kind: str) -> Export:
    if kind == BOOKINGS:
        return export_bookings(COMMAND_LINE)
    return export_slots(COMMAND_LINE) if kind == SLOTS else export_rows(kind)


def _tell(word: str, problems: Iterable[Problem]) -> None:
    """A line each on standard error, up to a number that a person still reads."""
    for number, problem in enumerate(problems):
        if number == PROBLEMS_SHOWN:
            click.echo("…", err=True)
            return
        place = f"row {problem.row}{f', {problem.column}' if problem.column else ''}"
        value = f" ({problem.value})" if problem.value else ""
        click.echo(f"{word}: {place}: {sentence(problem.code, dict(problem.fields))}{value}", err=True)


def _summary(report: ImportReport) -> str:
    verb = "Imported" if report.is_applied else "Would import"
    return f"{verb} {report.rows} rows: {report.created} new, {report.updated} changed, {report.unchanged} as before."
