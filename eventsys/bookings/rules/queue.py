"""The waiting list: who is next when places are free, holds and the deadlines of offers (CONTRACTS.md, DEFAULTS.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eventsys.workdays.rules import WorkingCalendar

PASSES_MAX = 3
PASSED_FOR = timedelta(hours=24)
OFFER_MINUTES, SHORT_OFFER_MINUTES = 240, 60  # of office hours


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party in the queue, of at least `party_min` people; how often, and since when, smaller ones went first."""

    id: int
    party: int
    party_min: int
    passed_over: int = 0
    passed_since: datetime | None = None

    def gathers(self, now: datetime) -> bool:
        """Whether it was passed over long enough: freed places now gather for it."""
        return self.passed_over >= PASSES_MAX or (
            self.passed_since is not None and now - self.passed_since >= PASSED_FOR
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is, with how many people (0: freed places gather for them), and who was passed over because they
    did not fit (ids)."""

    id: int
    party: int
    passed: tuple[int, ...] = ()


def next_turn(
    queue: Iterable[Waiting],
    places_left: int,
    people_left: int | None,
    now: datetime,
    *,
    people_max: int | None = None,
) -> Turn | None:
    """Whose turn of `queue` (first come first) it is; None while nobody fits. `people_left` and `people_max`, what the
    slot holds at all, are None without a limit."""
    passed: list[int] = []
    for entry in queue if places_left > 0 else ():
        if people_left is None or entry.party_min <= people_left:
            party = entry.party if people_left is None else min(entry.party, people_left)
            return Turn(entry.id, party, tuple(passed))
        if people_max is not None and entry.party_min > people_max:
            continue  # the slot has become too small for them: they keep nobody waiting
        if entry.gathers(now):
            return Turn(entry.id, 0, tuple(passed))
        passed.append(entry.id)
    return None


def may_renew(renewals: int, waiting: int) -> bool:
    """Whether a hold may be prolonged: freely, but once when others wait."""
    return waiting == 0 or renewals < 1


def offer_until(
    now: datetime, starts_at: datetime, queue_until: datetime, calendar: WorkingCalendar, zone: ZoneInfo
) -> datetime:
    """Until when an offer stands: four office hours, one for a slot of the next working day, never past the queue."""
    minutes = SHORT_OFFER_MINUTES if calendar.is_next_workday(now, starts_at, zone) else OFFER_MINUTES
    return min(calendar.add_office_minutes(now, minutes, zone), queue_until)
