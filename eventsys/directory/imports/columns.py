"""Which column means what: recognised by its heading, in Chinese or English, or as somebody corrected it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventsys.core.errors import Invalid
from eventsys.core.text import fold
from eventsys.directory.imports.rules import HEADING_WITHIN, Heading, ImportKind, Sheet

_DECORATION = re.compile(r"[（(【\[].*?[）)】\]]|[*＊:：\s\"“”]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a template: the field it fills, its heading in both languages, and other names people give it."""

    field: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()
    required: bool = False


COLUMNS: Mapping[ImportKind, tuple[Column, ...]] = {
    ImportKind.DEPARTMENTS: (
        Column("code", "部门代码", "Code", ("代码", "编码", "部门编码", "编号", "department code")),
        Column(
            "name",
            "部门名称",
            "Name",
            ("名称", "单位名称", "部门", "单位", "全称", "department", "department name", "涉企部门"),
            required=True,
        ),
        Column("short_name", "简称", "Short name", ("部门简称", "单位简称", "short")),
        Column("name_en", "英文名称", "English name", ("英文名", "英文", "name in english", "english")),
        Column("colour", "颜色", "Colour", ("色号", "颜色编号", "color")),
        Column("phone", "联系电话", "Telephone", ("电话", "联系方式", "办公电话", "phone", "tel")),
        Column("email", "电子邮箱", "Mail", ("邮箱", "电子邮件", "email", "e-mail", "mail address")),
        Column("services", "服务事项", "Services", ("服务", "事项", "服务内容", "service")),
        Column("active", "状态", "State", ("启用状态", "是否启用", "status", "active")),
    ),
    ImportKind.ENTERPRISES: (
        Column(
            "credit_code",
            "统一社会信用代码",
            "Credit code",
            (
                "信用代码",
                "社会信用代码",
                "统一信用代码",
                "统一代码",
                "税号",
                "纳税人识别号",
                "代码",
                "unified social credit code",
                "uscc",
                "code",
            ),
            required=True,
        ),
        Column(
            "name",
            "企业名称",
            "Name",
            (
                "名称",
                "单位名称",
                "公司名称",
                "企业",
                "公司",
                "全称",
                "enterprise",
                "company",
                "enterprise name",
                "company name",
            ),
            required=True,
        ),
        Column("short_name", "简称", "Short name", ("企业简称", "公司简称", "short")),
        Column("name_en", "英文名称", "English name", ("英文名", "英文", "english")),
        Column(
            "sub_district", "所属街道", "Sub-district", ("街道", "镇街", "街镇", "所在街道", "subdistrict", "street")
        ),
        Column("park", "所属园区", "Park", ("园区", "所在园区", "园区名称")),
        Column("address", "地址", "Address", ("企业地址", "注册地址", "经营地址", "办公地址", "联系地址", "详细地址")),
        Column("size", "企业规模", "Size", ("规模", "类型", "enterprise size", "scale")),
        Column("tags", "标签", "Tags", ("企业标签", "资质", "类别", "tag", "labels")),
        Column("note", "备注", "Note", ("说明", "notes", "remark", "remarks")),
        Column("active", "状态", "State", ("启用状态", "是否启用", "status", "active")),
    ),
}


def known_column(columns: Sequence[Column], field: str) -> Column:
    """The column that fills `field`."""
    return next(column for column in columns if column.field == field)


def find_heading(columns: Sequence[Column], sheet: Sheet) -> Heading:
    """The heading row: of the first rows the one with most known headings, else the first with several cells filled."""
    best, best_count = 0, 0
    first_full: int | None = None
    for index, row in enumerate(sheet.rows[:HEADING_WITHIN]):
        count = len(recognise(columns, row.cells))
        if count > best_count:
            best, best_count = index, count
        if first_full is None and sum(bool(cell.strip()) for cell in row.cells) > 1:
            first_full = index
    index = best if best_count else first_full or 0
    return Heading(index, sheet.rows[index].cells)


def recognise(columns: Sequence[Column], texts: tuple[str, ...]) -> dict[str, int]:
    """Field -> column by the headings; of two columns for one field the one with the better known heading counts."""
    folded = [_plain(text) for text in texts]
    mapping: dict[str, int] = {}
    for column in columns:
        names = [_plain(name) for name in (column.zh, column.en, column.field, *column.synonyms)]
        for name in names:
            if name in folded and folded.index(name) not in mapping.values():
                mapping[column.field] = folded.index(name)
                break
    return mapping


def check_mapping(columns: Sequence[Column], mapping: Mapping[str, int], heading: Heading) -> dict[str, int]:
    """A mapping that fits the file, or Invalid: known fields, columns that exist, none used twice."""
    checked = {field: index for field, index in mapping.items() if index >= 0}
    for field, index in checked.items():
        if all(column.field != field for column in columns) or index >= len(heading.texts):
            raise Invalid("bad_choice", field=field)
        if list(checked.values()).count(index) > 1:
            raise Invalid("column_used_twice", field=field)
    return checked


def missing_columns(columns: Sequence[Column], mapping: Mapping[str, int]) -> list[Column]:
    """The required columns that `mapping` lacks."""
    return [column for column in columns if column.required and column.field not in mapping]


def heading_hash(heading: Heading) -> str:
    """What a mapping is remembered by: the headings, whatever their blanks and decoration."""
    return hashlib.sha256(json.dumps([_plain(text) for text in heading.texts]).encode()).hexdigest()


def _plain(text: str) -> str:
    return fold(_DECORATION.sub("", text)) or fold(text)
