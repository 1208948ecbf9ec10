"""The set behind a feed's address, in one indexed statement: enough to answer 304 before any event is read.

The statements are built once a process and run on a connection of their own: a client that has it all pays for no
session, no entity and no building of SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, case, exists, func, or_, select

from eventsys.accounts.models import Person
from eventsys.calendars.events import Named
from eventsys.calendars.models import FeedLink
from eventsys.calendars.queries.filters import arguments_of, read_filter
from eventsys.calendars.rules import PLAIN, SET_NAME, TOKEN, LinkKind, Options, counts_since
from eventsys.core.actor import Role
from eventsys.core.clock import now
from eventsys.core.db import read
from eventsys.core.tokens import hash_token
from eventsys.core.types import UtcDateTime
from eventsys.directory.models import Department, District, Enterprise, Membership, Park, Staff
from eventsys.directory.rules import MembershipState
from eventsys.slots.models import Edition, Series, Slot, slot_departments
from eventsys.slots.queries import SlotFilter

COUNTED = (LinkKind.DESK, LinkKind.STEWARD)  # they show the numbers booked


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's set as it stands. `identity` names it for ever, `state` differs whenever its text may; `is_timed` when
    `changed_at` does so too. `kind` is None for what is public, narrowed to `wanted`; else `key` is the owner's
    primary key. `names` are those of the heading."""

    identity: str
    state: str
    changed_at: datetime
    names: tuple[Named, ...]
    colour: int = 1
    kind: LinkKind | None = None
    key: int = 0
    wanted: SlotFilter = field(default_factory=SlotFilter)
    options: Options = PLAIN
    link: int | None = None
    clients: dict[str, str] = field(default_factory=dict)
    is_timed: bool = True


def find_public_feed(wanted: SlotFilter, options: Options = PLAIN) -> Feed | None:
    """The calendar of the public slots that fit; None when the department, park or edition named does not exist.

    Its revision is that of the narrowest set that holds them all: the department's, the park's, the district's.
    """
    named = {"department": wanted.department, "park": wanted.park, "edition": wanted.edition}
    if not all(SET_NAME.fullmatch(name) for name in named.values() if name):
        return None
    rows = read(_public(*(bool(name) for name in named.values())), {key: name for key, name in named.items() if name})
    if not rows:
        return None
    row = rows[0]
    if wanted.department:
        wanted = replace(wanted, department=row.department_id)  # it may have been named by its code
    identity = urlencode(arguments_of(wanted))
    names = [Named(row.name, row.name_en)]
    if wanted.department:
        names.append(Named(row.department, row.department_en))
    if wanted.park:
        names.append(Named(row.park, row.park_en))
    if wanted.edition:
        names.append(Named(f"{row.series}第{row.number}期", f"{row.series_en or row.series} {row.number}"))
    colour = row.colour if wanted.department else 1
    return Feed(
        identity,
        f"{row.key}:{row.revision}",
        row.changed_at,
        tuple(names),
        colour,
        wanted=wanted,
        options=options,
        is_timed=not wanted.edition,  # an edition may get another name, of which no set knows
    )


def find_private_feed(token: str) -> Feed | None:
    """The calendar behind a private link that is in use; None for a malformed, unknown or revoked token, and once
    whoever made the link may not see the organisation's calendar any more."""
    if not TOKEN.fullmatch(token):
        return None
    since = counts_since(now())
    rows = read(_private(), {"token_hash": hash_token(token), "since": since})
    if not rows:
        return None
    row = rows[0]
    options = Options(row.detail, row.locale, row.drops_cancelled)
    if row.kind is LinkKind.FILTER:
        feed = find_public_feed(read_filter(row.filter), options)
        own = {"identity": row.public_id, "kind": row.kind, "link": row.id, "clients": row.clients}
        return replace(feed, **own, is_timed=feed.is_timed and not row.is_changed) if feed else None
    is_counted = row.kind in COUNTED
    counts = f":{row.counts}:{since:%Y%m}" if is_counted else ""
    return Feed(
        row.public_id,
        f"{row.revision}{counts}",
        max(row.changed_at, row.counted_at or row.changed_at) if is_counted else row.changed_at,
        (Named(row.name, row.name_en or ""),),
        row.colour or 1,
        row.kind,
        row.key,
        options=options,
        link=row.id,
        clients=row.clients,
        is_timed=not (is_counted or row.is_changed),
    )


@cache
def _public(by_department: bool, by_park: bool, by_edition: bool) -> Select[*tuple[Any, ...]]:
    owner: Any = Department if by_department else Park if by_park else District
    query: Select[*tuple[Any, ...]] = select(
        owner.id.label("key"),
        owner.feed_revision.label("revision"),
        owner.feed_changed_at.label("changed_at"),
        District.name,
        District.name_en,
    ).select_from(District)
    if by_department:
        name: ColumnElement[str] = bindparam("department", type_=String())
        query = query.add_columns(
            Department.public_id.label("department_id"),
            Department.name.label("department"),
            Department.name_en.label("department_en"),
            Department.colour,
        )
        query = query.join(Department, or_(Department.public_id == name, Department.code == name))
        query = query.order_by(case((Department.public_id == name, 0), else_=1)).limit(1)
    if by_park:
        query = query.add_columns(Park.name.label("park"), Park.name_en.label("park_en"))
        query = query.join(Park, Park.public_id == bindparam("park"))
    if by_edition:
        query = query.add_columns(Series.name.label("series"), Series.name_en.label("series_en"), Edition.number)
        query = query.join(Edition, Edition.public_id == bindparam("edition"))
        query = query.join(Series, Series.id == Edition.series_id)
    return query


@cache
def _private() -> Select[*tuple[Any, ...]]:
    """The link's owner is the staff member where there is one, else the department, else the enterprise."""
    is_counted = FeedLink.kind.in_(COUNTED)
    supported = select(slot_departments.c.slot_id).where(slot_departments.c.department_id == FeedLink.department_id)
    of_desk = and_(
        or_(Slot.department_id == FeedLink.department_id, Slot.id.in_(supported)),
        Slot.starts_at >= bindparam("since", type_=UtcDateTime()),
    )
    counts = select(func.coalesce(func.sum(Slot.counts_revision), 0)).where(of_desk).scalar_subquery()
    counted_at = select(func.max(Slot.counted_at)).where(of_desk).scalar_subquery()
    return (
        select(
            FeedLink.id,
            FeedLink.public_id,
            FeedLink.kind,
            FeedLink.filter,
            FeedLink.detail,
            FeedLink.locale,
            FeedLink.drops_cancelled,
            FeedLink.clients,
            FeedLink.changed_at.is_not(None).label("is_changed"),  # its owner's choice, at a time no set knows
            func.coalesce(Staff.id, Department.id, Enterprise.id).label("key"),
            func.coalesce(Staff.feed_revision, Department.feed_revision, Enterprise.feed_revision).label("revision"),
            _owned(Staff.feed_changed_at, Department.feed_changed_at, Enterprise.feed_changed_at).label("changed_at"),
            func.coalesce(Staff.name, Department.name, Enterprise.name).label("name"),
            case((Staff.id.is_not(None), ""), else_=func.coalesce(Department.name_en, Enterprise.name_en)).label(
                "name_en"
            ),
            Department.colour,
            case((is_counted, counts)).label("counts"),
            case((is_counted, counted_at)).label("counted_at"),
        )
        .outerjoin(Enterprise, Enterprise.id == FeedLink.enterprise_id)
        .outerjoin(Department, Department.id == FeedLink.department_id)
        .outerjoin(Staff, Staff.id == FeedLink.staff_id)
        .where(
            FeedLink.token_hash == bindparam("token_hash"),
            FeedLink.revoked_at.is_(None),
            or_(_is_of_staff(), _maker_may_see()),
        )
    )


def _owned(*instants: Any) -> ColumnElement[datetime]:
    return func.coalesce(*instants, type_=UtcDateTime())


def _is_of_staff() -> ColumnElement[bool]:
    """Whether the link is to the calendar of somebody who is in service, whoever made it for them."""
    return and_(FeedLink.staff_id.is_not(None), Staff.active, Department.active)


def _maker_may_see() -> ColumnElement[bool]:
    """Whether the link's person still has what Permission.SEE_FEED asks for, in the database's words; of what is
    public, whether there still is such a person."""
    everywhere = and_(
        Membership.department_id.is_(None),
        Membership.role.in_((Role.CLERK, Role.STEWARD, Role.COORDINATOR, Role.AUDITOR)),
    )
    at_desk = and_(Membership.department_id == FeedLink.department_id, Membership.role.in_((Role.CLERK, Role.STEWARD)))
    is_member = exists().where(
        Membership.person_id == FeedLink.person_id,
        Membership.state == MembershipState.ACTIVE,
        or_(Membership.enterprise_id == FeedLink.enterprise_id, at_desk, everywhere),
        or_(Enterprise.id.is_(None), Enterprise.active),
        or_(Department.id.is_(None), Department.active),
    )
    is_there = exists().where(Person.id == FeedLink.person_id, Person.active)
    return and_(
        FeedLink.staff_id.is_(None),
        is_there.correlate(FeedLink),
        or_(FeedLink.kind == LinkKind.FILTER, is_member.correlate(FeedLink, Enterprise, Department)),
    )
