"""A department that would visit too often joins another one's visit: its clerks ask the lead department's."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.rules import TAKES_PLACES
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.models import Department
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState

PROPOSED = "slot.join_proposed"


def propose_joint_visit(slot: str, department: int, *, actor: Actor) -> Slot:
    """Ask the lead department of a visit (public id) to come along: it is told once, and adds who asks as supporting.

    NotFound unless it is a visit to come that an enterprise has.
    """
    authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({department})))
    joining = db.session.get(Department, department)
    if joining is None or not joining.active:
        raise Invalid("unknown_department", field="department")
    found = _lock_visit(slot)
    if department == found.department_id or joining in found.supporting:
        raise Conflict("visit_is_yours")
    if found.starts_at <= now():
        raise Conflict("slot_began", starts_at=found.starts_at)
    if not _is_proposed(found, joining):
        audit.record(actor, PROPOSED, "slot", found.public_id, after={"department": joining.code})
        messages.propose_to_join(found, joining)
    return found


def _lock_visit(public_id: str) -> Slot:
    """The slot, locked so that nobody proposes at the same time, when it is a visit that an enterprise has."""
    query = select(Slot).where(Slot.public_id == public_id).with_for_update(of=Slot, key_share=True)
    slot = db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if slot is None or slot.format is not SlotFormat.VISIT or slot.state is not SlotState.PUBLISHED:
        raise NotFound()
    taken = select(Booking.id).where(Booking.slot_id == slot.id, Booking.state.in_(TAKES_PLACES)).limit(1)
    if db.session.scalar(taken) is None:
        raise NotFound()
    return slot


def _is_proposed(slot: Slot, department: Department) -> bool:
    query = select(AuditEntry.after).where(
        AuditEntry.object_type == "slot", AuditEntry.object_id == slot.public_id, AuditEntry.action == PROPOSED
    )
    return any(after.get("department") == department.code for after in db.session.scalars(query))
