"""Hand a slot over to another department: offer, take, decline."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import take_slot_over
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.directory.queries import all_departments
from eventsys.pages.forms.handing import DeclineSlotForm, OfferSlotForm
from eventsys.pages.queries import count_bookings
from eventsys.pages.views.blueprint import get_slot_for, slots_bp
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.services import decline_slot_offer, may_answer_offer, offer_slot, withdraw_slot_offer
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence


@slots_bp.get("/slots/<public_id>/hand-over")
@requires(Permission.EDIT_SLOT)
def hand_over(public_id: str) -> Response:
    """Ask to whom."""
    slot = get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    return _offer_page(slot, _offer_form(slot))


@slots_bp.post("/slots/<public_id>/hand-over")
@requires(Permission.EDIT_SLOT)
def offer(public_id: str) -> Response:
    """Offer it; the slot stays where it is until the other department takes it."""
    actor = current_actor()
    slot = get_slot_for(public_id, actor, Permission.EDIT_SLOT)
    form = _offer_form(slot)
    if not form.validate():
        return _offer_page(slot, form)
    try:
        with unit_of_work():
            offer_slot(public_id, form.department.data, form.note.data or "", actor=actor)
    except NotFound:
        raise
    except Refusal as error:
        return _offer_page(get_slot_for(public_id, actor, Permission.EDIT_SLOT), form, error)
    flash(gettext("Offered. The department is told; the slot stays with you until it takes over."), "success")
    return redirect(url_for("slots.detail", public_id=public_id), 303)


@slots_bp.post("/slots/<public_id>/hand-over/withdraw")
@requires(Permission.EDIT_SLOT)
def withdraw_offer(public_id: str) -> Response:
    """Keep it after all."""
    with unit_of_work():
        withdraw_slot_offer(public_id, actor=current_actor())
    flash(gettext("The slot stays with your department."), "success")
    return redirect(url_for("slots.detail", public_id=public_id), 303)


@slots_bp.post("/slots/<public_id>/hand-over/take")
@requires(Permission.CREATE_SLOT)
def take_over(public_id: str) -> Response:
    """Take it; whoever booked is told."""
    try:
        with unit_of_work():
            take_slot_over(public_id, actor=current_actor())
    except Conflict as error:
        flash(sentence(error.code, error.fields), "error")
    else:
        flash(gettext("Your department leads the slot now. Everyone who booked is told."), "success")
    return redirect(url_for("slots.detail", public_id=public_id), 303)


@slots_bp.get("/slots/<public_id>/hand-over/decline")
@requires(Permission.CREATE_SLOT)
def decline_offer(public_id: str) -> Response:
    """Ask why not."""
    return _decline_page(_offered(public_id), DeclineSlotForm())


@slots_bp.post("/slots/<public_id>/hand-over/decline")
@requires(Permission.CREATE_SLOT)
def confirm_decline_offer(public_id: str) -> Response:
    """It stays with the lead, which reads why."""
    form = DeclineSlotForm()
    slot = _offered(public_id)
    if not form.validate():
        return _decline_page(slot, form)
    try:
        with unit_of_work():
            decline_slot_offer(public_id, form.reason.data or "", actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        return _decline_page(_offered(public_id), form, error)
    flash(gettext("Declined. The lead department is told."), "success")
    return redirect(url_for("pages.desk"), 303)


def _offered(public_id: str) -> Slot:
    slot = get_visible_slot(public_id, current_actor())
    if not may_answer_offer(slot, current_actor()):
        raise NotFound()
    return slot


def _offer_form(slot: Slot) -> OfferSlotForm:
    form = OfferSlotForm()
    form.offer([item for item in all_departments() if item.id != slot.department_id])
    return form


def _offer_page(slot: Slot, form: OfferSlotForm, error: Refusal | None = None) -> Response:
    return _page("slots/hand_over.html", slot, form, error, booked=count_bookings(slot))


def _decline_page(slot: Slot, form: DeclineSlotForm, error: Refusal | None = None) -> Response:
    return _page("slots/decline_offer.html", slot, form, error)


def _page(template: str, slot: Slot, form: Form, error: Refusal | None, **context: int) -> Response:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    return make_response(render_template(template, slot=slot, form=form, **context), status)
