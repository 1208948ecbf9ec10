"""What the directory holds, as the spreadsheet an import reads back without a change; and the template to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eventsys.directory.commands import join_services
from eventsys.directory.imports.cells import guard_csv, guard_text
from eventsys.directory.imports.columns import COLUMNS, Column
from eventsys.directory.imports.plan import ACTIVE_WORDS, SIZE_WORDS
from eventsys.directory.imports.rules import EXAMPLE_MARK, ImportKind
from eventsys.directory.imports.services import department_state, enterprise_state
from eventsys.directory.queries.imports import every_department, every_enterprise

_SIZE_TEXTS = {size: word for word, size in SIZE_WORDS.items()}
SHEET_NAMES: Mapping[ImportKind, str] = {ImportKind.DEPARTMENTS: "涉企部门", ImportKind.ENTERPRISES: "企业"}
COLUMN_WIDTH = 22


@dataclass(frozen=True, slots=True)
class Export:
    """A table of text: headings, then rows."""

    kind: ImportKind
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def export_rows(kind: ImportKind | str) -> Export:
    """Every department or enterprise, disabled ones too, under the headings of the template."""
    kind = ImportKind(kind)
    columns = COLUMNS[kind]
    states = (
        [department_state(row) for row in every_department()]
        if kind is ImportKind.DEPARTMENTS
        else [enterprise_state(row) | {"park": row.park.name if row.park else ""} for row in every_enterprise()]
    )
    for state in states if kind is ImportKind.DEPARTMENTS else ():
        state["services"] = join_services(state["services"])
    rows = tuple(tuple(_text(state[column.field]) for column in columns) for state in states)
    return Export(kind, tuple(column.zh for column in columns), rows)


def write_csv(export: Export) -> bytes:
    """CSV in UTF-8 with the byte order mark Excel needs; cells that look like formulas are marked (see cells.py)."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(export.headings)
    writer.writerows([[guard_csv(cell) for cell in row] for row in export.rows])
    return stream.getvalue().encode("utf-8-sig")


def write_xlsx(export: Export) -> bytes:
    """A workbook in which every cell is text."""
    return _workbook(export.kind, export.headings, export.rows, ())


def write_template(kind: ImportKind) -> bytes:
    """An empty workbook to fill in, with one example row and a second sheet that explains the columns."""
    columns = COLUMNS[kind]
    example = tuple(EXAMPLES[kind].get(column.field, "") for column in columns)
    return _workbook(kind, tuple(column.zh for column in columns), [example], columns)


def _workbook(
    kind: ImportKind, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]], explained: tuple[Column, ...]
) -> bytes:
    from xlsxwriter import Workbook  # only here: most processes never write a workbook

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(stream, options) as workbook:
        bold = workbook.add_format({"bold": True, "bg_color": "#E8EEF7", "bottom": 1})
        text = workbook.add_format({"num_format": "@"})
        sheet = workbook.add_worksheet(SHEET_NAMES[kind])
        sheet.set_column(0, len(headings) - 1, COLUMN_WIDTH, text)
        sheet.freeze_panes(1, 0)
        _write_row(sheet, 0, headings, bold)
        for number, row in enumerate(rows, start=1):
            _write_row(sheet, number, row, text)
        if explained:
            _explain(workbook.add_worksheet("填写说明"), kind, explained, bold)
    return stream.getvalue()


def _write_row(sheet: Any, number: int, cells: Iterable[str], style: Any) -> None:
    for column, cell in enumerate(cells):
        if cell:
            sheet.write_string(number, column, guard_text(cell), style)


def _explain(sheet: Any, kind: ImportKind, columns: tuple[Column, ...], bold: Any) -> None:
    sheet.set_column(0, 1, COLUMN_WIDTH)
    sheet.set_column(2, 3, 3 * COLUMN_WIDTH)
    _write_row(sheet, 0, ("列", "Column", "怎么填", "How to fill it in"), bold)
    for number, column in enumerate(columns, start=1):
        zh, en = HINTS[kind].get(column.field, ("选填。", "Optional."))
        _write_row(sheet, number, (column.zh, column.en, zh, en), None)
    zh, en = (
        "第一张表中的示例行请删除或改写；空白单元格不改动已有内容；列的顺序不限。",
        "Delete or overwrite the example row; an empty cell changes nothing; columns may stand in any order.",
    )
    _write_row(sheet, len(columns) + 2, ("", "", zh, en), None)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return ACTIVE_WORDS[value]
    if isinstance(value, tuple):
        return "、".join(value)
    return _SIZE_TEXTS.get(value) or str(value)


_ACTIVE_HINT = ("启用或停用；空白表示启用。", "启用 (active) or 停用 (disabled); empty means active.")
HINTS: Mapping[ImportKind, Mapping[str, tuple[str, str]]] = {
    ImportKind.DEPARTMENTS: {
        "code": (
            "小写字母开头，可含数字和连字符，最多20个字符，确定后不能更改；空白时按部门名称识别，新部门自动取简称的拼音首字母。",
            "A letter, then letters, digits or hyphens, permanent; empty: known by name, a new one gets initials.",
        ),
        "name": ("必填，不能重复。", "Required, unique."),
        "short_name": ("最多20个字；名称超过20个字时必填。", "At most 20 characters; required for longer names."),
        "colour": ("1至24的色号；空白自动分配。", "1 to 24; empty: chosen for you."),
        "services": (
            "多个事项用顿号或分号隔开（名称含顿号时用分号）；未列出的事项会停用。",
            "Separated by 、 or semicolons (semicolons when a name holds 、); those not listed are disabled.",
        ),
        "active": _ACTIVE_HINT,
    },
    ImportKind.ENTERPRISES: {
        "credit_code": (
            "必填，18位，请先把该列设为“文本”格式；已有的企业按此更新。",
            "Required, 18 characters, in a column formatted as text; known enterprises are updated by it.",
        ),
        "name": ("必填。", "Required."),
        "park": ("须为已建园区的名称或简称。", "Name or short name of a park that exists."),
        "size": ("大型、中型、小型、微型。", "大型 (large), 中型 (medium), 小型 (small) or 微型 (micro)."),
        "tags": ("多个标签用顿号或逗号隔开。", "Several tags are separated by commas."),
        "active": _ACTIVE_HINT,
    },
}
EXAMPLES: Mapping[ImportKind, Mapping[str, str]] = {
    ImportKind.DEPARTMENTS: {
        "code": "example",
        "name": "示例部门" + EXAMPLE_MARK,
        "short_name": "示例部门",
        "name_en": "Example Department",
        "colour": "1",
        "phone": "0592-1234567",
        "email": "department@example.com",
        "services": "政策辅导、申报指导",
        "active": "启用",
    },
    ImportKind.ENTERPRISES: {
        "credit_code": "91350299MA0000004K",
        "name": "示例企业" + EXAMPLE_MARK,
        "short_name": "示例企业",
        "sub_district": "示例街道",
        "size": "小型",
        "tags": "专精特新、高新技术企业",
        "active": "启用",
    },
}
