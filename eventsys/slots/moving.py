"""A slot at another time: what it takes there, and what becomes of its cut-offs (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from eventsys.slots.rules import NewSlot
from eventsys.workdays.rules import WorkingCalendar

CUT_OFFS = ("closes_at", "cancel_until", "names_until")


@dataclass(frozen=True, slots=True)
class Occupied:
    """When a slot takes its department and its place (primary keys)."""

    slot: int
    department: int
    place: int | None
    starts_at: datetime
    ends_at: datetime

    def is_in_the_way_of(self, other: Occupied) -> bool:
        """Whether both cannot be at once: they share department or place."""
        shares = self.department == other.department or (self.place is not None and self.place == other.place)
        overlaps = self.starts_at < other.ends_at and other.starts_at < self.ends_at
        return self.slot != other.slot and shares and overlaps


def moved(command: NewSlot, to: datetime, calendar: WorkingCalendar, zone: ZoneInfo, now: datetime) -> NewSlot:
    """The command with the slot starting at `to`: cut-offs stay as many working days before the start. Of a slot that
    is put off none comes sooner than it was; of one brought forward a cut-off that would be past is the start."""
    start, delay = command.starts_at, to - command.starts_at
    if not delay:
        return command
    changes: dict[str, datetime] = {"starts_at": to, "ends_at": command.ends_at + delay}
    for name in CUT_OFFS:
        before: datetime | None = getattr(command, name)
        if before is None:
            continue
        there = _shifted(before, start, to, calendar, zone)
        if to > start or before <= now:  # what has closed is not opened again
            there = max(before, there)
        elif there <= now:
            there = to
        changes[name] = min(to, there)
    return replace(command, **changes)  # type: ignore[arg-type]


def _shifted(cut_off: datetime, start: datetime, to: datetime, calendar: WorkingCalendar, zone: ZoneInfo) -> datetime:
    local = cut_off.astimezone(zone)
    days = calendar.count_workdays(local.date(), start.astimezone(zone).date())
    if not days:
        return cut_off + (to - start)
    day = calendar.working_days_before(to.astimezone(zone).date(), days)
    return datetime.combine(day, local.timetz())
