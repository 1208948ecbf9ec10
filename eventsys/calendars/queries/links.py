"""Reads for the page of calendar links."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from eventsys.calendars.models import FeedLink
from eventsys.core.actor import Actor, Role
from eventsys.core.db import db
from eventsys.directory.models import Department, Enterprise, Park


def list_my_links(actor: Actor) -> Sequence[FeedLink]:
    """The actor's links in use, newest first."""
    query = select(FeedLink).where(FeedLink.person_id == actor.person, FeedLink.revoked_at.is_(None))
    query = query.options(joinedload(FeedLink.enterprise), joinedload(FeedLink.department))
    return db.session.scalars(query.order_by(FeedLink.id.desc())).all()


def find_my_link(public_id: str, actor: Actor) -> FeedLink | None:
    """The actor's own link; None when there is none, or it is somebody else's."""
    query = select(FeedLink).where(FeedLink.public_id == public_id, FeedLink.person_id == actor.person)
    return db.session.scalars(query).one_or_none()


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


def list_public_sets() -> tuple[Sequence[Department], Sequence[Park]]:
    """The departments and parks that have a public calendar."""
    departments = select(Department).where(Department.active).order_by(Department.code)
    parks = select(Park).where(Park.active).order_by(Park.id)
    return db.session.scalars(departments).all(), db.session.scalars(parks).all()
