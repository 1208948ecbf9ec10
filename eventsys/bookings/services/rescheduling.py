"""Move one slot to another time, as it is dragged in a calendar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from eventsys.bookings.queries import count_active
from eventsys.bookings.services.locking import lock_slot_and_enterprises
from eventsys.bookings.services.slots import Told, change_slot
from eventsys.bookings.services.undoing import remember
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import Conflict
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.slots.moving import Occupied, moved
from eventsys.slots.queries import command_of
from eventsys.slots.queries.occupied import list_occupied
from eventsys.slots.rules import NewSlot, SlotState
from eventsys.slots.services import check_edit
from eventsys.workdays.queries import working_calendar

BOOKED, DAY_OFF, TAKEN = "booked", "day_off", "taken"


@dataclass(frozen=True, slots=True)
class Reschedule:
    """The command to let a slot (public id) run from `starts_at` to `ends_at`.

    `agreed` is what the person has been told of and agreed to: that enterprises have booked it, that the day is off,
    that department or place are taken then.
    """

    slot: str
    starts_at: datetime
    ends_at: datetime
    version: int
    agreed: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rescheduled:
    """The slot, and the change (public id) by which it is undone; None when it was there already."""

    slot: Slot
    change: str | None = None


def reschedule_slot(command: Reschedule, *, actor: Actor) -> Rescheduled:
    """Move a slot or change its length; its cut-offs follow, and who booked it is told. Twice is once.

    Conflict `move_unconfirmed` names in `asks` what has to be agreed to first, with how many are `booked`.
    """
    slot = lock_slot_and_enterprises(command.slot, actor, Permission.EDIT_SLOT)
    if (slot.starts_at, slot.ends_at) == (command.starts_at, command.ends_at):
        return Rescheduled(slot)
    if command.starts_at != slot.starts_at:
        check_to_come(slot)
    before, zone, calendar = command_of(slot), installation().zone, working_calendar()
    there = replace(moved(before, command.starts_at, calendar, zone, now()), ends_at=command.ends_at)
    check_edit(slot, there, command.version, actor=actor)
    booked = count_active([slot.id]).get(slot.id, 0) if slot.state is SlotState.PUBLISHED else 0
    asks = {BOOKED} if booked else set()
    if not calendar.is_open(there.starts_at, there.ends_at, zone):
        asks.add(DAY_OFF)
    if _is_taken(slot, there):
        asks.add(TAKEN)
    if asks - command.agreed:
        raise Conflict("move_unconfirmed", asks=sorted(asks), booked=booked, starts_at=there.starts_at)
    slot = change_slot(command.slot, there, version=command.version, actor=actor, told=Told(command.reason))
    return Rescheduled(slot, remember({slot: before}, actor=actor))


def check_to_come(slot: Slot) -> None:
    """Raise Conflict for a slot that has begun: who came would not be where it is moved to."""
    if slot.starts_at <= now():
        raise Conflict("slot_began", starts_at=slot.starts_at)


def _is_taken(slot: Slot, command: NewSlot) -> bool:
    there = Occupied(slot.id, slot.department_id, slot.place_id, command.starts_at, command.ends_at)
    return any(other.is_in_the_way_of(there) for other in list_occupied([there], there.ends_at))
