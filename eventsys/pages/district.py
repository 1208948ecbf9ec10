"""The district's month as a grid: departments by days, with what is filled and free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from eventsys.core.installation import installation
from eventsys.directory.models import Department
from eventsys.slots.queries.grid import Filled, count_by_department_and_day
from eventsys.web.months import Month
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import Day

NOTHING = Filled()


@dataclass(frozen=True, slots=True)
class DistrictGrid:
    """A row for each department, a column for each day with what kind of day it is, and the sums of both."""

    days: list[tuple[date, Day]]
    rows: list[tuple[Department, list[Filled], Filled]]
    totals: list[Filled]
    total: Filled


def district_grid(departments: Sequence[Department], month: Month) -> DistrictGrid:
    """The month of all departments, in two statements however many they are."""
    calendar, zone = working_calendar(), installation().zone
    length = (month.next.first - month.first).days
    days = [month.first + timedelta(days=number) for number in range(length)]
    midnights = [datetime.combine(day, time(), zone) for day in (*days, month.next.first)]
    cells = count_by_department_and_day(midnights)
    rows = []
    for department in departments:
        row = [cells.get((department.id, number), NOTHING) for number in range(length)]
        rows.append((department, row, sum(row, NOTHING)))
    totals = [sum((row[number] for _item, row, _sum in rows), NOTHING) for number in range(length)]
    return DistrictGrid([(day, calendar.day(day)) for day in days], rows, totals, sum(totals, NOTHING))
