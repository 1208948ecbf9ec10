"""What stands against slots that a sheet would make: days off, clashes with slots there are and with each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from eventsys.directory.settings import Settings
from eventsys.slots.clashes import Held, Neighbours, Venue, held_as
from eventsys.slots.recurrence import IsWorkday
from eventsys.slots.rules import NewSlot
from eventsys.slots.runs import Mark, marks_against

Marks = frozenset[Mark]


def marks_of(
    commands: Sequence[NewSlot],
    around: Sequence[Held],
    venues: Mapping[int, Venue],
    zone: ZoneInfo,
    is_workday: IsWorkday,
    settings: Callable[[int], Settings],
) -> list[Marks]:
    """The marks of each command, in their order; `settings` are those of a department (primary key)."""
    held = [held_as(command, venues) for command in commands]
    neighbours = Neighbours([*around, *held], zone)
    found = []
    for mine in held:
        marks = marks_against(mine, neighbours, venues, settings(mine.department), zone)
        is_off = not is_workday(mine.starts_at.astimezone(zone).date())
        found.append(frozenset(marks | {Mark.DAY_OFF} if is_off else marks))
    return found
