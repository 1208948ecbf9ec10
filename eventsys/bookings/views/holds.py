"""Hold a place: the button 预约 posts here, and the form follows. Looking at any page holds nothing."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import give_up_hold, hold_slot
from eventsys.bookings.views.blueprint import bp
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, NotAllowed, TooMany
from eventsys.core.permissions import Permission
from eventsys.slots.queries import get_visible_slot
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

USUAL_PARTY = 2


@bp.post("/slots/<public_id>/holds")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
def hold(public_id: str) -> Response:
    """Hold a place for the contact's enterprise, or prolong it, and go on to the form, which says what is possible
    when there is none. Who speaks for several enterprises, or for others, says in the form for which."""
    actor = current_actor()
    slot = get_visible_slot(public_id, actor)
    own = actor.enterprises()
    if len(own) == 1:
        party = min(USUAL_PARTY, slot.party_max or USUAL_PARTY, slot.attendee_places_left or 1)
        try:
            with unit_of_work():
                hold_slot(public_id, next(iter(own)), max(1, party), actor=actor)
        except (Conflict, NotAllowed, TooMany) as refused:
            if refused.code not in {"slot_full", "queue_ahead", "draw_needs_no_hold", "already_booked"}:
                flash(sentence(refused.code, refused.fields), "warning")  # the form says the others by itself
    return redirect(url_for("bookings.new", public_id=public_id), 303)


@bp.post("/slots/<public_id>/holds/give-up")
@requires(Permission.BOOK)
def give_up(public_id: str) -> Response:
    """Give the place back."""
    actor = current_actor()
    get_visible_slot(public_id, actor)
    with unit_of_work():
        for enterprise in sorted(actor.enterprises()):
            give_up_hold(public_id, enterprise, actor=actor)
    flash(gettext("The place is free again."), "success")
    return redirect(url_for("slots.detail", public_id=public_id), 303)
