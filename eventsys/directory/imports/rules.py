"""What an import is: its limits, what it reads, what it found and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FILE_BYTES_MAX = 10 * 1024 * 1024
UNPACKED_BYTES_MAX = 64 * 1024 * 1024
UNPACKED_RATIO_MAX = 200  # of one part of a workbook; Excel's own stay below 50
PARTS_MAX = 1_000
ROWS_MAX = 20_000
COLUMNS_MAX = 100
STYLED_ROWS_MAX = 200_000  # Excel keeps rows that are empty but formatted; beyond this nothing opens the sheet
CELL_MAX = 12_000  # five hundred credit codes with what separates them
HEADING_WITHIN = 20  # rows from the top in which the heading row is looked for
READ_SECONDS = 10
READ_MEMORY = 256 * 1024 * 1024  # address space of the process that opens a workbook
PROBLEMS_SHOWN = 200
UPLOAD_HOURS = 24  # between upload and confirmation
EXAMPLE_MARK = "（请删除本行）"  # the template's example row, skipped when somebody left it in


class ImportKind(StrEnum):
    """What a file brings."""

    DEPARTMENTS = "departments"
    ENTERPRISES = "enterprises"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet; `number` is what the spreadsheet shows beside it."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file as text, blank ones left out."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading row of a sheet: its position among the rows and its texts."""

    index: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be imported, or (as a warning) what to look at. `code` has a sentence that says what to do."""

    row: int
    column: str
    code: str
    value: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


class Outcome(StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """One row's effect: the whole new state by field, and what differs from the present one."""

    row: int
    key: str
    name: str
    outcome: Outcome
    values: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do; it does so only when there is no problem."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    changes: tuple[Change, ...]

    def count(self, outcome: Outcome) -> int:
        """How many rows have this outcome."""
        return sum(change.outcome is outcome for change in self.changes)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The answer to an import. `is_applied` is false for a dry run and whenever there are problems."""

    kind: str
    filename: str
    heading: Heading
    mapping: Mapping[str, int]
    plan: Plan
    is_applied: bool

    @property
    def rows(self) -> int:
        """How many rows were understood or refused."""
        return len(self.plan.changes) + len({problem.row for problem in self.plan.problems})

    @property
    def created(self) -> int:
        """Rows that are new."""
        return self.plan.count(Outcome.CREATED)

    @property
    def updated(self) -> int:
        """Rows that change something."""
        return self.plan.count(Outcome.UPDATED)

    @property
    def unchanged(self) -> int:
        """Rows that say what is known already."""
        return self.plan.count(Outcome.UNCHANGED)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why nothing was imported."""
        return self.plan.problems

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was imported and is worth a look."""
        return self.plan.warnings
