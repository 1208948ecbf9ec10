"""Arrivals as they happen, at the desk and on a wall."""

from __future__ import annotations

from flask import Flask, current_app, make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from eventsys.checkin.queries import get_slot_at_door, live, live_revision
from eventsys.checkin.views.blueprint import bp
from eventsys.core.db import db
from eventsys.core.errors import TooMany
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.web.guards import current_actor, requires
from eventsys.web.streams import Watcher


@bp.get("/slots/<public_id>/live")
@requires(Permission.SEE_ROSTER)
def arrivals(public_id: str) -> str:
    """The page; it asks for what is on it every two seconds. On a wall (`wall=1`) it names enterprises, no people."""
    slot = _slot(public_id)
    return render_template("checkin/live.html", slot=slot, live=live(slot), is_wall=_is_wall())


@bp.get("/slots/<public_id>/live/now")
@requires(Permission.SEE_ROSTER)
def arrivals_now(public_id: str) -> Response:
    """What is on the page now, or that it is as before (304)."""
    slot = _slot(public_id)
    revision = live_revision(slot)
    if revision in request.if_none_match:
        answer = Response(status=304)
    else:
        answer = make_response(render_template("checkin/_live.html", slot=slot, live=live(slot), is_wall=_is_wall()))
    answer.set_etag(revision)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.update(("Cookie", "Accept-Language"))
    return answer


@bp.get("/slots/<public_id>/live/events")
@requires(Permission.SEE_ROSTER)
def arrivals_events(public_id: str) -> Response:
    """Server-sent events: `changed` when somebody came. 429 when there are too many; the page asks by itself then."""
    slot = _slot(public_id)
    stream = _watcher().stream(slot.public_id, live_revision(slot))
    if stream is None:
        raise TooMany("too_many", retry_after=60)
    answer = Response(stream, content_type="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy that gathers it would tell too late
    return answer


def _watcher() -> Watcher:
    """The watcher of this process."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def ask(public_id: str) -> str | None:
        try:
            with app.app_context():
                slot = db.session.scalars(select(Slot).where(Slot.public_id == public_id)).one_or_none()
                return live_revision(slot) if slot else None
        except SQLAlchemyError:  # the database is away: asked again in a second
            return None

    watcher: Watcher = app.extensions.setdefault("eventsys-live", Watcher(ask))
    return watcher


def _slot(public_id: str) -> Slot:
    return get_slot_at_door(public_id, current_actor())


def _is_wall() -> bool:
    return request.args.get("wall") == "1"
