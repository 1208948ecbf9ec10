"""Take an offered place, answer a pending booking, rebook, hand over: each a page that asks and a POST that acts."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.forms.answers import ConfirmForm, DeclineForm, HandOverForm, MoveForm
from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import (
    confirm_booking,
    decline_booking,
    hand_over,
    move_booking,
    reconfirm_booking,
    rejoin,
)
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.bookings.views.detail import get_changeable
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.contact_queries import list_contacts
from eventsys.directory.rules import MembershipState
from eventsys.slots.queries import nearest_slots
from eventsys.web.forms import Form
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

TARGETS = 12


@bp.get("/bookings/<public_id>/offer")
@requires(Permission.CHANGE_BOOKING)
def offer(public_id: str) -> Response:
    """The page an offer's message leads to: one button, and a way to say no."""
    return _offer_page(get_changeable(public_id, current_actor()))


@bp.post("/bookings/<public_id>/offer")
@requires(Permission.CHANGE_BOOKING)
def take_offer(public_id: str) -> Response:
    """Take the place, or let it go and wait on."""
    actor = current_actor()
    get_changeable(public_id, actor)
    try:
        with unit_of_work():
            if request.form.get("action") == "pass":
                rejoin(public_id, actor=actor)
            else:
                confirm_booking(public_id, actor=actor)
    except NotFound:
        raise
    except Refusal as error:
        booking = get_changeable(public_id, actor)
        if booking.state in {BookingState.CONFIRMED, BookingState.PENDING}:  # pressed twice
            return _to_booking(public_id)
        return _offer_page(booking, error)
    return _to_booking(public_id)


@bp.post("/bookings/<public_id>/approve")
@requires(Permission.EDIT_SLOT)
def approve(public_id: str) -> Response:
    """The department says yes."""
    actor = current_actor()
    booking = _answerable(public_id)
    try:
        with unit_of_work():
            confirm_booking(booking.public_id, actor=actor)
    except Conflict:
        flash(gettext("The booking is in another state by now. Reload and look."), "warning")
    else:
        flash(gettext("Confirmed. The enterprise is told."), "success")
    return _to_booking(public_id)


@bp.post("/bookings/<public_id>/reconfirm")
@requires(Permission.CHANGE_BOOKING)
def reconfirm(public_id: str) -> Response:
    """The enterprise comes at the new time as well; a second press finds that said."""
    actor = current_actor()
    get_changeable(public_id, actor)
    try:
        with unit_of_work():
            reconfirm_booking(public_id, actor=actor)
    except Conflict as error:
        flash(sentence(error.code, error.fields), "warning")
    else:
        flash(gettext("Thank you. The new time is confirmed."), "success")
    return _to_booking(public_id)


@bp.get("/bookings/<public_id>/decline")
@requires(Permission.EDIT_SLOT)
def decline_form(public_id: str) -> Response:
    """Ask why not."""
    return _page("bookings/decline.html", _answerable(public_id), DeclineForm())


@bp.post("/bookings/<public_id>/decline")
@requires(Permission.EDIT_SLOT)
def decline_pending(public_id: str) -> Response:
    """The department says no, and why."""
    form, booking = DeclineForm(), _answerable(public_id)
    if not form.validate():
        return _page("bookings/decline.html", booking, form)
    reason = form.reason.data or ""
    return _acted(public_id, form, "bookings/decline.html", lambda: decline_booking(
        public_id, reason, actor=current_actor()
    ), str(gettext("Declined. The enterprise is told why.")))  # fmt: skip


@bp.get("/bookings/<public_id>/move")
@requires(Permission.CHANGE_BOOKING)
def move(public_id: str) -> Response:
    """The slots it can be moved to now."""
    booking = get_changeable(public_id, current_actor())
    return _page("bookings/move.html", booking, _move_form(booking))


@bp.post("/bookings/<public_id>/move")
@requires(Permission.CHANGE_BOOKING)
def move_there(public_id: str) -> Response:
    """Move it, and on to the new booking."""
    actor, booking = current_actor(), get_changeable(public_id, current_actor())
    form = _move_form(booking)
    try:
        if not form.slot.data:
            raise Invalid("required", field="slot")
        with unit_of_work():
            moved = move_booking(public_id, form.slot.data, actor=actor)
    except Refusal as error:
        if isinstance(error, NotFound):
            error = Invalid("unknown_slot", field="slot")
        booking = get_changeable(public_id, actor)
        return _page("bookings/move.html", booking, _move_form(booking), error)
    flash(gettext("Rebooked. The codes are new."), "success")
    return _to_booking(moved.public_id)


@bp.get("/bookings/<public_id>/hand-over")
@requires(Permission.CHANGE_BOOKING)
def hand_over_form(public_id: str) -> Response:
    """The colleagues it can be handed to."""
    booking = get_changeable(public_id, current_actor())
    return _page("bookings/hand_over.html", booking, _hand_over_form(booking))


@bp.post("/bookings/<public_id>/hand-over")
@requires(Permission.CHANGE_BOOKING)
def hand_over_to(public_id: str) -> Response:
    """The colleague is the contact from now on."""
    form = _hand_over_form(get_changeable(public_id, current_actor()))
    person = form.person.data or ""
    return _acted(public_id, form, "bookings/hand_over.html", lambda: hand_over(
        public_id, person, actor=current_actor()
    ), str(gettext("Handed over. Your colleague is told.")))  # fmt: skip


def _acted(public_id: str, form: Form, template: str, act: Callable[[], object], said: str) -> Response:
    """Do it and go to the booking, or show the form again with the refusal."""
    try:
        with unit_of_work():
            act()
    except NotFound:
        raise
    except Refusal as error:
        return _page(template, get_changeable(public_id, current_actor()), form, error)
    flash(said, "success")
    return _to_booking(public_id)


def _answerable(public_id: str) -> Booking:
    """A booking of a slot whose department the actor answers for."""
    actor = current_actor()
    booking = get_changeable(public_id, actor)
    authorize(actor, Permission.EDIT_SLOT, booking.slot.scope)
    return booking


def _move_form(booking: Booking) -> MoveForm:
    form = MoveForm()
    form.offer(nearest_slots(booking.slot, booking.party, booking.enterprise_id, limit=TARGETS))
    return form


def _hand_over_form(booking: Booking) -> HandOverForm:
    form = HandOverForm()
    contacts = [item.person for item in list_contacts(booking.enterprise_id) if item.state is MembershipState.ACTIVE]
    form.offer([person for person in contacts if person.active and person.id != booking.contact_id])
    return form


def _offer_page(booking: Booking, error: Refusal | None = None) -> Response:
    return _page("bookings/offer.html", booking, ConfirmForm(), error)


def _page(template: str, booking: Booking, form: Form, error: Refusal | None = None) -> Response:
    return show_form(template, form, error, booking=booking, slot=booking.slot)


def _to_booking(public_id: str) -> Response:
    return redirect(url_for("bookings.detail", public_id=public_id), 303)
