"""Take back a change of slots: for a while, by who made it, unless somebody has changed them since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from eventsys.bookings.rules.bulk import UNDO_MINUTES
from eventsys.bookings.services.clashes import refusing_new_clashes, visited_by
from eventsys.bookings.services.locking import lock_slots_and_enterprises
from eventsys.bookings.services.slots import change_locked_slot
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.ids import new_public_id
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of, find_commands
from eventsys.slots.rules import NewSlot

INSTANTS = ("starts_at", "ends_at", "opens_at", "closes_at", "cancel_until", "names_until")
OTHERS = ("capacity", "place", "edition")


def remember(before: Mapping[Slot, NewSlot], *, actor: Actor) -> str:
    """Write down what slots were before the change that has just been made of them; the public id it is undone by."""
    change = new_public_id()
    was = {slot.public_id: {name: getattr(own, name) for name in (*INSTANTS, *OTHERS)} for slot, own in before.items()}
    versions = {slot.public_id: slot.version for slot in before}
    audit.record(actor, "slots.changed", "slot_change", change, before=was, after=versions)
    return change


def undo_change(public_id: str, *, actor: Actor) -> int:
    """Give the slots of a change back what they were, and say how many; who booked them is told again.

    NotFound for a change of somebody else; Conflict `undo_too_late` after a quarter of an hour, `undo_stale` when one
    of the slots was changed since, this being undone already included.
    """
    query = select(AuditEntry).where(AuditEntry.object_type == "slot_change", AuditEntry.object_id == public_id)
    made = db.session.scalars(query.where(AuditEntry.action == "slots.changed")).one_or_none()
    if made is None or actor.person is None or made.actor_id != actor.person:
        raise NotFound()
    if made.at < now() - timedelta(minutes=UNDO_MINUTES):
        raise Conflict("undo_too_late", minutes=UNDO_MINUTES)
    keys = db.session.scalars(select(Slot.id).where(Slot.public_id.in_(made.after))).all()
    slots = lock_slots_and_enterprises(keys, visited_by(find_commands(made.after)))
    if len(slots) != len(made.after) or any(slot.version != made.after[slot.public_id] for slot in slots):
        raise Conflict("undo_stale")
    with refusing_new_clashes([slot.id for slot in slots], actor=actor):
        for slot in slots:
            command = replace(command_of(slot), **_read(made.before[slot.public_id]))
            change_locked_slot(slot, command, None, actor=actor)
    audit.record(actor, "slots.undone", "slot_change", public_id)
    return len(slots)


def _read(kept: Mapping[str, Any]) -> dict[str, Any]:
    instants = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in INSTANTS}
    return {**instants, **{name: kept[name] for name in OTHERS}}
