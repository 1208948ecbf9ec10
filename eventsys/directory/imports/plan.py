"""What an import would do: rows and what is known -> problems and changes. Pure.

An empty cell leaves what is there, so a file may bring only some columns. A department is known by its code or, where
the file gives none, by its name; an enterprise by its credit code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eventsys.core.errors import Invalid
from eventsys.core.search import initials
from eventsys.core.text import BLANKS, fold
from eventsys.directory.commands import (
    DepartmentDetails,
    EnterpriseDetails,
    check_department,
    check_enterprise,
    check_service_names,
    split_services,
    split_tags,
)
from eventsys.directory.imports.columns import COLUMNS, known_column, missing_columns
from eventsys.directory.imports.rules import EXAMPLE_MARK, Change, ImportKind, Outcome, Plan, Problem, Row
from eventsys.directory.rules import CODE_MAX, COLOURS, SHORT_NAME_MAX, EnterpriseSize, parse_credit_code

State = dict[str, Any]

_LOST_DIGITS = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_ON = {"启用", "是", "有效", "正常", "active", "enabled", "yes", "true", "1"}
_OFF = {"停用", "禁用", "否", "无效", "注销", "inactive", "disabled", "no", "false", "0"}
SIZE_WORDS: Mapping[str, EnterpriseSize] = {
    "大型": EnterpriseSize.LARGE,
    "中型": EnterpriseSize.MEDIUM,
    "小型": EnterpriseSize.SMALL,
    "微型": EnterpriseSize.MICRO,
}
ACTIVE_WORDS = {True: "启用", False: "停用"}


@dataclass(frozen=True, slots=True)
class Known:
    """What the directory holds already: departments by code or enterprises by credit code, each as a state; department
    names to codes; park names (as written and folded, short ones too) to public ids."""

    states: Mapping[str, State]
    codes_by_name: Mapping[str, str] = field(default_factory=dict)
    parks: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Work:
    kind: ImportKind
    mapping: Mapping[str, int]
    headings: tuple[str, ...]
    known: Known
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rows_by_key: dict[str, int] = field(default_factory=dict)
    rows_by_name: dict[str, int] = field(default_factory=dict)

    def heading(self, name: str) -> str:
        """The file's own heading of a field, ours when the file has none."""
        index = self.mapping.get(name)
        return self.headings[index] if index is not None else known_column(COLUMNS[self.kind], name).zh

    def refuse(self, row: Row, name: str, code: str, value: str = "", **fields: Any) -> None:
        """Note why `row` cannot be imported."""
        self.problems.append(Problem(row.number, self.heading(name), code, value[:80], fields))

    def cell(self, row: Row, name: str) -> str:
        """The text of a field, empty when the file has no such column."""
        index = self.mapping.get(name)
        return row.cells[index].strip(BLANKS) if index is not None and index < len(row.cells) else ""


def make_plan(
    kind: ImportKind, rows: Iterable[Row], mapping: Mapping[str, int], headings: tuple[str, ...], known: Known
) -> Plan:
    """The plan of all `rows` (those below the heading); with missing columns that is its only problem."""
    work = _Work(kind, mapping, headings, known)
    missing = missing_columns(COLUMNS[kind], mapping)
    if missing:
        names = "、".join(column.zh for column in missing)
        return Plan((Problem(0, names, "columns_missing", fields={"columns": names}),), (), ())
    plan_row: Callable[[_Work, Row], None] = _plan_department if kind is ImportKind.DEPARTMENTS else _plan_enterprise
    for row in rows:
        is_example = work.cell(row, "name").endswith(EXAMPLE_MARK)
        if not is_example and any(work.cell(row, name) for name in mapping):
            plan_row(work, row)
    return Plan(tuple(work.problems), tuple(work.warnings), tuple(work.changes))


def _plan_enterprise(work: _Work, row: Row) -> None:
    raw = work.cell(row, "credit_code")
    if _LOST_DIGITS.fullmatch(raw):
        return work.refuse(row, "credit_code", "number_lost_digits", raw)
    try:
        code = parse_credit_code(raw)
    except Invalid as error:
        return work.refuse(row, "credit_code", error.code if raw else "required", raw, **error.fields)
    before = work.known.states.get(code.text)
    if _repeats(work, row, "credit_code", code.text, work.rows_by_key):
        return None
    values: State = dict(before or _new_enterprise(code.text))
    _take_texts(work, row, values, ("name", "short_name", "name_en", "sub_district", "address", "note"))
    problems = len(work.problems)
    if work.cell(row, "tags"):
        values["tags"] = tuple(sorted(split_tags(work.cell(row, "tags"))))
    _take_choice(work, row, values, "size", _size)
    _take_choice(work, row, values, "park", lambda text: work.known.parks.get(text) or work.known.parks.get(fold(text)))
    _take_choice(work, row, values, "active", _active)
    try:
        details, _code = check_enterprise(enterprise_details(values))
    except Invalid as error:
        return _refuse_all(work, row, error)
    if len(work.problems) > problems:
        return None
    if not code.is_checked:
        work.warnings.append(Problem(row.number, work.heading("credit_code"), "check_digit", code.text))
    values |= {name: getattr(details, name) for name in ("name", "short_name", "name_en", "sub_district", "address",
                                                         "note")}  # fmt: skip
    values["tags"] = tuple(sorted(details.tags))
    return _conclude(work, row, code.text, before, values)


def _plan_department(work: _Work, row: Row) -> None:
    name = work.cell(row, "name")
    code = fold(work.cell(row, "code")) or work.known.codes_by_name.get(name, "")
    before = work.known.states.get(code) if code else None
    if not code:
        short = work.cell(row, "short_name") or name
        code = propose_code(short, {*work.known.states, *work.rows_by_key})
    if _repeats(work, row, "code", code, work.rows_by_key):
        return None
    values: State = dict(before or _new_department(code, name, len(work.known.states) + len(work.changes)))
    _take_texts(work, row, values, ("name", "short_name", "name_en", "phone", "email"))
    problems = len(work.problems)
    _take_choice(work, row, values, "colour", _colour)
    _take_choice(work, row, values, "active", _active)
    try:
        details = check_department(department_details(values))
    except Invalid as error:
        return _refuse_all(work, row, error)
    if work.known.codes_by_name.get(details.name, code) != code:
        work.refuse(row, "name", "name_taken", details.name)
    if _repeats(work, row, "name", details.name, work.rows_by_name) or len(work.problems) > problems:
        return None
    _take_services(work, row, values)
    if len(work.problems) > problems:
        return None
    values |= {key: getattr(details, key) for key in ("name", "short_name", "name_en", "phone", "email")}
    values["code"] = details.code
    return _conclude(work, row, code, before, values)


def _conclude(work: _Work, row: Row, key: str, before: State | None, values: State) -> None:
    differing = [name for name in values if before is not None and before[name] != values[name]]
    outcome = Outcome.CREATED if before is None else Outcome.UPDATED if differing else Outcome.UNCHANGED
    work.changes.append(
        Change(
            row.number,
            key,
            values["name"],
            outcome,
            values,
            before={name: before[name] for name in differing} if before else {},
            after={name: values[name] for name in differing},
        )
    )


def _repeats(work: _Work, row: Row, name: str, key: str, seen: dict[str, int]) -> bool:
    first = seen.setdefault(key, row.number)
    if first != row.number:
        work.refuse(row, name, "row_repeats", key, first=first)
    return first != row.number


def _take_texts(work: _Work, row: Row, values: State, names: tuple[str, ...]) -> None:
    for name in names:
        text = work.cell(row, name)
        if text:
            values[name] = text


def _take_services(work: _Work, row: Row, values: State) -> None:
    """The services named are those offered from now on, in this order."""
    text = work.cell(row, "services")
    if not text:
        return
    try:
        values["services"] = check_service_names(split_services(text))
    except Invalid as error:
        work.refuse(row, "services", error.code, text, **error.fields)


def _take_choice(work: _Work, row: Row, values: State, name: str, parse: Callable[[str], Any]) -> None:
    text = work.cell(row, name)
    if not text:
        return
    value = parse(text)
    if value is None:
        work.refuse(row, name, f"cell_{name}", text, colours=COLOURS)
    else:
        values[name] = value


def _refuse_all(work: _Work, row: Row, error: Invalid) -> None:
    for problem in error.problems:
        value = work.cell(row, problem.field)
        work.refuse(row, problem.field, problem.code, value, **problem.fields)


def _size(text: str) -> EnterpriseSize | None:
    plain = fold(text).removesuffix("企业")
    for word, size in SIZE_WORDS.items():
        if plain in {word, word[0], size.value}:
            return size
    return None


def _active(text: str) -> bool | None:
    plain = fold(text)
    return True if plain in _ON else False if plain in _OFF else None


def _colour(text: str) -> int | None:
    plain = fold(text)
    return int(plain) if plain.isascii() and plain.isdigit() and 1 <= int(plain[:4]) <= COLOURS else None


def _new_enterprise(code: str) -> State:
    return {"credit_code": code, "name": "", "short_name": "", "name_en": "", "sub_district": "", "park": "",
            "address": "", "size": "", "tags": (), "note": "", "active": True}  # fmt: skip


def _new_department(code: str, name: str, count: int) -> State:
    short = name if len(name) <= SHORT_NAME_MAX else ""
    return {"code": code, "name": name, "short_name": short, "name_en": "", "colour": count % COLOURS + 1,
            "phone": "", "email": "", "services": (), "active": True}  # fmt: skip


def enterprise_details(state: State) -> EnterpriseDetails:
    """The command a state stands for."""
    return EnterpriseDetails(**{name: value for name, value in state.items() if name != "active"})


def department_details(state: State) -> DepartmentDetails:
    """The command a state stands for."""
    return DepartmentDetails(**{name: value for name, value in state.items() if name not in {"active", "services"}})


def propose_code(name: str, taken: set[str]) -> str:
    """A free code made of the name's pinyin initials: 税务局 -> swj, then swj2."""
    base = re.sub(r"[^a-z0-9]", "", initials(name))[: CODE_MAX - 4]
    base = base if base[:1].isalpha() else f"d{base}"
    number = 1
    while (code := base if number == 1 else f"{base}{number}") in taken:
        number += 1
    return code
