"""The people who come to slots for a department: add, change, disable."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from eventsys.accounts.models import Person
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.commands import STAFF_MAX, StaffDetails, check_staff
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.models import Department, Staff
from eventsys.directory.queries.organisations import lock_row
from eventsys.directory.queries.staff import list_accounts

EDITED = ("name", "office", "phone")


def add_staff(department: str, command: StaffDetails, *, actor: Actor) -> Staff:
    """Somebody new of a department (a public id). NotFound for another's department, Invalid names wrong fields."""
    owner = lock_row(Department, department)
    if not is_allowed(actor, Permission.MANAGE_STAFF, owner.scope):
        raise NotFound
    details = check_staff(command)
    if (db.session.scalar(select(func.count()).where(Staff.department_id == owner.id)) or 0) >= STAFF_MAX:
        raise Conflict("too_many_items", limit=STAFF_MAX)
    row = Staff(department_id=owner.id, person_id=_account(owner.id, details.person, None))
    _write(row, details)
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "staff.created", "staff", row.public_id, after=_state(row))
    return row


def edit_staff(public_id: str, command: StaffDetails, version: int | None, *, actor: Actor) -> Staff:
    """Change somebody's details; their calendar bears the new name. Conflict `stale_edit` for an old `version`."""
    row = _lock(public_id, actor)
    details = check_staff(command)
    row.require_version(version)
    before = _state(row)
    row.person_id = _account(row.department_id, details.person, row.person_id)
    _write(row, details)
    db.session.flush()
    was, now_is = audit.changes(before, _state(row))
    if now_is:
        audit.record(actor, "staff.edited", "staff", public_id, before=was, after=now_is)
        bump_feed_sets(staff=[row.id])
    return row


def set_staff_active(public_id: str, active: bool, *, actor: Actor) -> Staff:
    """Disable or enable somebody; saying it twice changes nothing. A disabled person's calendar is not served."""
    row = _lock(public_id, actor)
    if row.active != active:
        row.active = active
        row.version += 1
        db.session.flush()
        action = "staff.enabled" if active else "staff.disabled"
        audit.record(actor, action, "staff", public_id, before={"active": not active}, after={"active": active})
    return row


def _lock(public_id: str, actor: Actor) -> Staff:
    row = lock_row(Staff, public_id)
    if not is_allowed(actor, Permission.MANAGE_STAFF, row.scope):
        raise NotFound
    return row


def _write(row: Staff, details: StaffDetails) -> None:
    for name in EDITED:
        setattr(row, name, getattr(details, name))


def _account(department: int, public_id: str, present: int | None) -> int | None:
    """The primary key of an account of the department, or of the present one."""
    if not public_id:
        return None
    for person in list_accounts(department):
        if person.public_id == public_id:
            return person.id
    kept = db.session.scalar(select(Person.public_id).where(Person.id == present)) if present else None
    if kept != public_id:
        raise Invalid("bad_choice", field="person")
    return present


def _state(row: Staff) -> dict[str, Any]:
    return {name: getattr(row, name) for name in EDITED} | {"account": row.person_id}
