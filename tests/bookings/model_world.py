"""Booking in plain Python: what the contracts and defaults say must happen, without tables, locks or rules.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
DAYS_OFF = {date(2026, 9, 25), *(date(2026, 10, day) for day in range(1, 8))}
DAYS_MADE_UP = {date(2026, 9, 20), date(2026, 10, 10)}
BASE = datetime(2026, 9, 24, 9, 30, tzinfo=ZONE)  # a Thursday; Friday is Mid-Autumn, the week after next National Day
HOLD = timedelta(minutes=10)
TAKING = {"held", "pending", "offered", "confirmed"}
ACTIVE = TAKING | {"waitlisted"}


def works(day: date) -> bool:
    return day in DAYS_MADE_UP or (day.weekday() < 5 and day not in DAYS_OFF)


def eve_of(at: datetime) -> datetime:
    """17:00 of the last working day before the day of `at`."""
    day = at.astimezone(ZONE).date() - timedelta(days=1)
    while not works(day):
        day -= timedelta(days=1)
    return datetime.combine(day, time(17), ZONE)


def after_office_minutes(start: datetime, minutes: int) -> datetime:
    """Minute by minute, those of 9:00-12:00 and 14:30-17:30 on working days count."""
    local = start.astimezone(ZONE)
    while minutes:
        clock = local.time()
        open_ = time(9) <= clock < time(12) or time(14, 30) <= clock < time(17, 30)
        minutes -= open_ and works(local.date())
        local += timedelta(minutes=1)
    return local


@dataclass(eq=False)
class Room:
    """A slot."""

    department: int
    starts_at: datetime
    capacity: int
    people: int | None = None
    opens_at: datetime | None = None
    needs_approval: bool = False
    quota_month: int | None = None
    quota_edition: int | None = None
    quota_open: int | None = None
    edition: int | None = None
    id: str = ""
    queue_until: datetime = BASE
    is_called_off: bool = False
    last_number: int = 0
    exceptions: set[int] = field(default_factory=set)

    def settle_queue(self, now: datetime) -> None:
        """The queue orders until 17:00 of the working day before; when that is past already, until the start."""
        eve = eve_of(self.starts_at)
        self.queue_until = eve if eve > now else self.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=90)

    @property
    def closes_at(self) -> datetime:
        return self.starts_at - timedelta(minutes=30)

    @property
    def names_until(self) -> datetime:
        return self.starts_at - timedelta(hours=1)

    @property
    def cancel_until(self) -> datetime:
        return self.starts_at - timedelta(days=1)

    @property
    def month(self) -> tuple[int, int]:
        local = self.starts_at.astimezone(ZONE)
        return local.year, local.month


@dataclass(eq=False)
class Group:
    """A booking."""

    enterprise: int
    room: Room
    party: int
    party_min: int
    state: str = ""
    id: str = ""
    asks_first: bool = False
    lapses_at: datetime | None = None
    renewals: int = 0
    number: int = 0
    passed: int = 0
    passed_since: datetime | None = None
    is_late: bool = False
    moved_from: datetime | None = None  # the start agreed to, until the new one is
    named: int = 0  # so many have a ticket that is good


@dataclass(frozen=True)
class Wish:
    """What somebody asks for."""

    party: int
    party_min: int
    waits: bool = False
    asks_first: bool = False
    named: int = 0


class World:
    """Rooms and groups at a moment. Verbs answer "ok" or the code of the refusal, and change the world when ok."""

    def __init__(self, rooms: list[Room], now: datetime) -> None:
        self.rooms, self.now = rooms, now
        self.groups: list[Group] = []

    # What is the case.

    def active(self, room: Room) -> list[Group]:
        return [group for group in self.groups if group.room is room and group.state in ACTIVE]

    def own(self, enterprise: int, room: Room) -> Group | None:
        return next((group for group in self.active(room) if group.enterprise == enterprise), None)

    def in_state(self, state: str) -> list[Group]:
        return [group for group in self.groups if group.state == state]

    def takers(self, room: Room) -> list[Group]:
        return [group for group in self.active(room) if group.state in TAKING]

    def queue(self, room: Room) -> list[Group]:
        return sorted((g for g in self.active(room) if g.state == "waitlisted"), key=lambda group: group.number)

    def places_left(self, room: Room) -> int:
        return room.capacity - len(self.takers(room))

    def fits(self, room: Room, people: int) -> bool:
        return room.people is None or sum(group.party for group in self.takers(room)) + people <= room.people

    def queue_orders(self, room: Room) -> bool:
        return bool(self.queue(room)) and self.now < room.queue_until

    def is_over_quota(self, enterprise: int, room: Room, leaving: Group | None = None) -> bool:
        if enterprise in room.exceptions:
            return False
        mine = [g for g in self.groups if g.enterprise == enterprise and enterprise not in g.room.exceptions]
        others = [g for g in mine if g.room is not room and g is not leaving]
        alive = [g for g in others if g.state in ACTIVE and (g.lapses_at is None or g.lapses_at > self.now)]
        counted = [g for g in others if g.is_late or (g in alive and g.state != "waitlisted")]
        month = [g for g in counted if (g.room.month, g.room.department) == (room.month, room.department)]
        edition = [g for g in counted if room.edition and g.room.edition == room.edition]
        still_open = [g for g in alive if g.room.ends_at > self.now]
        used = ((room.quota_month, month), (room.quota_edition, edition), (room.quota_open, still_open))
        return any(limit is not None and len(groups) >= limit for limit, groups in used)

    # What is refused, and what is given.

    def refusal(
        self, enterprise: int, room: Room, party: int, *, on_behalf: bool = False, leaving: Group | None = None
    ) -> str | None:
        if room.is_called_off:
            return "slot_called_off"
        if self.now >= room.starts_at or (not on_behalf and self.now >= room.closes_at):
            return "window_closed"
        if not on_behalf and room.opens_at and self.now < room.opens_at:
            return "window_not_open"
        if room.people is not None and party > room.people:
            return "party_too_large"
        return "quota_reached" if self.is_over_quota(enterprise, room, leaving) else None

    def placed(self, room: Room, party: int, *, waits: bool, hold: Group | None = None) -> str:
        """The state, or the refusal."""
        place, people = (1, hold.party) if hold else (0, 0)
        is_room = self.places_left(room) + place >= 1 and self.fits(room, party - people)
        if is_room and (party <= people or not self.queue_orders(room)):
            return "pending" if room.needs_approval else "confirmed"
        if waits and self.now < room.queue_until:
            return "waitlisted"
        return "queue_ahead" if is_room else "slot_full"

    def enter(self, group: Group, state: str, lapses_at: datetime | None = None) -> None:
        group.state, group.lapses_at = state, lapses_at
        group.party_min = min(group.party_min, group.party)
        if state != "confirmed":
            group.moved_from = None
        if state == "waitlisted":
            group.room.last_number += 1
            group.number, group.passed, group.passed_since = group.room.last_number, 0, None

    def travel(self, to: datetime) -> None:
        """Holds are over when their time is, whoever notes it when."""
        self.now = to
        for group in self.in_state("held"):
            if group.lapses_at is not None and group.lapses_at <= to:
                self.enter(group, "expired")

    # The queue.

    def freed(self, room: Room) -> None:
        if self.queue(room):
            self.serve(room)

    def serve(self, room: Room) -> None:
        for group in self.active(room):
            if group.state == "offered" and group.lapses_at is not None and group.lapses_at <= self.now:
                self.enter(group, "expired")
        while not room.is_called_off and self.now < room.queue_until and self.places_left(room):
            turn = self.turn(room)
            if turn is None:
                return
            self.give(turn)

    def turn(self, room: Room) -> Group | None:
        """Whose the free place is. Those ahead who do not fit are passed over, until freed places gather for them; who
        may not come by the quota, or is too many for the room, keeps nobody waiting."""
        passed = []
        for group in self.queue(room):
            is_large = not self.fits(room, group.party_min)
            is_hopeless = room.people is not None and group.party_min > room.people
            if is_hopeless or ((not is_large or self.gathers(group)) and self.is_over_quota(group.enterprise, room)):
                continue
            if not is_large:
                for other in passed:
                    other.passed, other.passed_since = other.passed + 1, other.passed_since or self.now
                return group
            if self.gathers(group):
                return None
            passed.append(group)
        return None

    def gathers(self, group: Group) -> bool:
        since = group.passed_since
        return group.passed >= 3 or (since is not None and self.now - since >= timedelta(hours=24))

    def give(self, group: Group) -> None:
        room = group.room
        while not self.fits(room, group.party):
            group.party -= 1
        group.named = min(group.named, group.party)
        if group.asks_first:
            self.enter(group, "offered", self.offer_until(room))
        else:
            self.enter(group, "pending" if room.needs_approval else "confirmed")

    def offer_until(self, room: Room) -> datetime:
        next_day = self.now.astimezone(ZONE).date() + timedelta(days=1)
        while not works(next_day):
            next_day += timedelta(days=1)
        is_soon = room.starts_at.astimezone(ZONE).date() <= next_day
        return min(after_office_minutes(self.now, 60 if is_soon else 240), room.queue_until)

    def keep_queues(self) -> None:
        for room in self.rooms:
            self.serve(room)
            if self.now >= room.ends_at:  # until then whoever waits may be let in at the door
                for group in self.queue(room):
                    self.enter(group, "expired")
