"""Walk-ins: the short form at the venue's code, and the steward's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import make_response, render_template, url_for
from werkzeug.wrappers import Response

from eventsys.bookings.keys import ticket_url
from eventsys.bookings.rules import NewAttendee
from eventsys.checkin.forms import WalkInForm
from eventsys.checkin.queries import find_venue, get_slot_at_door
from eventsys.checkin.rendering import message_of
from eventsys.checkin.services import Answer, takes_walk_ins, walk_in_slots, walk_in_with_steward, walk_in_yourself
from eventsys.checkin.views.blueprint import bp
from eventsys.checkin.views.venue import TONES
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.headers import unlisted


@bp.get("/c/<token>/walk-in")
@public
def register_yourself(token: str) -> Response:
    """The form for who comes without a booking; changes nothing."""
    return _page(_form(_slots_of(token), by_themselves=True), back=url_for("checkin.yourself", token=token))


@bp.post("/c/<token>/walk-in")
@public
def enter_yourself(token: str) -> Response:
    """Register at the door, and be checked in by it."""
    form, actor = _form(_slots_of(token), by_themselves=True), current_actor()
    back = url_for("checkin.yourself", token=token)
    return _enter(form, lambda: walk_in_yourself(token, *_typed(form), actor=actor), back)


@bp.get("/slots/<public_id>/walk-in")
@requires(Permission.CHECK_IN)
def register_walk_in(public_id: str) -> Response:
    """The steward's form."""
    return _page(_form(_slot(public_id)), back=url_for("checkin.roster", public_id=public_id))


@bp.post("/slots/<public_id>/walk-in")
@requires(Permission.CHECK_IN)
def enter_walk_in(public_id: str) -> Response:
    """The steward registers somebody and lets them in."""
    form, actor = _form(_slot(public_id)), current_actor()
    back = url_for("checkin.roster", public_id=public_id)
    return _enter(form, lambda: walk_in_with_steward(*_typed(form), actor=actor), back)


def _slots_of(token: str) -> Sequence[Slot]:
    """The sessions to choose from at the gate with this code; NotFound for a dead one."""
    gate = find_venue(token)
    if gate is None:
        raise NotFound()
    return [slot for slot in walk_in_slots(gate) if slot.ends_at >= now()]


def _slot(public_id: str) -> Sequence[Slot]:
    slot = get_slot_at_door(public_id, current_actor(), Permission.CHECK_IN)
    return [slot] if takes_walk_ins(slot) else []


def _form(slots: Sequence[Slot], *, by_themselves: bool = False) -> WalkInForm:
    form = WalkInForm()
    form.phone.flags.required = by_themselves
    form.offer(slots)
    return form


def _typed(form: WalkInForm) -> tuple[str, str, NewAttendee]:
    return form.slot.data, form.enterprise.data or "", form.person


def _enter(form: WalkInForm, verb: Callable[[], Answer], back: str) -> Response:
    """Do it, or show the form again with what is wrong."""
    if not form.validate():
        return _page(form, back=back, status=422)
    try:
        with unit_of_work():
            answer = verb()
            attendee = answer.attendee
            told = (message_of(answer), TONES.get(answer.result, "warn"), attendee.name if attendee else "")
            code = answer.scan.code if answer.scan else ""
    except NotFound:
        raise
    except Refusal as error:
        form.refuse(error)
        return _page(form, back=back, status=status_of(error))
    return make_response(render_template("checkin/walked_in.html", told=told, ticket=ticket_url(code), back=back))


def _page(form: WalkInForm, *, back: str, status: int = 200) -> Response:
    page = render_template("checkin/walk_in.html", form=form, back=back)
    return unlisted(make_response(page, status))
