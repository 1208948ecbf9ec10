"""The list at the door: tick who is here, write who came instead, and enter a paper list later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_slot_bookings
from eventsys.bookings.rules import BookingState
from eventsys.checkin.queries import get_slot_at_door, list_roster
from eventsys.checkin.rules import REASON_MAX, Arrivals
from eventsys.checkin.services import last_sign_in, sign_in
from eventsys.checkin.views.blueprint import bp
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Refusal
from eventsys.core.permissions import Permission
from eventsys.slots.models import Slot
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

PROBLEM = 422


@bp.get("/slots/<public_id>/sign-in")
@requires(Permission.CHECK_IN)
def sign_in_list(public_id: str) -> Response:
    """Everyone expected, to be ticked; one enterprise's when the address names its booking."""
    return _page(_slot(public_id), {})


@bp.post("/slots/<public_id>/sign-in")
@requires(Permission.CHECK_IN)
def enter_list(public_id: str) -> Response:
    """Check in whom the list ticks. Each enterprise's line is entered or refused by itself; what was refused stays on
    the page as it was typed."""
    slot, actor = _slot(public_id), current_actor()
    refused: dict[str, str] = {}
    admitted = 0
    lists = {booking.public_id: _read(booking) for booking in _bookings(slot)}
    for booking, arrivals in lists.items():
        try:
            with unit_of_work():
                admitted += sign_in(booking, arrivals, actor=actor) if arrivals else 0
        except Refusal as error:
            refused[booking] = sentence(error.code, error.fields)
    if refused or not any(lists.values()):
        return _page(_slot(public_id), refused, admitted)
    flash(ngettext("%(num)s person is checked in.", "%(num)s people are checked in.", admitted), "success")
    return redirect(url_for("checkin.roster", public_id=public_id), 303)


def _read(booking: Booking) -> Arrivals:
    """What the form says of a booking; a name written beside a person means that somebody else came."""
    form = request.form
    tickets = [item.public_id for item in booking.valid_attendees]
    instead = {ticket: form.get(f"instead-{ticket}", "").strip() for ticket in tickets}
    ticked = set(form.getlist("here"))
    return Arrivals(
        here=tuple(ticket for ticket in tickets if ticket in ticked),
        instead={ticket: name for ticket, name in instead.items() if name},
        more=tuple(name.strip() for name in form.getlist(f"more-{booking.public_id}") if name.strip()),
        reason=form.get("reason", ""),
    )


def _slot(public_id: str) -> Slot:
    return get_slot_at_door(public_id, current_actor(), Permission.CHECK_IN)


def _bookings(slot: Slot) -> Sequence[Booking]:
    wanted = request.args.get("booking", "")
    found = list_slot_bookings(slot.id, (BookingState.CONFIRMED,))
    return sorted(
        (item for item in found if wanted in {"", item.public_id}), key=lambda item: (item.enterprise.name, item.id)
    )


def _page(slot: Slot, refused: dict[str, str], admitted: int = 0) -> Response:
    here = {attendee.public_id for attendee, is_here in list_roster(slot.id) if is_here}
    context: dict[str, Any] = {
        "bookings": _bookings(slot),
        "here": here,
        "refused": refused,
        "typed": request.form,
        "ticked": set(request.form.getlist("here")),
        "is_over": now() > slot.ends_at,
        "until": last_sign_in(slot),
        "reason_max": REASON_MAX,
        "is_empty": request.method == "POST" and not refused,
        "done": gettext("%(num)s checked in", num=admitted) if admitted else "",
    }
    page = render_template("checkin/sign_in_list.html", slot=slot, **context)
    return make_response(page, PROBLEM if request.method == "POST" else 200)
