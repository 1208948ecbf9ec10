"""The verbs of private calendar links."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from eventsys.calendars.models import FeedLink
from eventsys.calendars.queries import find_my_link, find_public_feed, get_my_link, read_filter
from eventsys.calendars.rules import (
    LINKS_MAX,
    STAFF_LINKS_MAX,
    NewFeedLink,
    Options,
    clean_purpose,
    is_to_note,
    with_visit,
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
    if command.kind is None:
        raise Invalid("bad_choice", field="owner")
    department = _check_owner(command, actor)
    _check_number(command, actor.person)
    token = new_token()
    link = FeedLink(
        public_id=new_public_id(),
        kind=command.kind,
        purpose=clean_purpose(command.purpose),
        token_hash=hash_token(token),
        person_id=actor.person,
        enterprise_id=command.enterprise,
        department_id=department,
        staff_id=command.staff,
        filter=command.filter,
        detail=command.options.detail,
        locale=command.options.locale,
        drops_cancelled=command.options.drops_cancelled,
    )
    db.session.add(link)
    db.session.flush()
    audit.record(actor, "feed_link.created", "feed_link", link.public_id, after=_described(link))
    return link, token


def change_feed_link(public_id: str, purpose: str, options: Options, *, actor: Actor) -> FeedLink:
    """What the actor's link is for and says from now on; its address stays. NotFound for somebody else's."""
    link = get_my_link(public_id, actor)
    before = _described(link)
    link.purpose, link.detail = clean_purpose(purpose), options.detail
    link.locale, link.drops_cancelled, link.changed_at = options.locale, options.drops_cancelled, now()
    audit.record(actor, "feed_link.changed", "feed_link", link.public_id, before=before, after=_described(link))
    return link


def renew_feed_link(public_id: str, *, actor: Actor) -> tuple[FeedLink, str]:
    """A new token for the actor's link; the old one is dead at once. NotFound for somebody else's."""
    link, token = get_my_link(public_id, actor), new_token()
    link.token_hash, link.renewed_at, link.clients = hash_token(token), now(), {}
    audit.record(actor, "feed_link.renewed", "feed_link", link.public_id)
    return link, token


def _described(link: FeedLink) -> dict[str, Any]:
    names = ("kind", "enterprise_id", "department_id", "staff_id", "filter", "purpose", "detail", "locale")
    return {name: getattr(link, name) for name in (*names, "drops_cancelled")}


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
    """Remember that a client (by its name) came by: at most hourly a link and client, however many come at once."""
    query = select(FeedLink).where(FeedLink.id == link).with_for_update()
    row = db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if row is not None and is_to_note(row.clients, client, now()):
        row.clients = with_visit(row.clients, client, now())


def _check_owner(command: NewFeedLink, actor: Actor) -> int | None:
    """The department (a primary key) whose or whose staff's calendar it is; NotFound for what is not the actor's."""
    if command.filter:
        if find_public_feed(read_filter(command.filter)) is None:
            raise NotFound()
        return None
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
