"""What the directory holds, as the spreadsheet an import reads back without a change; and the template to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsys.directory.commands import join_services
from eventsys.directory.imports.columns import COLUMNS
from eventsys.directory.imports.plan import ACTIVE_WORDS, SIZE_WORDS
from eventsys.directory.imports.rules import EXAMPLE_MARK, ImportKind
from eventsys.directory.imports.services import department_state, enterprise_state
from eventsys.directory.imports.tables import Export, template_workbook
from eventsys.directory.queries.imports import every_department, every_enterprise

_SIZE_TEXTS = {size: word for word, size in SIZE_WORDS.items()}
SHEET_NAMES: Mapping[ImportKind, str] = {ImportKind.DEPARTMENTS: "涉企部门", ImportKind.ENTERPRISES: "企业"}


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
    return Export(SHEET_NAMES[kind], tuple(column.zh for column in columns), rows)


def write_template(kind: ImportKind) -> bytes:
    """An empty workbook to fill in, with one example row and a second sheet that explains the columns."""
    return template_workbook(SHEET_NAMES[kind], COLUMNS[kind], EXAMPLES[kind], HINTS[kind])


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
