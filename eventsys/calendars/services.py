"""The verbs of private calendar links."""

from __future__ import annotations

from sqlalchemy import func, or_, select, update

from eventsys.calendars.models import FeedLink
from eventsys.calendars.queries import find_my_link
from eventsys.calendars.rules import (
    FETCH_NOTED_EVERY,
    LINKS_MAX,
    STAFF_LINKS_MAX,
    NewFeedLink,
    clean_client,
    clean_purpose,
)
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, is_allowed
from eventsys.core.tokens import hash_token, new_token
from eventsys.directory.models import Department, Enterprise, Staff


def create_feed_link(command: NewFeedLink, *, actor: Actor) -> tuple[FeedLink, str]:
    """A new link and its token, which is shown once and stored only as a hash. NotFound for an organisation that is
    not the actor's."""
    if actor.person is None:
        raise NotAllowed()
    if [command.enterprise, command.department, command.staff].count(None) != 2:
        raise Invalid("bad_choice", field="owner")
    department = _check_owner(command, actor)
    _check_number(command, actor.person)
    token = new_token()
    link = FeedLink(
        public_id=new_public_id(),
        purpose=clean_purpose(command.purpose),
        token_hash=hash_token(token),
        person_id=actor.person,
        enterprise_id=command.enterprise,
        department_id=department,
        staff_id=command.staff,
        drops_cancelled=command.drops_cancelled,
    )
    db.session.add(link)
    db.session.flush()
    audit.record(
        actor,
        "feed_link.created",
        "feed_link",
        link.public_id,
        after={
            "enterprise": link.enterprise_id,
            "department": link.department_id,
            "staff": link.staff_id,
            "purpose": link.purpose,
        },
    )
    return link, token


def revoke_feed_link(public_id: str, *, actor: Actor) -> FeedLink:
    """End the actor's link at once; a second time changes nothing. NotFound for somebody else's."""
    link = find_my_link(public_id, actor)
    if link is None:
        raise NotFound()
    if link.revoked_at is None:
        link.revoked_at = now()
        audit.record(actor, "feed_link.revoked", "feed_link", link.public_id)
    return link


def note_fetch(link: int, client: str) -> None:
    """Remember that a client came by (primary key, User-Agent): at most hourly a link, and decided by the row, so
    that many at once write once."""
    at = now()
    since = FeedLink.last_fetched_at
    db.session.execute(
        update(FeedLink)
        .where(FeedLink.id == link, or_(since.is_(None), since <= at - FETCH_NOTED_EVERY))
        .values(last_fetched_at=at, last_client=clean_client(client))
        .execution_options(synchronize_session=False)
    )


def _check_owner(command: NewFeedLink, actor: Actor) -> int | None:
    """The department (a primary key) whose or whose staff's calendar it is; NotFound for what is not the actor's."""
    if command.staff is not None:
        member = db.session.get(Staff, command.staff)
        if member is None or not member.active or not may_have_calendar_of(member, actor):
            raise NotFound()
        return member.department_id
    owner = (
        db.session.get(Enterprise, command.enterprise)
        if command.enterprise is not None
        else db.session.get(Department, command.department)
    )
    if owner is None or not owner.active or not is_allowed(actor, Permission.SEE_FEED, owner.scope):
        raise NotFound()
    return command.department


def may_have_calendar_of(member: Staff, actor: Actor) -> bool:
    """Whether the calendar of somebody of the staff is the actor's: the own, or one the actor keeps for colleagues."""
    return member.person_id == actor.person or is_allowed(actor, Permission.MANAGE_STAFF, member.scope)


def _check_number(command: NewFeedLink, person: int) -> None:
    in_use = select(func.count()).where(FeedLink.revoked_at.is_(None))
    if command.staff is not None:
        own, limit = in_use.where(FeedLink.staff_id == command.staff), STAFF_LINKS_MAX
    else:
        own, limit = in_use.where(FeedLink.person_id == person, FeedLink.staff_id.is_(None)), LINKS_MAX
    if (db.session.scalar(own) or 0) >= limit:
        raise Conflict("too_many_links", limit=limit)
