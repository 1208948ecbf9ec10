"""Photos in the record of a visit: added from the phone, shown small, taken out again."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from eventsys.checkin.queries import find_record
from eventsys.checkin.queries.visits import get_photo
from eventsys.checkin.rules import PHOTO_BYTES_MAX
from eventsys.checkin.services import add_photo, remove_photo
from eventsys.checkin.views.blueprint import bp
from eventsys.checkin.views.visits import get_visit, record_page
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, requires
from eventsys.web.pictures import shrink

BODY_MAX = 3 * PHOTO_BYTES_MAX  # as they come from a camera; the page makes them small before they are sent
FIELD = "photos"


@bp.url_value_preprocessor
def allow_photos(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the one upload be larger than other bodies; the CSRF check reads it before the view."""
    if endpoint == "checkin.upload_photos":
        request.max_content_length = BODY_MAX


@bp.post("/bookings/<public_id>/record/photos")
@requires(Permission.CHECK_IN)
def upload_photos(public_id: str) -> Response:
    """Keep the photos sent, each made small first; the ones before a refused one are kept."""
    booking = get_visit(public_id)
    if find_record(booking.id) is None:
        raise NotFound()
    kept = 0
    try:
        sent = [file for file in request.files.getlist(FIELD) if file.filename]
        if not sent:
            raise Invalid("required", field=FIELD)
        for file in sent:
            content = file.stream.read(PHOTO_BYTES_MAX + 1)
            if len(content) > PHOTO_BYTES_MAX:
                raise Invalid("photo_too_large", field=FIELD, megabytes=PHOTO_BYTES_MAX // 1024**2)
            small = shrink(content, FIELD)
            with unit_of_work():
                add_photo(public_id, *small, actor=current_actor())
            kept += 1
    except NotFound:
        raise
    except Refusal as error:
        return record_page(get_visit(public_id), error=error)
    flash(ngettext("%(num)s photo is kept.", "%(num)s photos are kept.", kept), "success")
    return redirect(url_for("checkin.record", public_id=public_id), 303)


@bp.get("/bookings/<public_id>/record/photos/<photo>")
@requires(Permission.CHECK_IN)
def photo(public_id: str, photo: str) -> FlaskResponse:
    """The photo."""
    found = get_photo(get_visit(public_id).id, photo)
    answer = FlaskResponse(found.content, content_type="image/jpeg")
    answer.headers["Cache-Control"] = "private, max-age=86400, immutable"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@bp.post("/bookings/<public_id>/record/photos/<photo>/remove")
@requires(Permission.CHECK_IN)
def drop_photo(public_id: str, photo: str) -> Response:
    """Take a photo out; a second press finds it gone."""
    with unit_of_work():
        remove_photo(public_id, photo, actor=current_actor())
    return redirect(url_for("checkin.record", public_id=public_id), 303)
