"""Clashes: nobody can be in two places at a time, and the way between parks takes time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from eventsys.directory.ways import LONGEST_WAY, NOWHERE, Whereabouts, travel_minutes

__all__ = ["LONGEST_WAY", "Stay", "Whereabouts", "find_clash", "travel_minutes"]


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody (`name`) is somewhere for something (`title`) from `starts_at` to `ends_at`."""

    name: str
    title: str
    starts_at: datetime
    ends_at: datetime
    where: Whereabouts = NOWHERE


def find_clash(stays: Iterable[Stay], starts_at: datetime, ends_at: datetime, where: Whereabouts) -> Stay | None:
    """The first stay that leaves no time to be at `where` from `starts_at` to `ends_at`, the way included."""
    for stay in stays:
        way = timedelta(minutes=travel_minutes(stay.where, where))
        if stay.starts_at < ends_at + way and starts_at < stay.ends_at + way:
            return stay
    return None
