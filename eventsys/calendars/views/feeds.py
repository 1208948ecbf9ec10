"""The feeds themselves (FEEDS.md): a 304 before any event is read, the same bytes for the same state, no cookie."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import structlog
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from eventsys.calendars.bodies import Body, compress, find_body, keep_body
from eventsys.calendars.events import TEXT_VERSION
from eventsys.calendars.queries import (
    Feed,
    filter_from,
    find_private_feed,
    find_public_feed,
    get_event,
    heading_of,
    iter_events,
)
from eventsys.calendars.rules import Detail, Options, client_name, is_to_note
from eventsys.calendars.services import note_fetch
from eventsys.core.clock import now
from eventsys.core.db import Busy, unit_of_work
from eventsys.core.errors import NotFound
from eventsys.core.ical import CONTENT_TYPE, Calendar, calendar_bytes, calendar_lines
from eventsys.core.ids import is_public_id
from eventsys.core.installation import installation
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.rules import SlotState
from eventsys.web.guards import current_actor, public
from eventsys.web.locale import LOCALES

bp = Blueprint("feeds", __name__)
log = structlog.get_logger(__name__)

PUBLIC = "public, max-age=60"
PRIVATE = "private, no-cache"


@bp.get("/feeds/all.ics")
@public
def everything() -> Response:
    """Everything public."""
    return _public()


@bp.get("/feeds/departments/<name>.ics")
@public
def department(name: str) -> Response:
    """A department's public slots; `name` is its public id or code."""
    return _public(department=name)


@bp.get("/feeds/parks/<public_id>.ics")
@public
def park(public_id: str) -> Response:
    """Public slots held in a park."""
    return _public(park=public_id)


@bp.get("/feeds/editions/<public_id>.ics")
@public
def edition(public_id: str) -> Response:
    """The public slots of an edition."""
    return _public(edition=public_id)


@bp.get("/feeds/topics/<topic>.ics")
@public
def topic(topic: str) -> Response:
    """The public slots of a topic: policy or service."""
    return _public(topic=topic)


@bp.get("/feeds/slots.ics")
@public
def slots() -> Response:
    """The public slots that fit the filters of the home page, as arguments of the address."""
    return _public(**request.args.to_dict())


@bp.get("/feeds/private/<path:token>.ics")
@public
def private(token: str) -> Response:
    """The calendar behind a private link. Malformed, unknown and revoked tokens answer alike."""
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
    tag = _tag(_digest(found.public_id, found.sequence, found.version, found.changed_at))
    headers = {"Cache-Control": "private, no-store" if found.is_hidden else PUBLIC}
    if _is_known(tag, found.changed_at):
        return _conditional(Response(status=304), tag, found.changed_at, headers)
    body = calendar_bytes(Calendar(installation().zone), [get_event(found)])
    answer = _streamed(compress([body]), f"{found.public_id}.ics")
    return _conditional(answer, tag, found.changed_at, headers)


def _public(**arguments: str) -> Response:
    try:
        return _answer(find_public_feed(filter_from(arguments), _options()))
    except NotFound:
        return _nothing()


def _options() -> Options:
    """What the address of a public feed asks for: `lang`, `detail` and `cancelled=drop`."""
    lang = request.args.get("lang", "")
    return Options(
        Detail.BRIEF if request.args.get("detail") == Detail.BRIEF else Detail.FULL,
        lang if lang in LOCALES else "",
        request.args.get("cancelled") == "drop",
    )


def _answer(feed: Feed | None) -> Response:
    if feed is None:
        return _nothing()
    state = _digest(feed.identity, feed.state, feed.changed_at.isoformat(), feed.names, feed.colour, feed.options)
    tag = _tag(state)
    headers = {"Cache-Control": PUBLIC}
    if feed.link is not None:
        headers = {"Cache-Control": PRIVATE, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
    if _is_known(tag, feed.changed_at if feed.is_timed else None):
        answer = Response(status=304)
    else:
        answer = _streamed(_body(feed, state), f"{feed.kind or 'slots'}.ics")
    if feed.link is not None:
        _note_afterwards(answer, feed.link, feed.clients)
    return _conditional(answer, tag, feed.changed_at, headers)


def _body(feed: Feed, state: str) -> Body:
    identity = (feed.identity, feed.options)
    body = find_body(identity, state)
    if body is None:
        heading = heading_of(feed)
        calendar = Calendar(installation().zone, heading.name, heading.description, heading.url, heading.color)
        body = compress(calendar_lines(calendar, iter_events(feed)))
        keep_body(identity, state, body)
    return body


def _digest(*state: Any) -> str:
    """What stands for a text: what it shows, and whatever else of the installation it depends on."""
    config = installation()
    variant = (TEXT_VERSION, config.locale, config.time_zone, config.base_url)
    return hashlib.sha256(repr((*state, *variant)).encode()).hexdigest()[:24]


def _tag(state: str) -> str:
    """The strong validator of a text in the representation the client accepts."""
    return f"{state}-gz" if _accepts_gzip() else state


def _accepts_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0


def _is_known(tag: str, changed_at: datetime | None) -> bool:
    """Whether the client has this state (RFC 9110, 13.2.2). If-Modified-Since counts only as the very value we gave:
    no two states share it, whereas a client's own clock could hide a change of the same second."""
    if "If-None-Match" in request.headers:
        known = request.if_none_match
        return known.star_tag or known.contains_weak(tag)
    return changed_at is not None and request.if_modified_since == changed_at.replace(microsecond=0)


def _streamed(body: Body, filename: str) -> Response:
    """The body in the representation the client accepts, in pieces, its length known."""
    if _accepts_gzip():
        answer = Response(body.gzip(), content_type=CONTENT_TYPE)
        answer.headers["Content-Encoding"] = "gzip"
        answer.content_length = body.size
    else:
        answer = Response(body.text(), content_type=CONTENT_TYPE)
        answer.content_length = body.length
    answer.call_on_close(body.file.close)  # nobody reads it for HEAD
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


def _note_afterwards(answer: Response, link: int, clients: dict[str, str]) -> None:
    """Remember who fetched the link once the answer is out; that it fails harms nobody."""
    client = client_name(request.user_agent.string)
    if request.method != "GET" or not is_to_note(clients, client, now()):
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def note() -> None:
        with app.app_context():
            try:
                with unit_of_work():
                    note_fetch(link, client)
            except (Busy, SQLAlchemyError) as error:
                log.warning("fetch_not_noted", error=type(error).__name__)

    answer.call_on_close(note)
