"""A planned visit is answered: by the enterprise with one of three buttons, or by a clerk who was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.forms.visits import OnBehalfVisitForm, VisitForm
from eventsys.bookings.models import Booking, PlannedVisit
from eventsys.bookings.queries import find_planned_visit, get_booking, phones_of
from eventsys.bookings.rules import BookingState, VisitAnswer
from eventsys.bookings.services import answer_visit
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.permissions import Permission, authorize
from eventsys.web.guards import current_actor, requires


@bp.get("/bookings/<public_id>/visit")
@requires(Permission.CHANGE_BOOKING)
def visit(public_id: str) -> Response:
    """What is planned, and the three answers; an answered one leads to its booking."""
    booking, planned = _planned(public_id, current_actor())
    if booking.state is not BookingState.PENDING:
        return redirect(url_for("bookings.detail", public_id=public_id), 303)
    return _page(booking, planned, _form(booking))


@bp.post("/bookings/<public_id>/visit")
@requires(Permission.CHANGE_BOOKING)
def answer(public_id: str) -> Response:
    """Answer; a second press of the same button changes nothing."""
    actor = current_actor()
    booking, planned = _planned(public_id, actor)
    form = _form(booking)
    if not form.validate():
        return _page(booking, planned, form)
    try:
        command = form.to_command()
        with unit_of_work():
            answered = answer_visit(public_id, command, actor=actor)
    except Refusal as error:
        if isinstance(error, NotFound):
            raise
        if isinstance(error, Conflict) and error.code == "visit_answered":
            flash(gettext("This visit has been answered already; this is how it stands."), "warning")
            return redirect(url_for("bookings.detail", public_id=public_id), 303)
        booking, planned = _planned(public_id, actor)
        return _page(booking, planned, form, error)
    flash(_said(command.answer), "success")
    return redirect(url_for("bookings.detail", public_id=answered.public_id), 303)


def _said(given: VisitAnswer) -> str:
    if given is VisitAnswer.AGREED:
        return str(gettext("Agreed. The department is told."))
    if given is VisitAnswer.NOT_NOW:
        return str(gettext("The visit is off. The department is told; nothing is held against the enterprise."))
    return str(gettext("The department is told and proposes a time. Until then the planned one is kept."))


def _planned(public_id: str, actor: Actor) -> tuple[Booking, PlannedVisit]:
    """The booking with its planned visit, when the actor may answer it."""
    booking = get_booking(public_id, visible_to=actor)
    planned = find_planned_visit(booking.id)
    if planned is None:
        raise NotFound()
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope)
    return booking, planned


def _form(booking: Booking) -> VisitForm:
    actor = current_actor()
    if booking.enterprise_id not in actor.enterprises():
        return OnBehalfVisitForm(seen=booking.slot.starts_at.isoformat())
    mobile = next((mobile for name, mobile in phones_of([booking.enterprise_id]).get(booking.enterprise_id, ())
                   if name == actor.name), "")  # fmt: skip
    return VisitForm(seen=booking.slot.starts_at.isoformat(), name=actor.name, phone=mobile)


def _page(booking: Booking, planned: PlannedVisit, form: VisitForm, error: Refusal | None = None) -> Response:
    if error is not None and error.code == "visit_moved":
        form.seen.data, form.seen.raw_data = booking.slot.starts_at.isoformat(), None
    people = phones_of([booking.enterprise_id]).get(booking.enterprise_id, [])
    context: dict[str, Any] = {
        "booking": booking,
        "slot": booking.slot,
        "visit": planned,
        "proposals": instants_of(planned),
        "on_behalf": isinstance(form, OnBehalfVisitForm),
        "people": people,
        "is_over": booking.slot.starts_at <= now(),
    }
    return show_form("bookings/visit.html", form, error, **context)


def instants_of(planned: PlannedVisit | None) -> list[datetime]:
    """The times that the enterprise proposed."""
    return [datetime.fromisoformat(at) for at in planned.proposals] if planned is not None else []
