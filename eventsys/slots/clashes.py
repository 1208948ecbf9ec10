"""Clashes of slots (pure): somebody in two places, a place beyond its capacity, an enterprise visited twice a day, a
department with too many slots a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.directory.settings import ClashRule, Settings
from eventsys.directory.ways import NOWHERE, Whereabouts, travel_minutes
from eventsys.slots.rules import AudienceKind, NewSlot, SlotFormat


class ClashKind(StrEnum):
    """What two slots have in common that they should not."""

    STAFF = "staff"
    BUSY = "busy"
    VENUE = "venue"
    SEATS = "seats"
    ENTERPRISE = "enterprise"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Held:
    """When, where, by whom and for whom a slot is held; keys are primary keys, `key` None of one not stored yet.

    `visited` are the enterprises it visits: the only one named, and those that booked. One that `is_busy` is no slot
    but a time that somebody of the staff does not have.
    """

    starts_at: datetime
    ends_at: datetime
    department: int
    key: int | None = None
    place: int | None = None
    where: Whereabouts = NOWHERE
    people: int | None = None
    staff: frozenset[int] = frozenset()
    visited: frozenset[int] = frozenset()
    is_busy: bool = False

    def meets(self, other: Held, way: timedelta = timedelta()) -> bool:
        """Whether both are held at a time, or with less than `way` between them."""
        return self.starts_at < other.ends_at + way and other.starts_at < self.ends_at + way

    def is_same(self, other: Held) -> bool:
        """Whether it is this very slot."""
        return self is other or (self.key is not None and self.key == other.key)


@dataclass(frozen=True, slots=True)
class Venue:
    """What a place takes at a time: slots, and people where it is known; and where it is."""

    rooms: int = 1
    seats: int | None = None
    where: Whereabouts = NOWHERE


@dataclass(frozen=True, slots=True)
class Clash:
    """A slot stands against `other` (None: against the place or the day itself). `who` is the primary key of the
    somebody or the enterprise, `limit` and `number` what may be and what would be."""

    kind: ClashKind
    mine: Held
    other: Held | None = None
    who: int | None = None
    limit: int = 0
    number: int = 0
    is_forbidden: bool = False


def visits_only(command: NewSlot) -> int | None:
    """The enterprise (primary key) that the slot visits for sure, since it is the only one named."""
    named = command.audience.enterprises
    is_named = command.format is SlotFormat.VISIT and command.audience.kind is AudienceKind.NAMED
    return named[0] if is_named and len(named) == 1 else None


def held_as(command: NewSlot, venues: Mapping[int, Venue], key: int | None = None) -> Held:
    """The slot as the command makes it; `key` is the primary key of the one it changes."""
    visited = visits_only(command)
    venue = venues.get(command.place) if command.place is not None else None
    return Held(
        command.starts_at,
        command.ends_at,
        command.department,
        key,
        command.place,
        venue.where if venue else NOWHERE,
        command.attendee_capacity,
        frozenset(command.staff),
        frozenset() if visited is None else frozenset({visited}),
    )


def rules_of(settings: Settings) -> dict[ClashKind, ClashRule]:
    """What becomes of each kind of clash of a department with these settings."""
    return {
        ClashKind.STAFF: settings.clash_staff,
        ClashKind.BUSY: settings.clash_staff,
        ClashKind.VENUE: settings.clash_venue,
        ClashKind.SEATS: settings.clash_venue,
        ClashKind.ENTERPRISE: settings.clash_enterprise,
        ClashKind.DAY: settings.clash_day if settings.day_slots else ClashRule.OFF,
    }


class Neighbours:
    """Slots by the days they touch, so that each of many is compared with those of its days alone."""

    def __init__(self, slots: Iterable[Held], zone: ZoneInfo) -> None:
        self._zone = zone
        self._days: dict[date, list[Held]] = {}
        for slot in slots:
            for day in days_of(slot, zone):
                self._days.setdefault(day, []).append(slot)

    def on(self, day: date) -> Sequence[Held]:
        """The slots of a day."""
        return self._days.get(day, ())

    def near(self, slot: Held) -> list[Held]:
        """The other slots of its days and of those next to them, by start: a way may lead past midnight."""
        days = days_of(slot, self._zone)
        wide = [days[0] - timedelta(days=1), *days, days[-1] + timedelta(days=1)]
        found = {id(other): other for day in wide for other in self.on(day) if not slot.is_same(other)}
        return sorted(found.values(), key=lambda other: other.starts_at)


def days_of(slot: Held, zone: ZoneInfo) -> list[date]:
    """The days of the district's zone that a slot touches."""
    first, last = (at.astimezone(zone).date() for at in (slot.starts_at, slot.ends_at - timedelta(microseconds=1)))
    return [first + timedelta(days=number) for number in range(max((last - first).days, 0) + 1)]


def find_clashes(
    mine: Held, around: Neighbours, venues: Mapping[int, Venue], day_slots: int, zone: ZoneInfo
) -> list[Clash]:
    """Everything that stands against a slot; `day_slots` 0 is no limit."""
    near = around.near(mine)
    same_day = [other for other in near if _start_day(other, zone) == _start_day(mine, zone)]
    return [
        *_staff(mine, near),
        *_venue(mine, near, venues.get(mine.place) if mine.place is not None else None),
        *_enterprise(mine, same_day),
        *_day(mine, same_day, day_slots),
    ]


def _staff(mine: Held, near: Iterable[Held]) -> Iterator[Clash]:
    for other in near:
        way = timedelta(minutes=travel_minutes(other.where, mine.where))
        if mine.meets(other, way):
            kind = ClashKind.BUSY if other.is_busy else ClashKind.STAFF
            yield from (Clash(kind, mine, other, who) for who in sorted(mine.staff & other.staff))


def _venue(mine: Held, near: Iterable[Held], venue: Venue | None) -> Iterator[Clash]:
    """The moment within the slot at which most others are at its place decides."""
    if venue is None:
        return
    there = [other for other in near if other.place == mine.place and mine.meets(other)]
    moments = [mine.starts_at, *(other.starts_at for other in there if other.starts_at > mine.starts_at)]
    at_once = [[other for other in there if other.starts_at <= at < other.ends_at] for at in moments]
    fullest = max(at_once, key=len)
    if len(fullest) >= venue.rooms:
        yield Clash(ClashKind.VENUE, mine, fullest[0], limit=venue.rooms, number=len(fullest) + 1)
        return
    people = max((mine.people or 0) + sum(other.people or 0 for other in others) for others in at_once)
    if venue.seats is not None and people > venue.seats:
        yield Clash(ClashKind.SEATS, mine, limit=venue.seats, number=people)


def _enterprise(mine: Held, same_day: Iterable[Held]) -> Iterator[Clash]:
    for other in same_day:
        yield from (Clash(ClashKind.ENTERPRISE, mine, other, who) for who in sorted(mine.visited & other.visited))


def _day(mine: Held, same_day: Iterable[Held], day_slots: int) -> Iterator[Clash]:
    number = 1 + sum(other.department == mine.department for other in same_day)
    if day_slots and number > day_slots:
        yield Clash(ClashKind.DAY, mine, limit=day_slots, number=number)


def _start_day(slot: Held, zone: ZoneInfo) -> date:
    return slot.starts_at.astimezone(zone).date()
