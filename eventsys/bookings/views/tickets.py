"""The ticket's page: no sign-in, the code in the address is the key. Looking at it changes nothing."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.forms.answers import ConfirmForm
from eventsys.bookings.forms.attendees import PersonForm
from eventsys.bookings.keys import code_of, public_key, ticket_url
from eventsys.bookings.models import Attendee
from eventsys.bookings.queries import find_ticket
from eventsys.bookings.queries.rating_links import rating_token
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.bookings.services import decline_ticket, replace_attendee
from eventsys.bookings.tickets import TicketCode, verify
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.slots.rules import SlotState
from eventsys.web.clients import in_wechat
from eventsys.web.guards import current_actor, public
from eventsys.web.headers import unlisted
from eventsys.web.qr import qr_svg

JUST_NOW = timedelta(minutes=2)


class Face(StrEnum):
    """What the page shows: a code that works, or why it does not."""

    GOOD = "good"
    WAITING = "waiting"
    OVER = "over"
    CALLED_OFF = "called_off"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    DECLINED = "declined"


@bp.get("/t/<code>")
@public
def ticket(code: str) -> Response:
    """The big code with place and time, or clearly that it is dead."""
    attendee = _attendee(code)
    face = _face(attendee)
    address = ticket_url(_code(attendee))
    page = render_template(
        "bookings/ticket.html",
        attendee=attendee,
        booking=attendee.booking,
        slot=attendee.booking.slot,
        face=face.value,
        code=_code(attendee),
        picture=qr_svg(address, gettext("Your code")) if face is Face.GOOD else "",
        may_change=face is Face.GOOD and now() < attendee.booking.slot.starts_at,
        in_wechat=in_wechat(),
        rating_token=rating_token(attendee.public_id) if face is Face.OVER else "",
    )
    return unlisted(make_response(page))


@bp.get("/t/<code>/replace")
@public
def ticket_replace(code: str) -> Response:
    """Ask who comes instead."""
    attendee = _attendee(code)
    if _face(attendee) is not Face.GOOD:
        return _to_ticket(attendee)
    return _replace_page(attendee, PersonForm())


@bp.post("/t/<code>/replace")
@public
def replace_ticket(code: str) -> Response:
    """Another person comes; on to their ticket."""
    attendee, form = _attendee(code), PersonForm()
    if not form.validate():
        return _replace_page(attendee, form)
    ticket_id, slot_id = attendee.public_id, attendee.booking.slot.public_id
    try:
        with unit_of_work():
            added = replace_attendee(ticket_id, form.person, actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        attendee = _attendee(code)
        twin = _just_named(attendee, form.person.name.strip()) if error.code == "ticket_not_valid" else None
        return _to_ticket(twin) if twin else _replace_page(attendee, form, error)
    flash(gettext("%(name)s comes instead. This is the new code; the old one is dead.", name=added.name), "success")
    return redirect(url_for("bookings.ticket", code=code_of(added, slot_id)), 303)


@bp.get("/t/<code>/decline")
@public
def ticket_decline(code: str) -> Response:
    """Ask once more."""
    attendee = _attendee(code)
    if _face(attendee) is not Face.GOOD:
        return _to_ticket(attendee)
    return _decline_page(attendee, ConfirmForm())


@bp.post("/t/<code>/decline")
@public
def decline(code: str) -> Response:
    """The attendee cannot come; a second press finds it so."""
    attendee, form = _attendee(code), ConfirmForm()
    ticket_id = attendee.public_id
    try:
        with unit_of_work():
            decline_ticket(ticket_id, actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        attendee = _attendee(code)
        if _face(attendee) is not Face.GOOD:
            return _to_ticket(attendee)
        return _decline_page(attendee, form, error)
    return redirect(url_for("bookings.ticket", code=code), 303)


def _attendee(text: str) -> Attendee:
    """Whose ticket it is; NotFound for whatever we never signed."""
    genuine = verify(text, public_key)
    if not isinstance(genuine, TicketCode):
        raise NotFound()
    attendee = find_ticket(genuine.ticket)
    if attendee is None or attendee.booking.slot.public_id != genuine.slot:
        raise NotFound()
    return attendee


def _code(attendee: Attendee) -> str:
    return code_of(attendee, attendee.booking.slot.public_id)


def _face(attendee: Attendee) -> Face:
    """The first reason that holds, by the precedence of the gate."""
    booking, slot = attendee.booking, attendee.booking.slot
    if attendee.state is not TicketState.VALID:
        return Face.REPLACED if attendee.state is TicketState.REPLACED else Face.DECLINED
    if slot.state is SlotState.CALLED_OFF:
        return Face.CALLED_OFF
    if booking.state in {BookingState.CANCELLED, BookingState.EXPIRED}:
        return Face.CANCELLED
    if booking.state is not BookingState.CONFIRMED:
        return Face.WAITING
    return Face.OVER if now() > slot.ends_at else Face.GOOD


def _just_named(old: Attendee, name: str) -> Attendee | None:
    """Whom the same form named a moment ago, when it was sent twice."""
    newest = max(old.booking.attendees, key=lambda item: item.id)
    is_twin = newest.name == name and newest.state is TicketState.VALID and old.state is TicketState.REPLACED
    fresh = old.ended_at is not None and now() - old.ended_at < JUST_NOW and newest.id > old.id
    return newest if is_twin and fresh else None


def _to_ticket(attendee: Attendee) -> Response:
    return redirect(url_for("bookings.ticket", code=_code(attendee)), 303)


def _replace_page(attendee: Attendee, form: PersonForm, error: Refusal | None = None) -> Response:
    return _page("bookings/ticket_replace.html", attendee, form, error)


def _decline_page(attendee: Attendee, form: ConfirmForm, error: Refusal | None = None) -> Response:
    return _page("bookings/ticket_decline.html", attendee, form, error)


def _page(template: str, attendee: Attendee, form: PersonForm | ConfirmForm, error: Refusal | None) -> Response:
    slot = attendee.booking.slot
    context = {"attendee": attendee, "slot": slot, "booking": attendee.booking, "code": _code(attendee)}
    return unlisted(show_form(template, form, error, **context))
