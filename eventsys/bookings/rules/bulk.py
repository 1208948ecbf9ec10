"""One change to many slots: what may be asked for, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.core.errors import Invalid
from eventsys.core.text import clean_line
from eventsys.slots.moving import moved
from eventsys.slots.rules import REASON_MAX, NewSlot
from eventsys.workdays.rules import WorkingCalendar

SELECTED_MAX = 200
STEPS_MAX = 60
UNDO_MINUTES = 15


class BulkAction(StrEnum):
    """What can be done with a selection of slots."""

    PUBLISH = "publish"
    MOVE = "move"
    CHANGE = "change"
    CALL_OFF = "call_off"
    DELETE = "delete"

    @property
    def is_edit(self) -> bool:
        """Whether it changes what a slot is, which can be undone."""
        return self in {BulkAction.MOVE, BulkAction.CHANGE}


class Unit(StrEnum):
    """By what slots are moved."""

    WORKDAYS = "workdays"
    WEEKS = "weeks"


@dataclass(frozen=True, slots=True)
class BulkChange:
    """The command for a selection: (public id, version seen) of each slot.

    MOVE goes `steps` units, back when negative. CHANGE sets what is not None; places and editions are primary keys.
    `reason` is what those who booked are told; calling off needs it.
    """

    action: BulkAction
    slots: tuple[tuple[str, int], ...]
    steps: int = 0
    unit: Unit = Unit.WORKDAYS
    capacity: int | None = None
    place: int | None = None
    edition: int | None = None
    reason: str = ""


def check_selection(change: BulkChange) -> None:
    """Raise Invalid unless at least one slot is chosen, and not too many."""
    if not change.slots:
        raise Invalid("none_selected", field="slot")
    if len(change.slots) > SELECTED_MAX:
        raise Invalid("too_many_items", field="slot", limit=SELECTED_MAX)


def check_bulk(change: BulkChange) -> None:
    """Raise Invalid unless there is something to do, and with which slots."""
    check_selection(change)
    if change.action is BulkAction.MOVE and not 1 <= abs(change.steps) <= STEPS_MAX:
        raise Invalid("steps_out_of_range", field="steps", maximum=STEPS_MAX)
    if change.action is BulkAction.CHANGE and change.capacity is change.place is change.edition is None:
        raise Invalid("nothing_to_change", field="capacity")
    if change.action is BulkAction.CALL_OFF:
        clean_line(change.reason, "reason", REASON_MAX, required=True)


def becomes(command: NewSlot, change: BulkChange, calendar: WorkingCalendar, zone: ZoneInfo, now: datetime) -> NewSlot:
    """The command of a slot after the change."""
    if change.action is BulkAction.MOVE:
        start = command.starts_at.astimezone(zone)
        day = _stepped(start.date(), change.steps, change.unit, calendar)
        return moved(command, datetime.combine(day, start.timetz()), calendar, zone, now)
    wanted = {"capacity": change.capacity, "place": change.place, "edition": change.edition}
    changes = {name: value for name, value in wanted.items() if value is not None}
    return replace(command, **changes)  # type: ignore[arg-type]


def _stepped(day: date, steps: int, unit: Unit, calendar: WorkingCalendar) -> date:
    if unit is Unit.WEEKS:
        return day + timedelta(weeks=steps)
    if steps < 0:
        return calendar.working_days_before(day, -steps)
    for _step in range(steps):
        day = calendar.next_workday(day + timedelta(days=1))
    return day
