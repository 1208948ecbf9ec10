"""Reads of the people who come for a department."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from eventsys.accounts.models import Person
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.directory.models import Membership, Staff
from eventsys.directory.rules import MembershipState


def list_staff(department: int, *, include_inactive: bool = False) -> Sequence[Staff]:
    """The staff of a department (a primary key), by name."""
    query = select(Staff).where(Staff.department_id == department)
    if not include_inactive:
        query = query.where(Staff.active)
    return db.session.scalars(query.options(joinedload(Staff.person)).order_by(Staff.name, Staff.id)).all()


def all_staff(kept: Collection[int] = ()) -> Sequence[Staff]:
    """Everybody in service with their departments, and those `kept` (primary keys) who are not any more."""
    query = select(Staff).where(Staff.active | Staff.id.in_(kept)).options(joinedload(Staff.department))
    return db.session.scalars(query.order_by(Staff.department_id, Staff.name, Staff.id)).all()


def get_staff(public_id: str) -> Staff:
    """By public id with department and account, or NotFound."""
    query = select(Staff).options(joinedload(Staff.department), joinedload(Staff.person))
    row = db.session.scalars(query.where(Staff.public_id == public_id)).first()
    if row is None:
        raise NotFound
    return row


def list_own_staff(actor: Actor) -> Sequence[Staff]:
    """As whom the actor comes to slots, in service, with their departments."""
    if actor.person is None:
        return []
    query = select(Staff).where(Staff.person_id == actor.person, Staff.active).options(joinedload(Staff.department))
    return db.session.scalars(query.order_by(Staff.id)).all()


def list_accounts(department: int) -> Sequence[Person]:
    """The people with a role in a department (a primary key), by name."""
    own = select(Membership.person_id).where(
        Membership.department_id == department, Membership.state == MembershipState.ACTIVE
    )
    query = select(Person).where(Person.id.in_(own), Person.active)
    return db.session.scalars(query.order_by(Person.name, Person.id)).all()
