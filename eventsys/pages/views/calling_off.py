"""Call a slot off, with a reason that reaches everyone who booked."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import call_off_slot
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.pages.forms.calling_off import CallOffForm
from eventsys.pages.queries import count_bookings
from eventsys.pages.views.blueprint import get_slot_for, slots_bp
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires


@slots_bp.get("/slots/<public_id>/call-off")
@requires(Permission.EDIT_SLOT)
def call_off(public_id: str) -> Response:
    """Ask for the reason and say whom it reaches."""
    return _page(get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT), CallOffForm())


@slots_bp.post("/slots/<public_id>/call-off")
@requires(Permission.EDIT_SLOT)
def confirm_call_off(public_id: str) -> Response:
    """Call it off; a second press finds it called off."""
    slot = get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    form = CallOffForm()
    if not form.validate():
        return _page(slot, form)
    if slot.state is not SlotState.CALLED_OFF:
        try:
            with unit_of_work():
                call_off_slot(public_id, form.reason.data or "", actor=current_actor())
        except NotFound:
            raise
        except Refusal as error:
            return _page(get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT), form, error)
    flash(gettext("The slot is called off. Everyone who booked is told."), "success")
    return redirect(url_for("slots.detail", public_id=public_id), 303)


def _page(slot: Slot, form: CallOffForm, error: Refusal | None = None) -> Response:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    return make_response(
        render_template("slots/call_off.html", slot=slot, form=form, booked=count_bookings(slot)), status
    )
