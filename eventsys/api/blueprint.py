"""The JSON API: the features' operations under /api/v1, their description and its page."""

from __future__ import annotations

import threading
from typing import Any

from apiflask import APIFlask
from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_wtf import CSRFProtect

from eventsys.api.openapi import describe
from eventsys.api.reference import groups_of, schemas_of
from eventsys.bookings.api import bp as bookings
from eventsys.bookings.api import slots_bp as slot
from eventsys.checkin.api import bp as checkin
from eventsys.directory.api import bp as directory
from eventsys.slots.api import bp as slots
from eventsys.web.guards import public
from eventsys.web.parsing import read_body

OPERATIONS = (directory, slots, slot, bookings, checkin)

bp = Blueprint("api", __name__, url_prefix="/api/v1")
_describing = threading.Lock()


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
    answer = jsonify(_description())
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@bp.get("/docs")
@public
def docs() -> str:
    """The description as a page to read."""
    spec = _description()
    return render_template(
        "api/docs.html", groups=groups_of(spec), schemas=schemas_of(spec), base_url=spec["servers"][0]["url"]
    )


def _description() -> dict[str, Any]:
    """The OpenAPI document, made once."""
    app: APIFlask = current_app  # type: ignore[assignment]
    with _describing:
        if "eventsys-openapi" not in app.extensions:
            app.extensions["eventsys-openapi"] = app.spec
    known: dict[str, Any] = app.extensions["eventsys-openapi"]
    return known
