"""What a preview of many slots shows: its dates by month, as a list and as a grid of days."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from eventsys.slots.runs import Candidate, Mark, Preview
from eventsys.web.months import Month
from eventsys.workdays.rules import WorkingCalendar

CLASHES = frozenset({Mark.OWN_SLOT, Mark.PLACE_TAKEN, Mark.STAFF_BUSY, Mark.VISITED_TWICE})


@dataclass(frozen=True, slots=True)
class GridDay:
    """A day of a grid: how many slots it gets, and whether one of them clashes. `day` is None outside the month."""

    day: date | None
    slots: int = 0
    has_clash: bool = False
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A month in weeks from Monday on."""

    month: Month
    weeks: list[list[GridDay]]


def rows_by_month(preview: Preview) -> list[tuple[Month, list[Candidate]]]:
    """The candidates in groups of one month."""
    grouped = groupby(preview.candidates, key=lambda item: item.day.replace(day=1))
    return [(Month(first), list(items)) for first, items in grouped]


def month_grids(preview: Preview, calendar: WorkingCalendar) -> list[Grid]:
    """A grid for each month that gets a slot."""
    grids = []
    for month, items in rows_by_month(preview):
        by_day: dict[date, list[Candidate]] = {}
        for item in items:
            by_day.setdefault(item.day, []).append(item)
        weeks = Calendar().monthdatescalendar(month.first.year, month.first.month)
        grids.append(
            Grid(month, [[_grid_day(day, month, by_day.get(day, []), calendar) for day in week] for week in weeks])
        )
    return grids


def _grid_day(day: date, month: Month, items: list[Candidate], calendar: WorkingCalendar) -> GridDay:
    if day.month != month.first.month:
        return GridDay(None)
    return GridDay(day, len(items), any(item.marks & CLASHES for item in items), not calendar.is_workday(day))
