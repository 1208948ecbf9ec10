"""A change of one slot of a run carried over to others of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import cast
from zoneinfo import ZoneInfo

from eventsys.slots.rules import NewSlot
from eventsys.slots.runs import SHIFTED

CUT_OFFS = ("closes_at", "cancel_until", "names_until")
ALIKE = tuple(
    item.name for item in fields(NewSlot) if item.name not in {"starts_at", "ends_at", *SHIFTED}
)  # of the slots of a run


class RunScope(StrEnum):
    """Which slots of a run a change is for."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


def following(before: NewSlot, after: NewSlot, other: NewSlot, zone: ZoneInfo) -> NewSlot:
    """The other slot of a run when one that was `before` has become `after`: what differs between these two is made
    the same, times of day on its own date. Another date, with its window, is for the one slot only. A cut-off at the
    start stays there; none comes after it."""
    changes = {
        name: getattr(after, name)
        for name in ALIKE
        if getattr(before, name) != getattr(after, name) != getattr(other, name)
    }
    starts_at, length = other.starts_at, other.ends_at - other.starts_at
    if _clock(before.starts_at, zone) != _clock(after.starts_at, zone):
        own_day = other.starts_at.astimezone(zone).date()
        starts_at = datetime.combine(own_day, _clock(after.starts_at, zone), zone)
    if before.ends_at - before.starts_at != after.ends_at - after.starts_at:
        length = after.ends_at - after.starts_at
    changes |= {"starts_at": starts_at, "ends_at": starts_at + length}
    for name in SHIFTED:
        changes[name] = _followed(name, before, after, other, zone)
    for name in CUT_OFFS:
        if changes[name] is not None and (changes[name] == other.starts_at or changes[name] > starts_at):
            changes[name] = starts_at
    return replace(other, **changes)


def _followed(name: str, before: NewSlot, after: NewSlot, other: NewSlot, zone: ZoneInfo) -> datetime | None:
    """A time of the other's window: its own unless it was changed, then the same instant if they shared it, else the
    same time as many days from the start."""
    was, becomes = getattr(before, name), getattr(after, name)
    own: datetime | None = getattr(other, name)
    is_moved = before.starts_at.astimezone(zone).date() != after.starts_at.astimezone(zone).date()
    if is_moved or was == becomes or _from_start(was, before, zone) == _from_start(becomes, after, zone):
        return own
    distance = _from_start(becomes, after, zone)
    if distance is None or own == was:
        return cast("datetime | None", becomes)
    days, clock = distance
    return datetime.combine(other.starts_at.astimezone(zone).date() + timedelta(days=days), clock, zone)


def _from_start(at: datetime | None, slot: NewSlot, zone: ZoneInfo) -> tuple[int, time] | None:
    if at is None:
        return None
    return (at.astimezone(zone).date() - slot.starts_at.astimezone(zone).date()).days, _clock(at, zone)


def _clock(at: datetime, zone: ZoneInfo) -> time:
    return at.astimezone(zone).time()
