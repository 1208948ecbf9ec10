"""The set behind a feed's address, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select

from eventsys.accounts.models import Person
from eventsys.calendars.events import Named
from eventsys.calendars.models import FeedLink
from eventsys.calendars.rules import SET_NAME, TOKEN
from eventsys.core.actor import Role
from eventsys.core.db import db
from eventsys.core.ids import is_public_id
from eventsys.core.tokens import hash_token
from eventsys.directory.models import Department, District, Enterprise, Membership, Park, Staff
from eventsys.directory.rules import MembershipState


class FeedKind(StrEnum):
    """Whose calendar it is. A desk is a department's own: hidden slots too, as for somebody of its staff."""

    ALL = "all"
    DEPARTMENT = "department"
    PARK = "park"
    ENTERPRISE = "enterprise"
    DESK = "desk"
    STAFF = "staff"


PRIVATE = (FeedKind.ENTERPRISE, FeedKind.DESK, FeedKind.STAFF)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's set as it stands: what decides whether a client has seen it all. `key` is the set's primary key."""

    kind: FeedKind
    key: int
    public_id: str
    revision: int
    changed_at: datetime
    name: Named
    colour: int = 1
    link: int | None = None
    last_fetched_at: datetime | None = None
    drops_cancelled: bool = False

    @property
    def is_private(self) -> bool:
        """Whether only who has the link may read it."""
        return self.kind in PRIVATE


def find_district_feed() -> Feed | None:
    """The calendar of everything public."""
    row = db.session.execute(select(*_set_of(District), District.name, District.name_en)).first()
    return Feed(FeedKind.ALL, 1, "", row[1], row[2], Named(row.name, row.name_en)) if row else None


def find_department_feed(name: str) -> Feed | None:
    """The public calendar of the department with this public id or code."""
    if not SET_NAME.fullmatch(name):
        return None
    row = db.session.execute(
        select(*_set_of(Department), Department.public_id, Department.name, Department.name_en, Department.colour)
        .where(or_(Department.public_id == name, Department.code == name))
        .order_by(case((Department.public_id == name, 0), else_=1))
        .limit(1)
    ).first()
    if row is None:
        return None
    return Feed(FeedKind.DEPARTMENT, row[0], row.public_id, row[1], row[2], Named(row.name, row.name_en), row.colour)


def find_park_feed(public_id: str) -> Feed | None:
    """The public calendar of what is held in the park."""
    if not is_public_id(public_id):
        return None
    row = db.session.execute(
        select(*_set_of(Park), Park.public_id, Park.name, Park.name_en).where(Park.public_id == public_id)
    ).first()
    return Feed(FeedKind.PARK, row[0], row.public_id, row[1], row[2], Named(row.name, row.name_en)) if row else None


def find_private_feed(token: str) -> Feed | None:
    """The calendar behind a private link that is in use; None for a malformed, unknown or revoked token, and once
    whoever made the link may not see the organisation's calendar any more."""
    if not TOKEN.fullmatch(token):
        return None
    row = db.session.execute(
        select(
            FeedLink,
            *_set_of(Enterprise),
            Enterprise.name,
            Enterprise.name_en,
            *_set_of(Department),
            Department.name,
            Department.name_en,
            Department.colour,
            *_set_of(Staff),
            Staff.name,
        )
        .outerjoin(Enterprise, Enterprise.id == FeedLink.enterprise_id)
        .outerjoin(Department, Department.id == FeedLink.department_id)
        .outerjoin(Staff, Staff.id == FeedLink.staff_id)
        .where(
            FeedLink.token_hash == hash_token(token),
            FeedLink.revoked_at.is_(None),
            or_(_is_of_staff(), _maker_may_see()),
        )
    ).first()
    if row is None:
        return None
    link: FeedLink = row[0]
    kind, (key, revision, changed_at, name, name_en) = FeedKind.ENTERPRISE, row[1:6]
    if link.staff_id is not None:
        kind, (key, revision, changed_at, name, name_en) = FeedKind.STAFF, (*row[12:16], "")
    elif link.department_id is not None:
        kind, (key, revision, changed_at, name, name_en) = FeedKind.DESK, row[6:11]
    return Feed(
        kind,
        key,
        link.public_id,
        revision,
        changed_at,
        Named(name, name_en),
        row.colour or 1,
        link.id,
        link.last_fetched_at,
        link.drops_cancelled,
    )


def _set_of(model: Any) -> tuple[Any, ...]:
    return model.id, model.feed_revision, model.feed_changed_at


def _is_of_staff() -> ColumnElement[bool]:
    """Whether the link is to the calendar of somebody who is in service, whoever made it for them."""
    return and_(FeedLink.staff_id.is_not(None), Staff.active, Department.active)


def _maker_may_see() -> ColumnElement[bool]:
    """Whether the link's person still has what Permission.SEE_FEED asks for, in the database's words."""
    everywhere = and_(
        Membership.department_id.is_(None),
        Membership.role.in_((Role.CLERK, Role.STEWARD, Role.COORDINATOR, Role.AUDITOR)),
    )
    at_desk = and_(Membership.department_id == FeedLink.department_id, Membership.role.in_((Role.CLERK, Role.STEWARD)))
    return FeedLink.staff_id.is_(None) & (
        exists()
        .where(
            Membership.person_id == FeedLink.person_id,
            Membership.state == MembershipState.ACTIVE,
            Person.id == FeedLink.person_id,
            Person.active,
            or_(Membership.enterprise_id == FeedLink.enterprise_id, at_desk, everywhere),
            or_(Enterprise.id.is_(None), Enterprise.active),
            or_(Department.id.is_(None), Department.active),
        )
        .correlate(FeedLink, Enterprise, Department)
    )
