"""The JSON API: the features' operations under /api/v1, their description and its page."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_wtf import CSRFProtect

from eventsys.api.openapi import describe
from eventsys.bookings.api import bp as bookings
from eventsys.bookings.api import slots_bp as slot
from eventsys.checkin.api import bp as checkin
from eventsys.directory.api import bp as directory
from eventsys.slots.api import bp as slots
from eventsys.web.guards import public
from eventsys.web.parsing import read_body

OPERATIONS = (directory, slots, slot, bookings, checkin)

bp = Blueprint("api", __name__, url_prefix="/api/v1")


def init_api(app: APIFlask, csrf: CSRFProtect) -> None:
    """Mount the operations. Bearer tokens count here and cookies do not, so CSRF cannot happen."""
    for operations in OPERATIONS:
        app.register_blueprint(operations)
        csrf.exempt(operations)
        app.before_request_funcs.setdefault(operations.name, []).append(read_body)
    app.register_blueprint(bp)
    describe(app)


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    """The description of every operation (OpenAPI 3.1)."""
    app: APIFlask = current_app  # type: ignore[assignment]
    known = app.extensions.get("eventsys-openapi")
    if known is None:
        known = app.extensions["eventsys-openapi"] = app.spec
    answer = jsonify(known)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@bp.get("/docs")
@public
def docs() -> str:
    """The description as a page to read and try."""
    return render_template("api/docs.html")
