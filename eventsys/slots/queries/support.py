"""Reads of what departments ask of each other: to support a slot, or to take it over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.directory.models import Department
from eventsys.slots.models import Slot, slot_departments
from eventsys.slots.rules import SlotState

SUPPORT_SHOWN = 200


def list_support_wanted(departments: Collection[int]) -> Sequence[tuple[Slot, Department]]:
    """Slots to come that departments (primary keys) were asked to support and have not answered, by start."""
    if not departments:
        return []
    support = slot_departments.c
    rows = db.session.execute(
        select(Slot, Department)
        .join(slot_departments, support.slot_id == Slot.id)
        .join(Department, Department.id == support.department_id)
        .where(
            support.department_id.in_(departments),
            support.confirmed_at.is_(None),
            Slot.state != SlotState.CALLED_OFF,
            Slot.ends_at > now(),
        )
        .options(joinedload(Slot.department), joinedload(Slot.place))
        .order_by(Slot.starts_at, Slot.id)
        .limit(SUPPORT_SHOWN)
    )
    return [(row[0], row[1]) for row in rows]


def confirmed_support(slot: Slot) -> dict[int, datetime | None]:
    """When each supporting department (primary key) agreed; None while it has not."""
    support = slot_departments.c
    query = select(support.department_id, support.confirmed_at).where(support.slot_id == slot.id)
    return {row[0]: row[1] for row in db.session.execute(query)}


def list_unasked(slots: Collection[int]) -> list[tuple[int, int]]:
    """(slot, department) by primary key of those named as supporting and not asked yet."""
    support = slot_departments.c
    query = select(support.slot_id, support.department_id).where(support.slot_id.in_(slots), support.asked_at.is_(None))
    return [(row[0], row[1]) for row in db.session.execute(query.order_by(support.department_id, support.slot_id))]


def list_offered(departments: Collection[int]) -> Sequence[Slot]:
    """Slots to come that their leads offer to departments (primary keys), by start."""
    if not departments:
        return []
    query = select(Slot).where(
        Slot.handed_to_id.in_(departments), Slot.state != SlotState.CALLED_OFF, Slot.starts_at > now()
    )
    query = query.options(joinedload(Slot.department), joinedload(Slot.handed_to), joinedload(Slot.place))
    return db.session.scalars(query.order_by(Slot.starts_at, Slot.id).limit(SUPPORT_SHOWN)).all()
