"""Reads of the templates of departments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.models import Department, Enterprise
from eventsys.slots.models import SlotTemplate


def list_templates(actor: Actor) -> Sequence[SlotTemplate]:
    """The templates of the departments whose slots the actor may make, by department and name."""
    query = select(SlotTemplate).join(Department).options(joinedload(SlotTemplate.department))
    found = db.session.scalars(query.order_by(Department.id, SlotTemplate.name)).all()
    return [item for item in found if is_allowed(actor, Permission.CREATE_SLOT, item.scope)]


def get_template(public_id: str, actor: Actor, *, lock: bool = False) -> SlotTemplate:
    """The template of a department whose slots the actor may make; NotFound for anybody else."""
    query = select(SlotTemplate).where(SlotTemplate.public_id == public_id).options(joinedload(SlotTemplate.department))
    if lock:
        query = query.with_for_update(of=SlotTemplate)
    found = db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if found is None or not is_allowed(actor, Permission.CREATE_SLOT, found.scope):
        raise NotFound()
    return found


def find_template_named(department: int, name: str) -> SlotTemplate | None:
    """The department's template of this name."""
    query = select(SlotTemplate).where(SlotTemplate.department_id == department, SlotTemplate.name == name)
    return db.session.scalars(query).one_or_none()


def count_templates(department: int) -> int:
    """How many templates a department (a primary key) has."""
    query = select(func.count(SlotTemplate.id)).where(SlotTemplate.department_id == department)
    return db.session.scalar(query) or 0


def list_active_enterprises(keys: Collection[int]) -> Sequence[Enterprise]:
    """Those of the enterprises (primary keys) that are active, by name."""
    if not keys:
        return []
    query = select(Enterprise).where(Enterprise.id.in_(keys), Enterprise.active)
    return db.session.scalars(query.order_by(Enterprise.name, Enterprise.id)).all()
