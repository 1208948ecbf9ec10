"""Whom a message about an organisation goes to."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from eventsys.accounts.models import Person
from eventsys.core.actor import Role
from eventsys.core.db import db
from eventsys.directory.models import Membership
from eventsys.directory.rules import MembershipState
from eventsys.notifications.services import Recipient


def contacts_of(enterprise: int) -> list[Recipient]:
    """Every active contact of the enterprise."""
    return recipients(Membership.enterprise_id == enterprise, Membership.role == Role.CONTACT)


def clerks_of(department: int) -> list[Recipient]:
    """The clerks of a department."""
    return recipients(Membership.role == Role.CLERK, Membership.department_id == department)


def coordinators() -> list[Recipient]:
    """The coordinators of the district."""
    return recipients(Membership.role == Role.COORDINATOR, Membership.department_id.is_(None))


def recipients(*where: ColumnElement[bool]) -> list[Recipient]:
    """The active people with a live membership that fits."""
    rows = db.session.execute(
        select(Person.id, Person.email, Person.locale)
        .join(Membership, Membership.person_id == Person.id)
        .where(*where, Membership.state == MembershipState.ACTIVE, Person.active)
        .order_by(Person.id)
    )
    return [Recipient(row.id, row.email, row.locale) for row in rows]
