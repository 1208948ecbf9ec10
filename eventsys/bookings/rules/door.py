"""At the door of a group session: from when places that nobody claims are given to who waits there."""

from __future__ import annotations

from datetime import datetime, timedelta

from eventsys.core.errors import Conflict
from eventsys.slots.rules import SlotFormat, SlotState, WalkIns

RELEASED = "released"  # the reason of a booking that ended at the door
UNDO_RELEASE_WITHIN = timedelta(minutes=15)


def has_room(party: int, places_left: int, people_left: int | None) -> bool:
    """Whether the whole party fits into what is left."""
    return places_left >= 1 and (people_left is None or party <= people_left)


def check_door(state: SlotState, kind: SlotFormat, opens_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raise Conflict unless places pass at the door now: of a published session, from `opens_at` to its end. A visit
    has no door, and who takes part online passes none."""
    if state is not SlotState.PUBLISHED:
        raise Conflict("slot_called_off" if state is SlotState.CALLED_OFF else "slot_not_published")
    if kind is not SlotFormat.SESSION:
        raise Conflict("no_door")
    if now < opens_at:
        raise Conflict("door_not_yet", opens_at=opens_at)
    if now >= ends_at:
        raise Conflict("slot_over", ends_at=ends_at)


def room_for_walk_in(
    walk_ins: WalkIns, *, places: int, people: int, places_left: int, people_left: int | None, has_queue: bool
) -> tuple[int, int]:
    """By how many places and people the slot must grow so that who has not booked comes in, taking so many of each;
    (0, 0) while there is room. Raise Conflict where the slot does not allow it: `no_walk_ins`, `walk_in_queue` while
    others come first, `walk_in_full`."""
    if walk_ins is WalkIns.NONE:
        raise Conflict("no_walk_ins")
    if has_queue:
        raise Conflict("walk_in_queue")
    short = max(0, places - places_left), max(0, people - people_left) if people_left is not None else 0
    if any(short) and walk_ins is not WalkIns.ALWAYS:
        raise Conflict("walk_in_full")
    return short
