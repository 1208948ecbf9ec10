"""Those who visit an enterprise scan its code: they are here, and later they leave."""

from __future__ import annotations

import re

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from eventsys.bookings.queries.visit_links import TEAM, find_visit
from eventsys.checkin.queries import find_record
from eventsys.checkin.services import confirm_by_code, leave_by_code
from eventsys.checkin.views.blueprint import bp
from eventsys.checkin.views.visits import door_of_visit
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public
from eventsys.web.headers import unlisted
from eventsys.web.wording import sentence


@bp.get("/w/<token>")
@public
def visit_team(token: str) -> Response:
    """What the code is for; looking changes nothing."""
    return _page(token)


@bp.post("/w/<token>")
@public
def confirm_arrival(token: str) -> Response:
    """They are here, and say who they are."""
    others = re.split(r"[\n,，、;；]", request.form.get("others", ""))
    names = tuple(name.strip() for name in [*request.form.getlist("team"), *others] if name.strip())
    try:
        with unit_of_work():
            confirm_by_code(token, names, request.form.get("reason", ""), actor=current_actor())
    except NotFound:
        return _page(token)
    except Refusal as error:
        return _page(token, error)
    return redirect(url_for("checkin.visit_team", token=token), 303)


@bp.post("/w/<token>/leave")
@public
def confirm_departure(token: str) -> Response:
    """They leave."""
    with unit_of_work():
        leave_by_code(token, actor=current_actor())
    return redirect(url_for("checkin.visit_team", token=token), 303)


def _page(token: str, error: Refusal | None = None) -> Response:
    booking = find_visit(token, TEAM)
    page = render_template(
        "checkin/visit_team.html",
        token=token,
        booking=booking,
        record=find_record(booking.id) if booking else None,
        typed=request.form,
        ticked=request.form.getlist("team"),
        refused=sentence(error.code, error.fields) if error else "",
        **door_of_visit(booking),
    )
    return unlisted(make_response(page, 404 if booking is None else status_of(error) if error else 200))
