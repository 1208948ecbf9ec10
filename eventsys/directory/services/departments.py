"""Departments and what they help with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.search import search_text
from eventsys.directory.commands import DepartmentDetails, ServiceDetails, check_department, check_service
from eventsys.directory.feed_sets import bump_all_feed_sets
from eventsys.directory.models import Department, Service
from eventsys.directory.queries.organisations import lock_row

EDITED = ("name", "short_name", "name_en", "colour", "phone", "email")
SHOWN_IN_FEEDS = {"name", "short_name", "name_en", "phone", "colour"}


def create_department(command: DepartmentDetails, *, actor: Actor) -> Department:
    """A new department; its code is permanent. Invalid names wrong fields, `code_taken` and `name_taken` among them."""
    authorize(actor, Permission.ADMINISTER, Scope())
    details = check_department(command)
    if not details.code:
        raise Invalid("required", field="code")
    if db.session.scalar(select(Department.id).where(Department.code == details.code)):
        raise Invalid("code_taken", field="code")
    _require_free_name(details.name)
    return add_department(details, actor)


def add_department(details: DepartmentDetails, actor: Actor) -> Department:
    """Write a department whose details were checked and are free; imports use it too."""
    department = Department(code=details.code, **_values(details))
    department.search_text = _search_text(department)
    db.session.add(department)
    db.session.flush()
    audit.record(actor, "department.created", "department", department.public_id, after=state_of(department))
    return department


def edit_department(public_id: str, command: DepartmentDetails, version: int | None, *, actor: Actor) -> Department:
    """Change everything but the code. Conflict `stale_edit` when `version` is not the present one."""
    authorize(actor, Permission.ADMINISTER, Scope())
    department = lock_row(Department, public_id)
    details = check_department(command)
    department.require_version(version)
    if details.name != department.name:
        _require_free_name(details.name)
    change_department(department, details, actor)
    return department


def change_department(department: Department, details: DepartmentDetails, actor: Actor) -> None:
    """Write checked details into a locked department; imports use it too."""
    before = state_of(department)
    for name, value in _values(details).items():
        setattr(department, name, value)
    department.search_text = _search_text(department)
    db.session.flush()
    _record_edit(department, before, actor)


def set_department_active(public_id: str, active: bool, *, actor: Actor) -> Department:
    """Disable or enable a department; saying it twice changes nothing."""
    authorize(actor, Permission.ADMINISTER, Scope())
    department = lock_row(Department, public_id)
    if department.active != active:
        switch_department(department, active, actor)
    return department


def switch_department(department: Department, active: bool, actor: Actor) -> None:
    """Set a locked department's state; imports use it too."""
    department.active = active
    department.version += 1
    db.session.flush()
    action = "department.enabled" if active else "department.disabled"
    audit.record(
        actor, action, "department", department.public_id, before={"active": not active}, after={"active": active}
    )


def add_service(department_id: str, command: ServiceDetails, *, actor: Actor) -> Service:
    """A new service at the end of its department's list; `department_id` is a public id."""
    authorize(actor, Permission.ADMINISTER, Scope())
    department = lock_row(Department, department_id)
    details = check_service(command)
    _require_free_service(department, details.name)
    last = db.session.scalar(select(func.max(Service.position)).where(Service.department_id == department.id))
    return _append_service(department, details, (last if last is not None else -1) + 1, actor)


def offer_services(department: Department, names: Sequence[str], actor: Actor) -> None:
    """Let a locked department offer exactly the services of these names, in this order: new ones are made, known ones
    enabled, those not named disabled and kept at the end. Imports use it."""
    known = {service.name: service for service in department.services}
    for position, name in enumerate(names):
        service = known.get(name) or _append_service(department, ServiceDetails(name), position, actor)
        _place_service(service, position, True, actor)
    others = [service for name, service in known.items() if name not in names]
    for position, service in enumerate(others, start=len(names)):
        _place_service(service, position, False, actor)
    db.session.flush()
    db.session.expire(department, ["services"])


def _append_service(department: Department, details: ServiceDetails, position: int, actor: Actor) -> Service:
    service = Service(
        department=department,
        name=details.name,
        name_en=details.name_en,
        topic=details.topic,
        position=position,
    )
    db.session.add(service)
    db.session.flush()
    audit.record(actor, "service.created", "service", service.public_id, after=_service_state(service, department))
    return service


def _place_service(service: Service, position: int, is_active: bool, actor: Actor) -> None:
    before = _service_state(service, service.department)
    service.position, service.active = position, is_active
    _record_service(service, before, actor)


def edit_service(public_id: str, command: ServiceDetails, *, actor: Actor) -> Service:
    """Change a service's names and topic."""
    authorize(actor, Permission.ADMINISTER, Scope())
    service = lock_row(Service, public_id)
    details = check_service(command)
    if details.name != service.name:
        _require_free_service(service.department, details.name)
    before = _service_state(service, service.department)
    service.name, service.name_en, service.topic = details.name, details.name_en, details.topic  # type: ignore[assignment]
    db.session.flush()
    _record_service(service, before, actor)
    return service


def set_service_active(public_id: str, active: bool, *, actor: Actor) -> Service:
    """Disable or enable a service; saying it twice changes nothing."""
    authorize(actor, Permission.ADMINISTER, Scope())
    service = lock_row(Service, public_id)
    before = _service_state(service, service.department)
    service.active = active
    db.session.flush()
    _record_service(service, before, actor)
    return service


def move_service(public_id: str, places: int, *, actor: Actor) -> Service:
    """Move a service `places` down its department's list (negative: up), as far as the list goes."""
    authorize(actor, Permission.ADMINISTER, Scope())
    service = lock_row(Service, public_id)
    lock_row(Department, service.department.public_id)
    order = list(
        db.session.scalars(
            select(Service)
            .where(Service.department_id == service.department_id)
            .order_by(Service.position, Service.id)
            .execution_options(populate_existing=True)
        )
    )
    before = order.index(service)
    after = min(max(before + places, 0), len(order) - 1)
    order.insert(after, order.pop(before))
    for position, each in enumerate(order):
        each.position = position
    db.session.flush()
    if before != after:
        audit.record(
            actor, "service.moved", "service", public_id, before={"position": before}, after={"position": after}
        )
    return service


def state_of(department: Department) -> dict[str, Any]:
    """What an audit entry says of a department."""
    return {"code": department.code} | {name: getattr(department, name) for name in EDITED}


def _values(details: DepartmentDetails) -> dict[str, Any]:
    return {name: getattr(details, name) for name in EDITED}


def _search_text(department: Department) -> str:
    return search_text(department.name, department.short_name, department.name_en, department.code)


def _record_edit(department: Department, before: dict[str, Any], actor: Actor) -> None:
    was, now_is = audit.changes(before, state_of(department))
    if not now_is:
        return
    audit.record(actor, "department.edited", "department", department.public_id, before=was, after=now_is)
    if SHOWN_IN_FEEDS & now_is.keys():
        bump_all_feed_sets()


def _service_state(service: Service, department: Department) -> dict[str, Any]:
    return {
        "department": department.code,
        "name": service.name,
        "name_en": service.name_en,
        "topic": service.topic,
        "active": service.active,
    }


def _record_service(service: Service, before: dict[str, Any], actor: Actor) -> None:
    was, now_is = audit.changes(before, _service_state(service, service.department))
    if now_is:
        audit.record(actor, "service.edited", "service", service.public_id, before=was, after=now_is)
    if {"name", "name_en"} & now_is.keys():
        bump_all_feed_sets()


def _require_free_name(name: str) -> None:
    if db.session.scalar(select(Department.id).where(Department.name == name)):
        raise Invalid("name_taken", field="name")


def _require_free_service(department: Department, name: str) -> None:
    if db.session.scalar(select(Service.id).where(Service.department_id == department.id, Service.name == name)):
        raise Invalid("name_taken", field="name")
