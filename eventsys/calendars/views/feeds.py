"""The feeds themselves (FEEDS.md): a 304 before any event is read, the same bytes for the same state, no cookie."""

from __future__ import annotations

import gzip
import hashlib
from datetime import datetime
from typing import Any

import structlog
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from eventsys.calendars.events import TEXT_VERSION, heading_of
from eventsys.calendars.queries import (
    Feed,
    find_department_feed,
    find_district_feed,
    find_park_feed,
    find_private_feed,
    get_event,
    list_events,
)
from eventsys.calendars.rules import FETCH_NOTED_EVERY
from eventsys.calendars.services import note_fetch
from eventsys.core.clock import now
from eventsys.core.db import Busy, unit_of_work
from eventsys.core.errors import NotFound
from eventsys.core.ical import CONTENT_TYPE, Calendar, calendar_bytes
from eventsys.core.ids import is_public_id
from eventsys.core.installation import installation
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.rules import SlotState
from eventsys.web.guards import current_actor, public

bp = Blueprint("feeds", __name__)
log = structlog.get_logger(__name__)

PUBLIC = "public, max-age=60"
PRIVATE = "private, no-cache"


@bp.get("/feeds/all.ics")
@public
def everything() -> Response:
    """Everything public."""
    return _answer(find_district_feed())


@bp.get("/feeds/departments/<name>.ics")
@public
def department(name: str) -> Response:
    """A department's public slots; `name` is its public id or code."""
    return _answer(find_department_feed(name))


@bp.get("/feeds/parks/<public_id>.ics")
@public
def park(public_id: str) -> Response:
    """Public slots held in a park."""
    return _answer(find_park_feed(public_id))


@bp.get("/feeds/private/<path:token>.ics")
@public
def private(token: str) -> Response:
    """An enterprise's or a department's own calendar. Malformed, unknown and revoked tokens answer alike."""
    return _answer(find_private_feed(token))


@bp.get("/slots/<public_id>.ics")
@public
def slot(public_id: str) -> Response:
    """One slot as a file of one event."""
    if not is_public_id(public_id):
        raise NotFound()
    found = get_visible_slot(public_id, current_actor())
    if found.state is SlotState.DRAFT:
        raise NotFound()
    tag = _tag(found.public_id, found.sequence, found.version, found.changed_at)
    headers = {"Cache-Control": "private, no-store" if found.is_hidden else PUBLIC}
    if _is_known(tag, found.changed_at):
        return _conditional(Response(status=304), tag, found.changed_at, headers)
    body = calendar_bytes(Calendar(installation().zone), [get_event(found)])
    return _conditional(_encoded(body, f"{found.public_id}.ics"), tag, found.changed_at, headers)


def _answer(feed: Feed | None) -> Response:
    if feed is None:
        return _nothing()
    tag = _tag(feed.kind.value, feed.public_id, feed.revision, feed.changed_at.isoformat(), feed.drops_cancelled)
    headers = {"Cache-Control": PUBLIC}
    if feed.is_private:
        headers = {"Cache-Control": PRIVATE, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
    if _is_known(tag, feed.changed_at):
        answer = Response(status=304)
    else:
        answer = _encoded(_body(feed), f"{feed.kind.value}.ics")
    if feed.link is not None:
        _note_afterwards(answer, feed.link, feed.last_fetched_at)
    return _conditional(answer, tag, feed.changed_at, headers)


def _body(feed: Feed) -> bytes:
    config = installation()
    heading = heading_of(feed.kind.value, feed.name, feed.public_id, feed.colour, config.locale, config.base_url)
    calendar = Calendar(config.zone, heading.name, heading.description, heading.url, heading.color)
    return calendar_bytes(calendar, list_events(feed))


def _tag(*state: Any) -> str:
    """The strong validator of this state in the representation the client accepts."""
    config = installation()
    variant = (TEXT_VERSION, config.locale, config.time_zone, config.base_url)
    digest = hashlib.sha256(repr((*state, *variant)).encode()).hexdigest()[:24]
    return f"{digest}-gz" if _accepts_gzip() else digest


def _accepts_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0


def _is_known(tag: str, changed_at: datetime) -> bool:
    """Whether the client has this state (RFC 9110, 13.2.2). If-Modified-Since counts only as the very value we gave:
    no two states share it, whereas a client's own clock could hide a change of the same second."""
    if "If-None-Match" in request.headers:
        known = request.if_none_match
        return known.star_tag or known.contains_weak(tag)
    return request.if_modified_since == changed_at.replace(microsecond=0)


def _encoded(body: bytes, filename: str) -> Response:
    answer = Response(content_type=CONTENT_TYPE)
    if _accepts_gzip():
        body = gzip.compress(body, compresslevel=6, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_data(body)
    answer.headers["Content-Disposition"] = f'inline; filename="{filename}"'
    return answer


def _conditional(answer: Response, tag: str, changed_at: datetime, headers: dict[str, str]) -> Response:
    answer.set_etag(tag)
    answer.last_modified = changed_at
    answer.headers.update(headers)
    answer.vary.add("Accept-Encoding")
    if answer.status_code == 304:
        answer.headers.pop("Content-Type", None)
    return answer


def _nothing() -> Response:
    """One plain answer for whatever is not there."""
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
    return Response("not found\n", 404, headers, content_type="text/plain; charset=utf-8")


def _note_afterwards(answer: Response, link: int, last: datetime | None) -> None:
    """Remember who fetched the link once the answer is out; that it fails harms nobody."""
    if request.method != "GET" or (last is not None and now() - last < FETCH_NOTED_EVERY):
        return
    app, client = current_app._get_current_object(), request.user_agent.string  # type: ignore[attr-defined]

    def note() -> None:
        with app.app_context():
            try:
                with unit_of_work():
                    note_fetch(link, client)
            except (Busy, SQLAlchemyError) as error:
                log.warning("fetch_not_noted", error=type(error).__name__)

    answer.call_on_close(note)
