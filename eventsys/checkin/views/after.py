"""After a slot: who came and who did not, confirmed by the department, and what those who came say."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.queries import list_slot_bookings
from eventsys.checkin.forms import RatingForm
from eventsys.checkin.queries import count_at_door, get_slot_at_door, list_roster
from eventsys.checkin.queries.after import find_attendance, find_giver, find_rating, ratings_of
from eventsys.checkin.services import check_rating_time, confirm_attendance, last_sign_in, rate
from eventsys.checkin.views.blueprint import bp
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.headers import unlisted
from eventsys.web.wording import sentence


@bp.get("/slots/<public_id>/attendance")
@requires(Permission.SEE_ROSTER)
def attendance(public_id: str) -> Response:
    """Who came, who did not, and what they say."""
    return _page(_slot(public_id))


@bp.post("/slots/<public_id>/attendance")
@requires(Permission.EDIT_SLOT)
def confirm(public_id: str) -> Response:
    """The department confirms who came."""
    slot = _slot(public_id)
    try:
        with unit_of_work():
            confirm_attendance(public_id, actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        return _page(slot, error)
    flash(gettext("The attendance is confirmed; those who came are thanked."), "success")
    return redirect(url_for("checkin.attendance", public_id=public_id), 303)


@bp.get("/r/<token>")
@public
def rating(token: str) -> Response:
    """Two questions to somebody who came."""
    giver = find_giver(token)
    given = find_rating(giver.public_id) if giver else None
    answered = given.answered.value if given and given.answered else ""
    values = {"stars": str(given.stars), "answered": answered, "comment": given.comment} if given else {}
    return _rating_page(token, RatingForm(data=values))


@bp.post("/r/<token>")
@public
def give_rating(token: str) -> Response:
    """Take the answers in."""
    form = RatingForm()
    if not form.validate():
        return _rating_page(token, form, 422)
    try:
        with unit_of_work():
            rate(token, form.rating, actor=current_actor())
    except NotFound:
        return _rating_page(token, form)
    except Refusal as error:
        form.refuse(error)
        return _rating_page(token, form, status_of(error))
    return unlisted(make_response(render_template("checkin/rated.html", token=token)))


def _slot(public_id: str) -> Slot:
    slot = get_slot_at_door(public_id, current_actor())
    if slot.format is SlotFormat.VISIT:
        raise NotFound()
    return slot


def _page(slot: Slot, error: Refusal | None = None) -> Response:
    roster = list_roster(slot.id)
    came = {attendee.booking_id for attendee, is_here in roster if is_here}
    page = render_template(
        "checkin/attendance.html",
        slot=slot,
        attendance=find_attendance(slot.id),
        counted=count_at_door(slot.id),
        missing=[booking for booking in list_slot_bookings(slot.id) if booking.id not in came],
        absent=[attendee for attendee, is_here in roster if not is_here and attendee.booking_id in came],
        ratings=ratings_of(slot.id),
        is_over=now() >= slot.ends_at,
        until=last_sign_in(slot),
        may_sign_in=now() < last_sign_in(slot)
        and is_allowed(current_actor(), Permission.OVERRIDE_CHECK_IN, slot.scope),
        may_confirm=is_allowed(current_actor(), Permission.EDIT_SLOT, slot.scope),
        refused=sentence(error.code, error.fields) if error else "",
    )
    return make_response(page, status_of(error) if error else 200)


def _rating_page(token: str, form: RatingForm, status: int = 200) -> Response:
    giver = find_giver(token)
    closed = ""
    try:
        if giver:
            check_rating_time(giver.booking.slot)
    except Refusal as error:
        closed = sentence(error.code, error.fields)
    page = render_template("checkin/rating.html", giver=giver, form=form, closed=closed)
    return unlisted(make_response(page, status if giver else 404))
