"""Arrivals as they happen, at the desk and on a wall."""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from eventsys.checkin.queries import get_slot_at_door, live, live_revision
from eventsys.checkin.views.blueprint import bp
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.web.guards import current_actor, requires


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


def _slot(public_id: str) -> Slot:
    return get_slot_at_door(public_id, current_actor())


def _is_wall() -> bool:
    return request.args.get("wall") == "1"
