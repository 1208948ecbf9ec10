"""What stands against slots that a sheet would make: days off, clashes with slots there are and with each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from eventsys.slots.recurrence import IsWorkday
from eventsys.slots.rules import NewSlot
from eventsys.slots.runs import Mark, Taken

Marks = frozenset[Mark]
_Key = tuple[str, int, date]


def marks_of(
    commands: Sequence[NewSlot],
    taken: Iterable[Taken],
    zone: ZoneInfo,
    is_workday: IsWorkday,
    day_slots: Callable[[int], int],
) -> list[Marks]:
    """The marks of each command, in their order; `day_slots` says how many slots a department has a day (0: any)."""
    asked = [Taken(item.starts_at, item.ends_at, item.department, item.place) for item in commands]
    by_key: Mapping[_Key, list[Taken]] = _by_key([*asked, *taken], zone)
    on_day = Counter((key[1], key[2]) for key, rows in by_key.items() if key[0] == "department" for _row in rows)
    return [frozenset(_marks(item, by_key, on_day, zone, is_workday, day_slots)) for item in asked]


def _marks(
    item: Taken,
    by_key: Mapping[_Key, list[Taken]],
    on_day: Mapping[tuple[int, date], int],
    zone: ZoneInfo,
    is_workday: IsWorkday,
    day_slots: Callable[[int], int],
) -> Iterator[Mark]:
    day = item.starts_at.astimezone(zone).date()
    if not is_workday(day):
        yield Mark.DAY_OFF
    limit = day_slots(item.department)
    if limit and on_day[item.department, day] > limit:
        yield Mark.BUSY_DAY
    for key in _keys(item, zone):
        for other in by_key[key]:
            if other is not item and other.starts_at < item.ends_at and item.starts_at < other.ends_at:
                yield Mark.OWN_SLOT if key[0] == "department" else Mark.PLACE_TAKEN
                break


def _by_key(rows: Iterable[Taken], zone: ZoneInfo) -> Mapping[_Key, list[Taken]]:
    found: defaultdict[_Key, list[Taken]] = defaultdict(list)
    for row in rows:
        for key in _keys(row, zone):
            found[key].append(row)
    return found


def _keys(item: Taken, zone: ZoneInfo) -> Iterator[_Key]:
    """Where and on which days it is in the way of another."""
    day, last = item.starts_at.astimezone(zone).date(), item.ends_at.astimezone(zone).date()
    while day <= last:
        yield "department", item.department, day
        if item.place is not None:
            yield "place", item.place, day
        day += timedelta(days=1)
