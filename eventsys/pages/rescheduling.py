"""Where slots could go whose day is no working day any more (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eventsys.slots.moving import Occupied
from eventsys.workdays.rules import WorkingCalendar

DAYS_AHEAD = 60  # how far a slot is moved at most


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
