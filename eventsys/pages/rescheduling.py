"""Where slots could go whose day is no working day any more (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eventsys.slots.rules import NewSlot
from eventsys.workdays.rules import WorkingCalendar

DAYS_AHEAD = 60  # how far a slot is moved at most
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


def next_free(
    slot: Occupied, taken: Iterable[Occupied], calendar: WorkingCalendar, zone: ZoneInfo, now: datetime
) -> Occupied | None:
    """The slot at the same time of the nearest later working day on which department and place are free; None when
    there is none for long. Never sooner: who booked has made plans, and cut-offs may have passed."""
    start = slot.starts_at.astimezone(zone)
    others = list(taken)
    for number in range(1, DAYS_AHEAD + 1):
        starts_at = datetime.combine(start.date() + timedelta(days=number), start.timetz())
        there = replace(slot, starts_at=starts_at, ends_at=starts_at + (slot.ends_at - slot.starts_at))
        is_open = starts_at > now and calendar.is_open(there.starts_at, there.ends_at, zone)
        if is_open and not any(other.is_in_the_way_of(there) for other in others):
            return there
    return None


def propose(
    slots: Iterable[Occupied], taken: Iterable[Occupied], calendar: WorkingCalendar, zone: ZoneInfo, now: datetime
) -> dict[int, datetime]:
    """The new start of each slot (by primary key) that can go somewhere; no two of them go to the same time."""
    moved: dict[int, Occupied] = {}
    others = list(taken)
    for slot in slots:
        there = next_free(slot, [*others, *moved.values()], calendar, zone, now)
        if there is not None:
            moved[slot.slot] = there
    return {key: there.starts_at for key, there in moved.items()}


def moved(command: NewSlot, to: datetime, calendar: WorkingCalendar, zone: ZoneInfo) -> NewSlot:
    """The command with the slot starting at `to`: cut-offs stay as many working days before the start, and never come
    sooner than they were."""
    start, delay = command.starts_at, to - command.starts_at
    changes: dict[str, datetime] = {"starts_at": to, "ends_at": command.ends_at + delay}
    for name in CUT_OFFS:
        before: datetime | None = getattr(command, name)
        if before is not None:
            changes[name] = min(to, max(before, _shifted(before, start, to, calendar, zone)))
    return replace(command, **changes)  # type: ignore[arg-type]


def _shifted(cut_off: datetime, start: datetime, to: datetime, calendar: WorkingCalendar, zone: ZoneInfo) -> datetime:
    local = cut_off.astimezone(zone)
    days = calendar.count_workdays(local.date(), start.astimezone(zone).date())
    if not days:
        return cut_off + (to - start)
    day = calendar.working_days_before(to.astimezone(zone).date(), days)
    return datetime.combine(day, local.timetz())
