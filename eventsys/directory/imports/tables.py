"""Tables of text as CSV or workbook, and the workbook to fill in: what `read` reads back as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventsys.directory.imports.cells import guard_csv, guard_text
from eventsys.directory.imports.columns import Column

COLUMN_WIDTH = 22


@dataclass(frozen=True, slots=True)
class Export:
    """A table of text: headings, then rows; `sheet` is what a workbook calls it."""

    sheet: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def write_csv(export: Export) -> bytes:
    """CSV in UTF-8 with the byte order mark Excel needs; cells that look like formulas are marked (see cells.py)."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(export.headings)
    writer.writerows([[guard_csv(cell) for cell in row] for row in export.rows])
    return stream.getvalue().encode("utf-8-sig")


def write_xlsx(export: Export) -> bytes:
    """A workbook in which every cell is text."""
    return _workbook(export, (), {}, ())


def template_workbook(
    sheet: str,
    columns: Sequence[Column],
    example: Mapping[str, str],
    hints: Mapping[str, tuple[str, str]],
    notes: Sequence[tuple[str, str]] = (),
) -> bytes:
    """An empty workbook to fill in, with one example row and a second sheet that explains the columns; `notes` are
    further lines of that sheet, in Chinese and English."""
    row = tuple(example.get(column.field, "") for column in columns)
    export = Export(sheet, tuple(column.zh for column in columns), (row,))
    return _workbook(export, columns, hints, notes)


def _workbook(
    export: Export, explained: Sequence[Column], hints: Mapping[str, tuple[str, str]], notes: Sequence[tuple[str, str]]
) -> bytes:
    from xlsxwriter import Workbook  # only here: most processes never write a workbook

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(stream, options) as workbook:
        bold = workbook.add_format({"bold": True, "bg_color": "#E8EEF7", "bottom": 1})
        text = workbook.add_format({"num_format": "@"})
        sheet = workbook.add_worksheet(export.sheet)
        sheet.set_column(0, len(export.headings) - 1, COLUMN_WIDTH, text)
        sheet.freeze_panes(1, 0)
        _write_row(sheet, 0, export.headings, bold)
        for number, row in enumerate(export.rows, start=1):
            _write_row(sheet, number, row, text)
        if explained:
            _explain(workbook.add_worksheet("填写说明"), explained, hints, notes, bold)
    return stream.getvalue()


def _write_row(sheet: Any, number: int, cells: Iterable[str], style: Any) -> None:
    for column, cell in enumerate(cells):
        if cell:
            sheet.write_string(number, column, guard_text(cell), style)


def _explain(
    sheet: Any,
    columns: Sequence[Column],
    hints: Mapping[str, tuple[str, str]],
    notes: Sequence[tuple[str, str]],
    bold: Any,
) -> None:
    sheet.set_column(0, 1, COLUMN_WIDTH)
    sheet.set_column(2, 3, 3 * COLUMN_WIDTH)
    _write_row(sheet, 0, ("列", "Column", "怎么填", "How to fill it in"), bold)
    for number, column in enumerate(columns, start=1):
        zh, en = hints.get(column.field, ("选填。", "Optional."))
        _write_row(sheet, number, (column.zh, column.en, zh, en), None)
    first = (
        "第一张表中的示例行请删除或改写；空白单元格不改动已有内容；列的顺序不限。",
        "Delete or overwrite the example row; an empty cell changes nothing; columns may stand in any order.",
    )
    for number, (zh, en) in enumerate((first, *notes), start=len(columns) + 2):
        _write_row(sheet, number, ("", "", zh, en), None)
