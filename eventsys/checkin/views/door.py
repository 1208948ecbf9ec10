"""Places at the door: who is not here yet, who waits, whose places were given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.queries import get_booking, list_released, list_undoable, list_waiting_parties
from eventsys.bookings.rules import check_door, has_room
from eventsys.bookings.services import let_in, take_back, undo_release
from eventsys.checkin.queries import count_at_door, get_slot_at_door, list_missing
from eventsys.checkin.services import release_at, release_places
from eventsys.checkin.views.blueprint import bp
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Refusal
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence


@bp.get("/slots/<public_id>/door")
@requires(Permission.RELEASE_PLACES)
def door(public_id: str) -> Response:
    """The numbers first, then what can be done with them; changes nothing."""
    return _page(_slot(public_id))


@bp.post("/slots/<public_id>/release")
@requires(Permission.RELEASE_PLACES)
def release(public_id: str) -> Response:
    """Give up the places nobody claimed."""
    return _act(public_id, lambda: _told(len(release_places(public_id, actor=current_actor()))))


@bp.post("/slots/<public_id>/release/undo")
@requires(Permission.RELEASE_PLACES)
def undo(public_id: str) -> Response:
    """Take the release back, as far as there is room."""

    def done() -> str:
        count = len(undo_release(public_id, actor=current_actor()))
        return str(
            ngettext("%(num)s enterprise has its place back.", "%(num)s enterprises have their places back.", count)
        )

    return _act(public_id, done)


@bp.post("/bookings/<public_id>/let-in")
@requires(Permission.RELEASE_PLACES)
def let_party_in(public_id: str) -> Response:
    """A party that waits and is here gets a place."""

    def done() -> str:
        party = let_in(public_id, actor=current_actor()).party
        return str(
            ngettext(
                "%(num)s person is let in. Check the code in now.",
                "%(num)s people are let in. Check their codes in now.",
                party,
            )
        )

    return _act(_slot_of(public_id), done)


@bp.post("/bookings/<public_id>/take-back")
@requires(Permission.RELEASE_PLACES)
def take_party_back(public_id: str) -> Response:
    """Who comes after the release gets the place back."""

    def done() -> str:
        take_back(public_id, actor=current_actor())
        return str(gettext("The place is given back; the codes are good again."))

    return _act(_slot_of(public_id), done)


def _act(slot: str, verb: Callable[[], str]) -> Response:
    """Do it and show the page anew, with what was done or the rule that said no."""
    _slot(slot)
    try:
        with unit_of_work():
            done = verb()
    except Conflict as error:
        return _page(_slot(slot), error)
    flash(done, "success")
    return redirect(url_for("checkin.door", public_id=slot), 303)


def _told(released: int) -> str:
    if not released:
        return str(gettext("Everybody who booked is here; nothing was given up."))
    return str(
        ngettext(
            "The place of %(num)s enterprise is given up.", "The places of %(num)s enterprises are given up.", released
        )
    )


def _slot(public_id: str) -> Slot:
    return get_slot_at_door(public_id, current_actor(), Permission.RELEASE_PLACES)


def _slot_of(booking: str) -> str:
    """The public id of a booking's slot; NotFound for a booking that is not the actor's business."""
    return get_booking(booking, visible_to=current_actor()).slot.public_id


def _page(slot: Slot, error: Refusal | None = None) -> Response:
    left = (slot.places_left, slot.attendee_places_left)
    missing, undoable = list_missing(slot.id), list_undoable(slot.id)
    context: dict[str, Any] = {
        "counted": count_at_door(slot.id),
        "missing": missing,
        "missing_people": sum(booking.party for booking in missing),
        "waiting": [(booking, has_room(booking.party_min, *left)) for booking in list_waiting_parties(slot.id)],
        "released": [(booking, has_room(booking.party, *left)) for booking in list_released(slot.id)],
        "may_undo": any(has_room(booking.party, *left) for booking in undoable),
        "closed": _closed(slot, slot.starts_at),
        "not_yet": _closed(slot, release_at(slot)),
        "refused": sentence(error.code, error.fields) if error else "",
    }
    return make_response(render_template("checkin/door.html", slot=slot, **context), status_of(error) if error else 200)


def _closed(slot: Slot, opens_at: Any) -> str:
    """Why nothing passes at this door now; empty when it does."""
    try:
        check_door(slot.state, slot.format, opens_at, slot.ends_at, now())
    except Conflict as refused:
        return sentence(refused.code, refused.fields)
    return ""
