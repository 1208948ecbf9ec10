"""Book a slot: one page, for the own enterprise or on behalf of another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.forms import ROWS_SHOWN, OnBehalfForm, OwnBookingForm, booking_form
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import facts_of, find_active_booking
from eventsys.bookings.rules import refusal
from eventsys.bookings.services import book_slot
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from eventsys.core.ids import is_public_id
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.contact_queries import list_own_enterprises
from eventsys.directory.models import Enterprise
from eventsys.directory.queries import find_enterprise, list_enterprises
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot, nearest_slots
from eventsys.web.guards import current_actor, requires

FOUND_MAX = 20
JUST_NOW = timedelta(minutes=2)

BookingForms = OwnBookingForm | OnBehalfForm


@bp.get("/slots/<public_id>/book")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
def new(public_id: str) -> Response:
    """The form, or why the slot cannot be booked and what can be instead."""
    actor, slot = current_actor(), get_visible_slot(public_id, current_actor())
    form = _form(slot, actor)
    if isinstance(form, OnBehalfForm):
        chosen = _find_enterprise(request.args.get("enterprise", ""))
        form.offer([chosen] if chosen else [])
    form.show_rows(_rows_shown(slot))
    return _page(slot, form, blocked=_blocked(slot, actor))


@bp.post("/slots/<public_id>/book")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
def book(public_id: str) -> Response:
    """Book; or find an enterprise, or show one more row, and ask again."""
    actor, slot = current_actor(), get_visible_slot(public_id, current_actor())
    form = _form(slot, actor)
    found = _offer_found(form)
    action = request.form.get("action", "")
    if action in {"find", "add_row"}:
        if action == "add_row":
            form.add_row()
        return _page(slot, form, found=found)
    is_complete = form.validate()
    try:
        enterprise = _enterprise(form, actor)
        command = form.to_command(public_id, enterprise.id)
    except Invalid as error:
        return _page(slot, form, error, found=found)
    if not is_complete:
        return _page(slot, form, found=found)
    try:
        with unit_of_work():
            booked = book_slot(command, actor=actor)
    except Refusal as error:
        return _refused(public_id, form, error, command.enterprise)
    assert booked.booking is not None
    flash(gettext("Booked. The codes are below."), "success")
    return redirect(url_for("bookings.detail", public_id=booked.booking.public_id), 303)


def _form(slot: Slot, actor: Actor) -> BookingForms:
    """The contact's form, or the clerk's of this department; NotAllowed for anybody else."""
    may_on_behalf = is_allowed(actor, Permission.BOOK_ON_BEHALF, slot.scope)
    on_behalf = may_on_behalf and (not actor.enterprises() or "on_behalf" in request.args)
    if not on_behalf and not actor.enterprises():
        raise NotAllowed()
    form = booking_form(slot, on_behalf=on_behalf)()
    if isinstance(form, OwnBookingForm):
        form.offer(list_own_enterprises(actor))
    return form


def _offer_found(form: BookingForms) -> bool | None:
    """Offer the clerk what the search finds, and what was chosen before; whether there is anything."""
    if not isinstance(form, OnBehalfForm):
        return None
    words = "".join(c if c.isprintable() else " " for c in form.search.data or "").strip()
    offered = list(list_enterprises(words, size=FOUND_MAX).items) if words else []
    chosen = _find_enterprise(form.enterprise.data or "")
    if chosen and chosen not in offered and request.form.get("action") != "find":
        offered.insert(0, chosen)
    form.offer(offered)
    return bool(offered)


def _find_enterprise(public_id: str) -> Enterprise | None:
    return find_enterprise(public_id) if is_public_id(public_id) else None


def _enterprise(form: BookingForms, actor: Actor) -> Enterprise:
    """For whom; NotFound for another's when a contact books."""
    own = list_own_enterprises(actor)
    if isinstance(form, OwnBookingForm) and len(own) == 1 and not form.enterprise.data:
        return own[0]
    typed = request.form.get("enterprise", "")  # not what a search with one result has chosen: nobody saw that yet
    chosen = _find_enterprise(typed)
    if isinstance(form, OwnBookingForm) and (chosen is None or chosen not in own):
        raise NotFound() if typed else Invalid("choose_enterprise", field="enterprise")
    if chosen is None:
        raise Invalid("choose_enterprise", field="enterprise" if form.enterprise.choices else "search")
    return chosen


def _refused(public_id: str, form: BookingForms, error: Refusal, enterprise: int) -> Response:
    """The form again with the rule that said no; a second press leads to the booking of the first."""
    if isinstance(error, NotFound):
        raise error
    actor = current_actor()
    slot = get_visible_slot(public_id, actor)
    existing = find_active_booking(slot.id, [enterprise]) if error.code == "already_booked" else None
    if existing and existing.contact_name == actor.name[:60] and now() - existing.created_at < JUST_NOW:
        flash(gettext("Booked. The codes are below."), "success")
        return redirect(url_for("bookings.detail", public_id=existing.public_id), 303)
    return _page(slot, form, error, existing=existing)


def _blocked(slot: Slot, actor: Actor) -> Refusal | None:
    """Why nobody of the actor's could book the slot now, whatever they type."""
    own = actor.enterprises()
    on_behalf = not own
    found = refusal(facts_of(slot), 1, now(), on_behalf=on_behalf)
    if found is not None:
        found.fields |= {"nearest": nearest_slots(slot, 1), "phone": slot.department.phone}
        return found
    existing = find_active_booking(slot.id, own) if len(own) == 1 else None
    return Conflict("already_booked", name=existing.contact_name, existing=existing) if existing else None


def _page(
    slot: Slot,
    form: BookingForms,
    error: Refusal | None = None,
    *,
    blocked: Refusal | None = None,
    existing: Booking | None = None,
    found: bool | None = None,
) -> Response:
    form.show_rows(_rows_shown(slot))
    context: dict[str, Any] = {"slot": slot, "on_behalf": isinstance(form, OnBehalfForm), "found": found}
    context |= {"existing": existing or (blocked.fields.get("existing") if blocked else None), "blocked": blocked}
    return show_form("bookings/new.html", form, error, **context)


def _rows_shown(slot: Slot) -> int:
    return min(ROWS_SHOWN, slot.party_max or ROWS_SHOWN)
