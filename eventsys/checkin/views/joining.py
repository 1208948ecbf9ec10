"""The way into an online slot."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from eventsys.checkin.services import join_online
from eventsys.checkin.views.blueprint import bp
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict
from eventsys.web.guards import public
from eventsys.web.wording import sentence


@bp.post("/t/<code>/join")
@public
def join(code: str) -> Response:
    """Go to where the slot is held; the ticket's page says why when that does not work."""
    try:
        with unit_of_work():
            address = join_online(code)
    except Conflict as refused:
        flash(sentence(refused.code, refused.fields), "danger")
        return redirect(url_for("bookings.ticket", code=code), 303)
    answer = redirect(address, 303)
    answer.headers["Referrer-Policy"] = "no-referrer"  # the address of a ticket is its secret
    return answer
