"""Parks and places in the browser."""

from __future__ import annotations

from flask import redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.permissions import Permission
from eventsys.directory import services
from eventsys.directory.forms.organisations import ParkForm, PlaceForm, park_choices, park_values, place_values
from eventsys.directory.models import Park, Place
from eventsys.directory.queries import all_parks, get_park, get_place, list_parks, list_places
from eventsys.directory.views.blueprint import bp, form_page, list_page, say, switched
from eventsys.web.guards import current_actor, requires

Answer = str | Response | tuple[str, int]


@bp.get("/parks")
@requires(Permission.EDIT_ENTERPRISE)
def parks() -> str:
    """The list of parks."""
    return list_page("directory/parks.html", list_parks)


@bp.route("/parks/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ENTERPRISE)
def new_park() -> Answer:
    """Make a park."""
    form = ParkForm()
    return form_page(
        "directory/park.html",
        form,
        lambda: services.create_park(form.to_command(), actor=current_actor()),
        _park_saved,
        park=None,
    )


@bp.route("/parks/<public_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_ENTERPRISE)
def park(public_id: str) -> Answer:
    """Change a park."""
    row = get_park(public_id)
    form = ParkForm(data=park_values(row) | {"version": str(row.version)})
    return form_page(
        "directory/park.html",
        form,
        lambda: services.edit_park(public_id, form.to_command(), form.seen_version(), actor=current_actor()),
        _park_saved,
        present=lambda: park_values(get_park(public_id)),
        park=row,
    )


@bp.post("/parks/<public_id>/active")
@requires(Permission.EDIT_ENTERPRISE)
def switch_park(public_id: str) -> Response:
    """Disable or enable a park."""
    with unit_of_work():
        row = services.set_park_active(public_id, switched(), actor=current_actor())
    say(_("“%(name)s” is enabled.", name=row.name) if row.active else _("“%(name)s” is disabled.", name=row.name))
    return redirect(url_for("directory.park", public_id=public_id), 303)


@bp.get("/places")
@requires(Permission.EDIT_ENTERPRISE)
def places() -> str:
    """The list of places."""
    return list_page("directory/places.html", list_places)


@bp.route("/places/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ENTERPRISE)
def new_place() -> Answer:
    """Make a place."""
    form = PlaceForm()
    form.park.choices = park_choices(all_parks())
    return form_page(
        "directory/place.html",
        form,
        lambda: services.create_place(form.to_command(), actor=current_actor()),
        _place_saved,
        place=None,
    )


@bp.route("/places/<public_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_ENTERPRISE)
def place(public_id: str) -> Answer:
    """Change a place."""
    row = get_place(public_id)
    form = PlaceForm(data=place_values(row) | {"version": str(row.version)})
    form.park.choices = park_choices(all_parks(include_inactive=True), row.park)
    return form_page(
        "directory/place.html",
        form,
        lambda: services.edit_place(public_id, form.to_command(), form.seen_version(), actor=current_actor()),
        _place_saved,
        present=lambda: place_values(get_place(public_id)),
        place=row,
    )


@bp.post("/places/<public_id>/active")
@requires(Permission.EDIT_ENTERPRISE)
def switch_place(public_id: str) -> Response:
    """Disable or enable a place."""
    with unit_of_work():
        row = services.set_place_active(public_id, switched(), actor=current_actor())
    say(_("“%(name)s” is enabled.", name=row.name) if row.active else _("“%(name)s” is disabled.", name=row.name))
    return redirect(url_for("directory.place", public_id=public_id), 303)


def _park_saved(row: Park) -> str:
    say(_("“%(name)s” was saved.", name=row.name))
    return url_for("directory.parks")


def _place_saved(row: Place) -> str:
    say(_("“%(name)s” was saved.", name=row.name))
    return url_for("directory.places")
