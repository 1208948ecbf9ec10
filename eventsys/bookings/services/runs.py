"""Change several slots of a run at once: those that enterprises have booked only when that was agreed to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import count_active
from eventsys.bookings.services.clashes import refusing_new_clashes, visited_by
from eventsys.bookings.services.locking import lock_slots_and_enterprises
from eventsys.bookings.services.slots import Told, change_locked_slot, change_slot
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of, commands_of, get_slot_of, list_others_in_run
from eventsys.slots.rules import NewSlot
from eventsys.slots.scopes import RunScope, following
from eventsys.slots.services import edit_slots, naming


@dataclass(frozen=True, slots=True)
class RunChange:
    """The command to change a slot (public id) and, by its scope, others of its run alike.

    `shown` are the booked slots (public ids) the person has been told of, `agreed` those of them that may change;
    `reason` is what those who booked are told, `waits` are bookings of the slot that go back to its queue, `beyond` is
    why a visit goes beyond what an enterprise receives.
    """

    slot: str
    command: NewSlot
    version: int | None = None
    scope: RunScope = RunScope.THIS
    shown: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()
    reason: str = ""
    waits: frozenset[str] = frozenset()
    beyond: str = ""


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The slot, how many others have changed with it, and how many booked ones stay as they were."""

    slot: Slot
    others: int = 0
    left: int = 0


def change_run(change: RunChange, *, actor: Actor) -> RunChanged:
    """Change a slot and the others in scope that are neither called off nor begun; who booked one is told.

    Conflict `run_booked` names the booked ones nobody has been told of; a refusal by another slot carries its start as
    `occurrence`. Either all of it is done, or nothing.
    """
    others = _lock(change, actor)
    told = Told(change.reason, change.waits, change.beyond)
    if not others:
        return RunChanged(change_slot(change.slot, change.command, version=change.version, actor=actor, told=told))
    slot = get_slot_of(change.slot, actor, Permission.EDIT_SLOT)
    with refusing_new_clashes([slot.id, *(other.id for other in others)], actor=actor):
        return _change_all(slot, others, change, told, actor)


def _change_all(slot: Slot, others: list[Slot], change: RunChange, told: Told, actor: Actor) -> RunChanged:
    before = command_of(slot)
    change_locked_slot(slot, change.command, change.version, actor=actor, told=told)
    after, zone = command_of(slot), installation().zone
    commands = zip(others, commands_of(others), strict=True)
    differing = [
        (other, own, becomes)
        for other, own in commands
        if (becomes := following(before, after, own, zone)) != own
    ]  # fmt: skip
    booked = count_active([other.id for other, _own, _becomes in differing])
    taken = [other for other, _own, _becomes in differing if other.id in booked]
    if any(other.public_id not in change.shown for other in taken):
        raise Conflict("run_booked", slots=[(other.public_id, other.starts_at, booked[other.id]) for other in taken])
    left = {other.id for other in taken if other.public_id not in change.agreed}
    _change_others([item for item in differing if item[0].id not in left], change.reason, actor)
    return RunChanged(slot, len(differing) - len(left), len(left))


def _change_others(changes: list[tuple[Slot, NewSlot, NewSlot]], reason: str, actor: Actor) -> None:
    """Those nobody has ever booked in one go, each of the others with who has."""
    keys = [other.id for other, _own, _becomes in changes]
    known = set(db.session.scalars(select(Booking.slot_id).where(Booking.slot_id.in_(keys)).distinct()))
    edit_slots([item for item in changes if item[0].id not in known], actor=actor)
    for other, _own, becomes in changes:
        if other.id in known:
            with naming(other):
                change_locked_slot(other, becomes, None, actor=actor, told=Told(reason))


def _lock(change: RunChange, actor: Actor) -> list[Slot]:
    """The others in scope, by start, locked with the slot itself."""
    slot = _get_slot(change.slot, actor)
    keys = {other.id for other in list_others_in_run(slot, change.scope, now())}
    if not keys:
        return []
    lock_slots_and_enterprises({slot.id, *keys}, visited_by([change.command]))
    others = list_others_in_run(slot, change.scope, now())  # as they are now that nobody else changes them
    return sorted((other for other in others if other.id in keys), key=lambda other: (other.starts_at, other.id))


def _get_slot(public_id: str, actor: Actor) -> Slot:
    query = select(Slot).where(Slot.public_id == public_id)
    slot = db.session.scalars(query).one_or_none()
    if slot is None or not is_allowed(actor, Permission.EDIT_SLOT, slot.scope):
        raise NotFound()
    return slot
