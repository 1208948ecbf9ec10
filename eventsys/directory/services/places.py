"""Parks, where enterprises sit, and places, where slots are held."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.search import search_text
from eventsys.directory.commands import ParkDetails, PlaceDetails, check_park, check_place
from eventsys.directory.feed_sets import bump_all_feed_sets, bump_feed_sets
from eventsys.directory.models import Park, Place
from eventsys.directory.queries.organisations import find_park, lock_row

PARK_EDITED = ("name", "short_name", "name_en", "latitude", "longitude")
PLACE_EDITED = ("name", "name_en", "kind", "address", "directions", "latitude", "longitude", "seats", "rooms")
SHOWN_IN_FEEDS = {"name", "short_name", "name_en"}


def create_park(command: ParkDetails, *, actor: Actor) -> Park:
    """A new park; Invalid names wrong fields."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    details = check_park(command)
    _require_free_name(Park, details.name)
    park = Park()
    _write_park(park, details)
    db.session.add(park)
    db.session.flush()
    audit.record(actor, "park.created", "park", park.public_id, after=_park_state(park))
    return park


def edit_park(public_id: str, command: ParkDetails, version: int | None, *, actor: Actor) -> Park:
    """Change a park. Conflict `stale_edit` when `version` is not the present one."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    park = lock_row(Park, public_id)
    details = check_park(command)
    park.require_version(version)
    if details.name != park.name:
        _require_free_name(Park, details.name)
    before = _park_state(park)
    _write_park(park, details)
    db.session.flush()
    was, now_is = audit.changes(before, _park_state(park))
    if now_is:
        audit.record(actor, "park.edited", "park", public_id, before=was, after=now_is)
    if SHOWN_IN_FEEDS & now_is.keys():
        bump_feed_sets(district=True, parks=[park.id])
    return park


def set_park_active(public_id: str, active: bool, *, actor: Actor) -> Park:
    """Disable or enable a park; saying it twice changes nothing."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    park = lock_row(Park, public_id)
    _switch(park, "park", active, actor)
    return park


def create_place(command: PlaceDetails, *, actor: Actor) -> Place:
    """A new place; Invalid names wrong fields."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    details = check_place(command)
    _require_free_name(Place, details.name)
    place = Place()
    _write_place(place, details)
    db.session.add(place)
    db.session.flush()
    audit.record(actor, "place.created", "place", place.public_id, after=_place_state(place))
    return place


def edit_place(public_id: str, command: PlaceDetails, version: int | None, *, actor: Actor) -> Place:
    """Change a place. Conflict `stale_edit` when `version` is not the present one."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    place = lock_row(Place, public_id)
    details = check_place(command)
    place.require_version(version)
    if details.name != place.name:
        _require_free_name(Place, details.name)
    before = _place_state(place)
    _write_place(place, details)
    db.session.flush()
    was, now_is = audit.changes(before, _place_state(place))
    if now_is:
        audit.record(actor, "place.edited", "place", public_id, before=was, after=now_is)
        bump_all_feed_sets()
    return place


def set_place_active(public_id: str, active: bool, *, actor: Actor) -> Place:
    """Disable or enable a place; saying it twice changes nothing."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    place = lock_row(Place, public_id)
    _switch(place, "place", active, actor)
    return place


def _write_park(park: Park, details: ParkDetails) -> None:
    for name in PARK_EDITED:
        setattr(park, name, getattr(details, name))
    park.search_text = search_text(park.name, park.short_name, park.name_en)


def _write_place(place: Place, details: PlaceDetails) -> None:
    for name in PLACE_EDITED:
        setattr(place, name, getattr(details, name))
    place.park = _park(details.park)
    place.search_text = search_text(place.name, place.name_en)


def _park(public_id: str) -> Park | None:
    if not public_id:
        return None
    park = find_park(public_id)
    if park is None:
        raise Invalid("unknown_park", field="park")
    return park


def _park_state(park: Park) -> dict[str, Any]:
    return {name: getattr(park, name) for name in PARK_EDITED}


def _place_state(place: Place) -> dict[str, Any]:
    return {name: getattr(place, name) for name in PLACE_EDITED} | {"park": place.park.name if place.park else ""}


def _switch(row: Park | Place, kind: str, active: bool, actor: Actor) -> None:
    if row.active == active:
        return
    row.active = active
    row.version += 1
    db.session.flush()
    action = f"{kind}.enabled" if active else f"{kind}.disabled"
    audit.record(actor, action, kind, row.public_id, before={"active": not active}, after={"active": active})


def _require_free_name(model: type[Park] | type[Place], name: str) -> None:
    if db.session.scalar(select(model.id).where(model.name == name)):
        raise Invalid("name_taken", field="name")
