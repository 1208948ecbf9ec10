"""Hand a slot over: the lead offers it to another department, which takes it or says why not."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line
from eventsys.directory.models import Department, Service, Staff
from eventsys.slots.messages import tell_department_of_slots
from eventsys.slots.models import Slot
from eventsys.slots.queries import find_keys, get_slot_of
from eventsys.slots.rules import REASON_MAX, NewSlot, SlotState


def offer_slot(public_id: str, department: str, note: str, *, actor: Actor) -> Slot:
    """Offer a slot to another department (public id or code), which is told; an earlier offer falls."""
    note = clean_line(note, "note", REASON_MAX)
    slot = get_slot_of(public_id, actor, Permission.EDIT_SLOT)
    _check_to_come(slot)
    key = find_keys(Department, [department], [Department.code]).get(department)
    if key is None or not db.session.get_one(Department, key).active:
        raise Invalid("unknown_department", field="department")
    if key == slot.department_id:
        raise Invalid("already_leads", field="department")
    slot.handed_to_id = key
    slot.version += 1
    audit.record(actor, "slot.offered", "slot", slot.public_id, after={"handed_to_id": key}, reason=note)
    tell_department_of_slots("slot_offered", key, [slot], note=note)
    return slot


def withdraw_slot_offer(public_id: str, *, actor: Actor) -> Slot:
    """Keep a slot that was offered; twice is once."""
    slot = get_slot_of(public_id, actor, Permission.EDIT_SLOT)
    if slot.handed_to_id is not None:
        _end_offer(slot, actor, "slot.offer_withdrawn")
    return slot


def decline_slot_offer(public_id: str, reason: str, *, actor: Actor) -> Slot:
    """Say that the own department does not take the slot, and why; the lead is told."""
    reason = clean_line(reason, "reason", REASON_MAX, required=True)
    slot, department = lock_offered(public_id, actor)
    _end_offer(slot, actor, "slot.offer_declined", reason)
    told = {"answerer": department.name, "answer": "declined", "reason": reason}
    tell_department_of_slots("slot_offer_answered", slot.department_id, [slot], **told)
    return slot


def lock_offered(public_id: str, actor: Actor) -> tuple[Slot, Department]:
    """The locked slot and the department it is offered to, for which the actor may answer; NotFound otherwise."""
    query = select(Slot).where(Slot.public_id == public_id).with_for_update(of=Slot, key_share=True)
    slot = db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if slot is None or slot.handed_to_id is None or not may_answer_offer(slot, actor):
        raise NotFound()
    _check_to_come(slot)
    return slot, db.session.get_one(Department, slot.handed_to_id)


def may_answer_offer(slot: Slot, actor: Actor) -> bool:
    """Whether the slot is offered to a department for which the actor may answer."""
    offered_to = frozenset() if slot.handed_to_id is None else frozenset({slot.handed_to_id})
    return bool(offered_to) and is_allowed(actor, Permission.CREATE_SLOT, Scope(departments=offered_to))


def handed_over(command: NewSlot, to: int) -> NewSlot:
    """The command that makes the slot the department's (primary key): matters and staff of departments that are not
    among its own any more are left out."""
    supporting = tuple(key for key in command.supporting if key != to)
    services, staff = (
        _of((to, *supporting), model, keys) for model, keys in ((Service, command.services), (Staff, command.staff))
    )
    return replace(command, department=to, supporting=supporting, services=services, staff=staff)


def _of(departments: tuple[int, ...], model: type[Service | Staff], keys: tuple[int, ...]) -> tuple[int, ...]:
    """Those of the rows with these primary keys that belong to one of the departments."""
    found = select(model.id).where(model.id.in_(keys), model.department_id.in_(departments))
    kept = set(db.session.scalars(found)) if keys else set()
    return tuple(key for key in keys if key in kept)


def mark_taken_over(slot: Slot, *, actor: Actor) -> None:
    """Conclude a hand-over: the offer is gone, and the slot is no more one of the former lead's run."""
    slot.handed_to_id = slot.run_id = None
    audit.record(actor, "slot.taken_over", "slot", slot.public_id, after={"department_id": slot.department_id})


def authorize_taking(slot: Slot, actor: Actor) -> None:
    """Raise NotAllowed unless the actor may lead with the department the slot is offered to."""
    assert slot.handed_to_id is not None
    authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({slot.handed_to_id})))


def _end_offer(slot: Slot, actor: Actor, action: str, reason: str = "") -> None:
    before = {"handed_to_id": slot.handed_to_id}
    slot.handed_to_id = None
    slot.version += 1
    audit.record(actor, action, "slot", slot.public_id, before=before, reason=reason)


def _check_to_come(slot: Slot) -> None:
    if slot.state is SlotState.CALLED_OFF:
        raise Conflict("already_called_off")
    if slot.starts_at <= now():
        raise Conflict("slot_began", starts_at=slot.starts_at)
