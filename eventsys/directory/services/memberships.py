"""Who has which role where: granted and ended. Either ends the person's sessions, so that it counts at once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from eventsys.accounts.services import end_sign_ins
from eventsys.core import audit
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.models import Department, Enterprise, Membership
from eventsys.directory.queries.people import get_membership, lock_person, memberships_of
from eventsys.directory.rules import MembershipState, check_membership, conflicting_roles
from eventsys.directory.services.people import require_other_administrator


def grant_role(
    person_id: int, role: Role, department_id: int | None, enterprise_id: int | None, *, actor: Actor
) -> Membership:
    """Give a person a role (primary keys); one held already is returned unchanged. An auditor never administers."""
    authorize(actor, Permission.ADMINISTER, Scope())
    check_membership(role, department=department_id, enterprise=enterprise_id)
    _require_organisation(department_id, enterprise_id)
    person = lock_person(person_id)
    held = frozenset(m.role for m in memberships_of(person.id) if m.state is MembershipState.ACTIVE)
    if conflicting_roles(held | {role}):
        raise Invalid("auditor_administrator", field="role")
    membership = _find(person_id, role, department_id, enterprise_id)
    if membership is not None and membership.state is MembershipState.ACTIVE:
        return membership
    if membership is None:
        membership = Membership(
            person_id=person_id, role=role, department_id=department_id, enterprise_id=enterprise_id
        )
        db.session.add(membership)
    membership.state, membership.ended_at = MembershipState.ACTIVE, None
    db.session.flush()
    _record(actor, "membership.granted", membership)
    end_sign_ins(person_id, actor=actor)
    return membership


def end_membership(public_id: str, *, actor: Actor) -> Membership:
    """Take a role back; the last administrator's stays: Conflict. Twice changes nothing."""
    authorize(actor, Permission.ADMINISTER, Scope())
    membership = get_membership(public_id)
    if membership.role is Role.ADMINISTRATOR and membership.state is MembershipState.ACTIVE:
        require_other_administrator(membership.person_id)
    lock_person(membership.person_id)
    db.session.refresh(membership)
    if membership.state is MembershipState.ENDED:
        return membership
    membership.state, membership.ended_at = MembershipState.ENDED, now()
    db.session.flush()
    _record(actor, "membership.ended", membership)
    end_sign_ins(membership.person_id, actor=actor)
    return membership


def _find(person_id: int, role: Role, department_id: int | None, enterprise_id: int | None) -> Membership | None:
    return db.session.scalars(
        select(Membership)
        .where(
            Membership.person_id == person_id,
            Membership.role == role,
            func.coalesce(Membership.department_id, 0) == (department_id or 0),
            func.coalesce(Membership.enterprise_id, 0) == (enterprise_id or 0),
        )
        .execution_options(populate_existing=True)
    ).first()


def _require_organisation(department_id: int | None, enterprise_id: int | None) -> None:
    if department_id is not None and db.session.get(Department, department_id) is None:
        raise Invalid("unknown_department", field="department")
    if enterprise_id is not None and db.session.get(Enterprise, enterprise_id) is None:
        raise Invalid("unknown_enterprise", field="enterprise")


def _record(actor: Actor, action: str, membership: Membership) -> None:
    department = db.session.get(Department, membership.department_id) if membership.department_id else None
    enterprise = db.session.get(Enterprise, membership.enterprise_id) if membership.enterprise_id else None
    state: dict[str, Any] = {
        "person": lock_person(membership.person_id).public_id,
        "role": membership.role,
        "department": department.code if department else "",
        "enterprise": enterprise.credit_code if enterprise else "",
        "state": membership.state,
    }
    audit.record(actor, action, "membership", membership.public_id, after=state)
