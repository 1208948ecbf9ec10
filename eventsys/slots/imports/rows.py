"""One row of a sheet of slots being read: cell by cell, with a line for each problem. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from eventsys.core.errors import Invalid
from eventsys.core.text import BLANKS
from eventsys.directory.imports.columns import known_column
from eventsys.directory.imports.rules import Change, Problem, Row
from eventsys.slots.imports.columns import CLEARED, COLUMNS
from eventsys.slots.imports.finding import Finder
from eventsys.slots.imports.known import Known, KnownSlot
from eventsys.slots.imports.reading import Doubt
from eventsys.slots.imports.texts import INSTANTS, LIMITS, SWITCHES, TEXTS
from eventsys.slots.rules import Audience

# Where the rules name a field that has another column.
COLUMN_OF = {"starts_at": "start", "ends_at": "end", "draw_weighted": "is_draw_weighted"}
_NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(TEXTS, ""),
    **dict.fromkeys(LIMITS[1:]),  # but the capacity
    **dict.fromkeys(INSTANTS),
    **dict.fromkeys(SWITCHES, False),
    **dict.fromkeys(("supporting", "services", "staff", "questions"), ()),
    "place": None, "edition": None, "audience": Audience(),
}  # fmt: skip


@dataclass(slots=True)
class Work:
    """A sheet being read, and what was found so far."""

    mapping: Mapping[str, int]
    headings: tuple[str, ...]
    known: Known
    finder: Finder
    now: datetime
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rows_by_id: dict[str, int] = field(default_factory=dict)

    def heading(self, name: str) -> str:
        """The file's own heading of a field, ours when the file has none."""
        index = self.mapping.get(name)
        return self.headings[index] if index is not None else known_column(COLUMNS, name).zh

    def cells(self, row: Row) -> dict[str, str]:
        """The texts of a row by field; empty where the file has no such column."""
        found = {
            name: row.cells[index].strip(BLANKS) if index < len(row.cells) else ""
            for name, index in self.mapping.items()
        }
        return {column.field: found.get(column.field, "") for column in COLUMNS}


@dataclass(slots=True)
class RowReader:
    """One row being read: its cells, the slot it changes with that one's cells, what was taken of it so far."""

    work: Work
    row: Row
    cells: dict[str, str]
    slot: KnownSlot | None = None
    kept: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Any] = field(default_factory=dict)
    is_refused: bool = False

    def refuse(self, name: str, code: str, **fields: Any) -> None:
        """Note why the row cannot be imported."""
        self.is_refused = True
        value = self.cells.get(name, "")[:80]
        self.work.problems.append(Problem(self.row.number, self.work.heading(name), code, value, fields))

    def doubt(self, name: str, doubts: Iterable[Doubt]) -> None:
        """Note what was read and may have been meant otherwise."""
        for item in doubts:
            said = Problem(self.row.number, self.work.heading(name), item.code, self.cells[name][:80])
            self.work.warnings.append(replace(said, fields=dict(item.fields)))

    def says(self, name: str) -> bool:
        """Whether the cell says something else than the slot."""
        return bool(self.cells[name]) and self.cells[name] != self.kept.get(name)

    def take(self, name: str, read: Callable[[str], Any]) -> None:
        """Keep what the cell says, unless it says nothing new."""
        if not self.says(name):
            return
        if self.slot is not None and self.cells[name] == CLEARED and name in _NOTHING:
            self.taken[name] = _NOTHING[name]
            return
        try:
            self.taken[name] = read(self.cells[name])
        except Invalid as error:
            self.refuse_all(error)

    def refuse_all(self, error: Invalid) -> None:
        """Note every problem of a refusal at its column."""
        for problem in error.problems:
            name = COLUMN_OF.get(problem.field, problem.field)
            known = any(column.field == name for column in COLUMNS)
            self.refuse(name if known else "title", problem.code, **problem.fields)
