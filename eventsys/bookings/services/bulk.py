"""One change to a selection of slots: looked at first, then made of all of them or of none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from eventsys.bookings.queries import count_active
from eventsys.bookings.rules.bulk import BulkAction, BulkChange, becomes, check_bulk, check_selection
from eventsys.bookings.services.clashes import refusing_new_clashes, visited_by
from eventsys.bookings.services.locking import lock_slots_and_enterprises
from eventsys.bookings.services.requests import delete_draft, publish_slot
from eventsys.bookings.services.rescheduling import check_to_come
from eventsys.bookings.services.slots import Told, call_off_slot, change_locked_slot
from eventsys.bookings.services.undoing import remember
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.draws import check_draw_to_come
from eventsys.slots.models import Slot
from eventsys.slots.moving import Occupied
from eventsys.slots.queries import commands_of, find_commands, with_details
from eventsys.slots.queries.occupied import list_occupied
from eventsys.slots.rules import NewSlot, SlotState, check_call_off, check_publish
from eventsys.slots.services import check_edit, naming
from eventsys.workdays.queries import working_calendar

TELLING = frozenset({BulkAction.MOVE, BulkAction.CHANGE, BulkAction.CALL_OFF})  # those who booked


@dataclass(frozen=True, slots=True)
class Effect:
    """What the change does to one slot: what it becomes (None: the same), how many enterprises are told, whether it
    falls on a day off or into time that is taken, and why it cannot be, if so."""

    slot: Slot
    becomes: NewSlot | None = None
    booked: int = 0
    is_day_off: bool = False
    is_taken: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class BulkDone:
    """How many slots have changed, and the change (public id) by which it is undone; None when it cannot be."""

    count: int
    change: str | None = None


def preview_bulk(change: BulkChange, *, actor: Actor) -> list[Effect]:
    """What the change would do, by start; nothing is changed. NotFound when one of the slots is not the actor's."""
    check_selection(change)
    query = with_details(select(Slot)).where(Slot.public_id.in_(dict(change.slots)))
    slots = db.session.scalars(query.order_by(Slot.starts_at, Slot.id)).unique().all()
    _check_own(slots, change, actor)
    commands = _commands(slots, change)
    booked = count_active([slot.id for slot in slots if slot.state is SlotState.PUBLISHED])
    told = booked if change.action in TELLING else {}
    days_off, taken = _days_off(commands), _taken(slots, commands)
    return [
        Effect(slot, own, told.get(slot.id, 0), slot in days_off, slot in taken, _refusal(slot, own, change, actor))
        for slot, own in commands.items()
    ]


def apply_bulk(change: BulkChange, *, actor: Actor) -> BulkDone:
    """Make the change of every slot or, when one refuses, of none; whoever booked one is told.

    Conflict `run_refused` carries the start of the slot that refuses and `because`.
    """
    check_bulk(change)
    keys = db.session.scalars(select(Slot.id).where(Slot.public_id.in_(dict(change.slots)))).all()
    slots = lock_slots_and_enterprises(keys, visited_by(find_commands(dict(change.slots))))
    _check_own(slots, change, actor)
    before = dict(zip(slots, commands_of(slots), strict=True)) if change.action.is_edit else {}
    with refusing_new_clashes([slot.id for slot in slots], actor=actor):
        for slot, command in _commands(slots, change).items():
            with naming(slot):
                refusal = _refusal(slot, command, change, actor)
                if refusal is not None:
                    raise refusal
                _apply(slot, command, change, actor)
    return BulkDone(len(slots), remember(before, actor=actor) if before else None)


def _apply(slot: Slot, command: NewSlot | None, change: BulkChange, actor: Actor) -> None:
    if command is not None:
        change_locked_slot(slot, command, None, actor=actor, told=Told(change.reason))
    elif change.action is BulkAction.PUBLISH:
        publish_slot(slot.public_id, actor=actor)
    elif change.action is BulkAction.CALL_OFF:
        call_off_slot(slot.public_id, change.reason, actor=actor)
    else:
        delete_draft(slot.public_id, actor=actor)


def _refusal(slot: Slot, command: NewSlot | None, change: BulkChange, actor: Actor) -> Refusal | None:
    """Why the change cannot be made of this slot, as far as it can be told beforehand."""
    try:
        slot.check_version(dict(change.slots)[slot.public_id])
        if command is not None:
            if command.starts_at != slot.starts_at:
                check_to_come(slot)
            check_edit(slot, command, None, actor=actor)
        elif change.action is BulkAction.PUBLISH:
            check_publish(slot.state, slot.starts_at, now())
            check_draw_to_come(slot.draw_at, now())
        elif change.action is BulkAction.CALL_OFF:
            check_call_off(slot.state, slot.ends_at, now(), change.reason or "-")  # the reason is asked for later
        elif slot.state is not SlotState.DRAFT:
            raise Conflict("has_bookings")
    except Refusal as refusal:
        return refusal
    return None


def _check_own(slots: Sequence[Slot], change: BulkChange, actor: Actor) -> None:
    """A slot that is gone, or another department's, does not exist."""
    own = {slot.public_id for slot in slots if is_allowed(actor, Permission.EDIT_SLOT, slot.scope)}
    if own != set(dict(change.slots)):
        raise NotFound()


def _commands(slots: Sequence[Slot], change: BulkChange) -> dict[Slot, NewSlot | None]:
    """What each slot becomes by an edit, None by anything else."""
    if not change.action.is_edit:
        return dict.fromkeys(slots)
    calendar, zone, at = working_calendar(), installation().zone, now()
    own = zip(slots, commands_of(slots), strict=True)
    return {slot: becomes(command, change, calendar, zone, at) for slot, command in own}


def _moved(commands: Mapping[Slot, NewSlot | None]) -> list[tuple[Slot, NewSlot]]:
    """The slots whose time or place becomes another."""
    return [
        (slot, own)
        for slot, own in commands.items()
        if own is not None and (own.starts_at, own.place) != (slot.starts_at, slot.place_id)
    ]


def _days_off(commands: Mapping[Slot, NewSlot | None]) -> set[Slot]:
    calendar, zone = working_calendar(), installation().zone
    return {slot for slot, own in _moved(commands) if not calendar.is_open(own.starts_at, own.ends_at, zone)}


def _taken(slots: Sequence[Slot], commands: Mapping[Slot, NewSlot | None]) -> set[Slot]:
    """The slots that come into the way of others, those that are moved with them where they go."""
    there = {
        slot.id: Occupied(slot.id, own.department, own.place, own.starts_at, own.ends_at)
        for slot, own in _moved(commands)
    }
    until = max((span.ends_at for span in there.values()), default=now())
    others = [there.get(other.slot, other) for other in list_occupied([*there.values()], until)]
    others += [span for span in there.values() if span not in others]
    hit = {key for key, span in there.items() if any(other.is_in_the_way_of(span) for other in others)}
    return {slot for slot in slots if slot.id in hit}
