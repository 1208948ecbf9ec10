"""Reads for the page of calendar links."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from eventsys.calendars.models import BusyCalendar, FeedLink
from eventsys.core.actor import Actor, Role
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.directory.models import Department, Enterprise, Park, Staff
from eventsys.slots.models import Edition

EDITIONS = 3


def list_my_links(actor: Actor) -> Sequence[FeedLink]:
    """The links in use that are the actor's, newest first: those they made, and those of the staff they keep."""
    query = select(FeedLink).where(_is_mine(actor), FeedLink.revoked_at.is_(None))
    owners = (joinedload(FeedLink.enterprise), joinedload(FeedLink.department), joinedload(FeedLink.staff))
    query = query.options(*owners)
    return db.session.scalars(query.order_by(FeedLink.id.desc())).all()


def find_my_link(public_id: str, actor: Actor) -> FeedLink | None:
    """The actor's own link; None when there is none, or it is somebody else's."""
    query = select(FeedLink).where(FeedLink.public_id == public_id, _is_mine(actor))
    return db.session.scalars(query).one_or_none()


def get_my_link(public_id: str, actor: Actor) -> FeedLink:
    """The actor's own link that is in use; NotFound when there is none."""
    link = find_my_link(public_id, actor)
    if link is None or link.revoked_at is not None:
        raise NotFound()
    return link


def _is_mine(actor: Actor) -> ColumnElement[bool]:
    """Which links the actor may see and revoke."""
    own = select(Staff.id).where(Staff.person_id == actor.person)
    kept = and_(FeedLink.staff_id.is_not(None), FeedLink.department_id.in_(actor.departments(Role.CLERK)))
    return or_(FeedLink.person_id == actor.person, kept, FeedLink.staff_id.in_(own))


def list_staff_of(actor: Actor) -> Sequence[Staff]:
    """Whose calendars among the staff the actor may have: the own, and those of the departments they are clerk of."""
    mine = or_(Staff.department_id.in_(actor.departments(Role.CLERK)), Staff.person_id == actor.person)
    query = select(Staff).where(Staff.active, mine).options(joinedload(Staff.department))
    return db.session.scalars(query.order_by(Staff.department_id, Staff.name, Staff.id)).all()


def list_busy_calendars(actor: Actor) -> Sequence[BusyCalendar]:
    """The calendars that are read of the staff whose calendars the actor may have, by person."""
    staff = [member.id for member in list_staff_of(actor)]
    query = select(BusyCalendar).join(Staff, Staff.id == BusyCalendar.staff_id).where(BusyCalendar.staff_id.in_(staff))
    query = query.options(contains_eager(BusyCalendar.staff).joinedload(Staff.department))
    return db.session.scalars(query.order_by(Staff.department_id, Staff.name, BusyCalendar.id)).all()


def list_organisations(actor: Actor) -> tuple[Sequence[Enterprise], Sequence[Department]]:
    """Whose private calendars the actor may have: enterprises and departments, by name."""
    enterprises = select(Enterprise).where(Enterprise.id.in_(actor.enterprises()), Enterprise.active)
    departments = select(Department).where(Department.active)
    district_wide = {Role.COORDINATOR, Role.AUDITOR, Role.CLERK, Role.STEWARD}
    if not any(grant.role in district_wide and grant.department is None for grant in actor.grants):
        departments = departments.where(Department.id.in_(actor.departments(Role.CLERK, Role.STEWARD)))
    return (
        db.session.scalars(enterprises.order_by(Enterprise.name)).all(),
        db.session.scalars(departments.order_by(Department.code)).all(),
    )


def list_public_sets() -> tuple[Sequence[Department], Sequence[Park], Sequence[Edition]]:
    """The departments, parks and latest editions that have a public calendar."""
    departments = select(Department).where(Department.active).order_by(Department.code)
    parks = select(Park).where(Park.active).order_by(Park.id)
    editions = select(Edition).where(Edition.published_at.is_not(None))
    editions = editions.order_by(Edition.starts_on.desc(), Edition.id.desc()).limit(EDITIONS)
    return db.session.scalars(departments).all(), db.session.scalars(parks).all(), db.session.scalars(editions).all()
