"""Slots to come that lie on days off: which they are, where they could go, and moving one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from eventsys.bookings.services import change_slot
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, is_allowed
from eventsys.pages.rescheduling import DAYS_AHEAD, propose
from eventsys.slots.models import Slot
from eventsys.slots.moving import Occupied, moved
from eventsys.slots.queries import command_of, get_visible_slot, visible_to, with_details
from eventsys.slots.queries.occupied import LIVE, list_occupied, occupied
from eventsys.slots.rules import FURTHEST_AHEAD, LONGEST
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import DayKind, WorkingCalendar

SLOTS_SHOWN = 50
SLOTS_LOOKED_AT = 2_000
DISTRICT_WIDE = (Role.COORDINATOR, Role.AUDITOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Hit:
    """A slot outside working time, when it could start instead (None: no free day soon), and whether the person who
    looks may move it."""

    slot: Slot
    to: datetime | None
    may_move: bool


@dataclass(frozen=True, slots=True)
class Hits:
    """The first slots hit, by start; how many more the person may see, and how many they may not."""

    shown: Sequence[Hit] = ()
    more: int = 0
    unseen: int = 0

    @property
    def movable(self) -> bool:
        """Whether there is anything the person can move."""
        return any(hit.may_move and hit.to for hit in self.shown)


def special_days_off(calendar: WorkingCalendar) -> list[date]:
    """The days to come on which offices work less than their weekday says, as far ahead as there may be slots."""
    today = now().astimezone(installation().zone).date()
    days = (today + timedelta(days=number) for number in range(FURTHEST_AHEAD.days + 1))
    return [day for day in days if calendar.day(day).is_special and calendar.day(day).kind is not DayKind.OPEN]


def find_hits(
    calendar: WorkingCalendar, days: Collection[date], actor: Actor, *, before: WorkingCalendar | None = None
) -> Hits:
    """The drafts and published slots to come that lie, on one of the days, outside the calendar's working time; with
    `before`, only those that did not by that one. A clerk gets those the own departments lead."""
    zone, keys = installation().zone, _keys_hit(calendar, days, before, _of_desk(actor))
    if not keys:
        return Hits()
    mine = and_(Slot.id.in_(keys), visible_to(actor))
    visible = db.session.scalar(select(func.count()).select_from(Slot).where(mine)) or 0
    query = with_details(select(Slot)).where(mine).order_by(Slot.starts_at, Slot.id).limit(SLOTS_SHOWN)
    slots = db.session.scalars(query).unique().all()
    spans = [occupied(slot) for slot in slots]
    until = max((span.starts_at for span in spans), default=now()) + timedelta(days=DAYS_AHEAD + 1)
    places = propose(spans, list_occupied(spans, until), calendar, zone, now())
    shown = [Hit(slot, places.get(slot.id), is_allowed(actor, Permission.EDIT_SLOT, slot.scope)) for slot in slots]
    return Hits(shown, visible - len(shown), len(keys) - visible)


def move_slot(public_id: str, to: datetime, *, version: int | None, actor: Actor) -> Slot:
    """Move a slot to where it was proposed; who booked it is told. Twice is once.

    NotFound for a slot that is not the actor's to change; Conflict `no_working_time`, `time_taken`, `stale_edit` and
    what `change_slot` refuses.
    """
    slot = get_visible_slot(public_id, actor)
    if not is_allowed(actor, Permission.EDIT_SLOT, slot.scope):
        raise NotFound()
    if slot.starts_at == to:
        return slot
    zone, calendar = installation().zone, working_calendar()
    command = moved(command_of(slot), to, calendar, zone, now())
    if not calendar.is_open(command.starts_at, command.ends_at, zone):
        raise Conflict("no_working_time", starts_at=to)
    there = Occupied(slot.id, slot.department_id, slot.place_id, command.starts_at, command.ends_at)
    taken = list_occupied([occupied(slot)], command.ends_at)
    if any(other.is_in_the_way_of(there) for other in taken):
        raise Conflict("time_taken", starts_at=to)
    return change_slot(public_id, command, version=version, actor=actor)


def _of_desk(actor: Actor) -> ColumnElement[bool]:
    """A clerk looks at the slots of the own departments, who answers for the district at all of them."""
    if actor.has(*DISTRICT_WIDE) or any(
        grant.role is Role.CLERK and grant.department is None for grant in actor.grants
    ):
        return true()
    return Slot.department_id.in_(actor.departments(Role.CLERK))


def _keys_hit(
    calendar: WorkingCalendar, days: Collection[date], before: WorkingCalendar | None, mine: ColumnElement[bool]
) -> list[int]:
    zone, wanted = installation().zone, frozenset(days)
    if not wanted:
        return []
    query = select(Slot.id, Slot.starts_at, Slot.ends_at).where(
        Slot.state.in_(LIVE), Slot.starts_at > now(), mine, or_(*_spans(wanted, zone))
    )
    rows = db.session.execute(query.order_by(Slot.starts_at, Slot.id).limit(SLOTS_LOOKED_AT))
    return [
        row.id
        for row in rows
        if not calendar.is_open(row.starts_at, row.ends_at, zone)
        and not wanted.isdisjoint(_days_of(row.starts_at, row.ends_at, zone))
        and (before is None or before.is_open(row.starts_at, row.ends_at, zone))
    ]


def _spans(days: Iterable[date], zone: ZoneInfo) -> list[ColumnElement[bool]]:
    """Which slots may touch the days, a condition for each run of them."""
    runs: list[tuple[date, date]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day:
            runs[-1] = (runs[-1][0], day + timedelta(days=1))
        else:
            runs.append((day, day + timedelta(days=1)))
    midnights = [[datetime.combine(day, time(), zone) for day in run] for run in runs]
    return [
        and_(Slot.starts_at > first - LONGEST, Slot.starts_at < after, Slot.ends_at > first)
        for first, after in midnights
    ]


def _days_of(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> list[date]:
    first, last = (at.astimezone(zone).date() for at in (starts_at, ends_at - timedelta(microseconds=1)))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
