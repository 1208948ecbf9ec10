"""Who comes: names by the contact, or by colleagues through the booking's own link."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.forms.attendees import AttendeesForm, PersonForm
from eventsys.bookings.keys import code_of
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_shared_booking
from eventsys.bookings.rules import TicketState, check_names
from eventsys.bookings.services import name_attendees, name_yourself
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.bookings.views.detail import get_changeable
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.headers import unlisted


@bp.get("/bookings/<public_id>/attendees")
@requires(Permission.CHANGE_BOOKING)
def attendees(public_id: str) -> Response:
    """Rows for those named and for the rest of the party."""
    booking = get_changeable(public_id, current_actor())
    return _attendees_page(booking, AttendeesForm.of(booking))


@bp.post("/bookings/<public_id>/attendees")
@requires(Permission.CHANGE_BOOKING)
def save_attendees(public_id: str) -> Response:
    """Make those named the attendees. Who saves an old page sees what changed and keeps what they typed."""
    actor, form = current_actor(), AttendeesForm()
    booking = get_changeable(public_id, actor)
    if not form.validate():
        return _attendees_page(booking, form)
    try:
        with unit_of_work():
            version, party = form.seen_version(), form.party.number()
            name_attendees(public_id, form.people(), actor=actor, version=version, party=party)
    except Refusal as error:
        return _attendees_page(get_changeable(public_id, actor), form, error)
    flash(gettext("Saved. Who is new has an own code."), "success")
    return redirect(url_for("bookings.detail", public_id=public_id), 303)


@bp.get("/b/<token>", endpoint="name_yourself")
@public
def name_yourself_page(token: str) -> Response:
    """The colleagues' link: asks who they are and changes nothing."""
    return _yourself_page(_shared(token), PersonForm(), token)


@bp.post("/b/<token>")
@public
def save_yourself(token: str) -> Response:
    """Take one of the unnamed places, then the own ticket."""
    form = PersonForm()
    booking = _shared(token)
    if not form.validate():
        return _yourself_page(booking, form, token)
    try:
        with unit_of_work():
            attendee = name_yourself(token, form.person, actor=current_actor())
            slot_id = attendee.booking.slot.public_id
    except NotFound:
        raise
    except Refusal as error:
        return _yourself_page(_shared(token), form, token, error)
    return redirect(url_for("bookings.ticket", code=code_of(attendee, slot_id)), 303)


def _shared(token: str) -> Booking:
    booking = find_shared_booking(token)
    if booking is None:
        raise NotFound("link_unknown")
    return booking


def _attendees_page(booking: Booking, form: AttendeesForm, error: Refusal | None = None) -> Response:
    is_stale = error is not None and error.code == "stale_edit"
    valid = [item for item in booking.attendees if item.state is TicketState.VALID]
    if is_stale:
        form.version.data = str(booking.version)
        form.catch_up(valid)
    form.show_rows(min(booking.party, len(form.filled_rows()) + 1))
    return show_form(
        "bookings/attendees.html",
        form,
        error,
        booking=booking,
        slot=booking.slot,
        present=valid if is_stale else None,
        blocked=_names_refused(booking, is_staff=booking.enterprise_id not in current_actor().enterprises()),
    )


def _names_refused(booking: Booking, *, is_staff: bool) -> Conflict | None:
    try:
        until = booking.slot.ends_at if is_staff else booking.slot.names_until
        check_names(booking.state, until, now())
    except Conflict as error:
        return error
    return None


def _yourself_page(booking: Booking, form: PersonForm, token: str, error: Refusal | None = None) -> Response:
    named = sum(item.state is TicketState.VALID for item in booking.attendees)
    blocked = _names_refused(booking, is_staff=False)
    if blocked is None and named >= booking.party:
        blocked = Conflict("party_full", party=booking.party)
    page = show_form(
        "bookings/name_yourself.html",
        form,
        error,
        booking=booking,
        slot=booking.slot,
        token=token,
        blocked=blocked,
        left=booking.party - named,
    )
    return unlisted(page)
