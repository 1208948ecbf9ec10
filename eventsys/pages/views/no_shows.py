"""Slots an enterprise did not attend: what it explains, what the department answers."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.models import Booking, NoShow
from eventsys.bookings.queries import count_missed, find_no_show, get_no_show, list_explained, list_no_shows
from eventsys.bookings.rules import check_explain, explain_until, months_before
from eventsys.bookings.services import decide_no_show, explain_no_show
from eventsys.core.actor import Role
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.queries import district_settings
from eventsys.pages.forms.no_shows import AnswerForm, ExplainForm
from eventsys.pages.views.blueprint import no_shows_bp, own_and_chosen
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.guards import current_actor, requires

STAFF = (Role.CLERK, Role.COORDINATOR, Role.AUDITOR)


@no_shows_bp.get("/no-shows")
@requires(Permission.SEE_BOOKING)
def index() -> str:
    """A contact's own; for the staff the explanations that wait for an answer."""
    actor = current_actor()
    own, chosen = own_and_chosen(actor) if actor.enterprises() else ([], None)
    return render_template(
        "no_shows/index.html",
        own=own,
        enterprise=chosen,
        missed=[(item, _may_explain(item)) for item in list_no_shows(chosen.id)] if chosen else [],
        is_staff=actor.has(*STAFF),
        waiting=list_explained(actor) if actor.has(*STAFF) else [],
    )


@no_shows_bp.get("/bookings/<public_id>/no-show")
@requires(Permission.SEE_BOOKING)
def detail(public_id: str) -> Response:
    """What is noted of a booking, and the one form that is due."""
    return _page(get_no_show(public_id, visible_to=current_actor()))


@no_shows_bp.post("/bookings/<public_id>/no-show/explain")
@requires(Permission.BOOK)
def explain(public_id: str) -> Response:
    """Tell the department what came up."""
    form, actor = ExplainForm(), current_actor()
    if not form.validate():
        return _page(get_no_show(public_id, visible_to=actor), form)
    try:
        with unit_of_work():
            explain_no_show(public_id, form.appeal.data or "", actor=actor)
    except Refusal as error:
        return _refused(public_id, form, error)
    flash(gettext("Thank you. The department reads it and answers."), "success")
    return redirect(url_for("no_shows.detail", public_id=public_id), 303)


@no_shows_bp.post("/bookings/<public_id>/no-show/answer")
@requires(Permission.EDIT_SLOT)
def answer(public_id: str) -> Response:
    """Say whether it counts."""
    form, actor = AnswerForm(), current_actor()
    if not form.validate():
        return _page(get_no_show(public_id, visible_to=actor), form)
    try:
        with unit_of_work():
            decide_no_show(public_id, form.decision.data or "", is_excused=form.is_excused, actor=actor)
    except Refusal as error:
        return _refused(public_id, form, error)
    flash(gettext("The answer is sent."), "success")
    return redirect(url_for("no_shows.detail", public_id=public_id), 303)


@no_shows_bp.app_template_global("times_missed")
def times_missed(booking: Booking) -> tuple[int, int]:
    """How often the enterprise did not come within how many months, for the department's eyes."""
    months = district_settings().no_show_months
    missed = count_missed([booking.enterprise_id], months_before(now(), months))
    return missed.get(booking.enterprise_id, 0), months


@no_shows_bp.app_template_global("no_show_of")
def no_show_of(booking: Booking) -> NoShow | None:
    """What is noted of the booking; nothing before its slot has begun."""
    return find_no_show(booking.id) if booking.slot.starts_at <= now() else None


def _refused(public_id: str, form: Form, error: Refusal) -> Response:
    if isinstance(error, NotFound):
        raise error
    return _page(get_no_show(public_id, visible_to=current_actor()), form, error)


def _page(noted: NoShow, form: Form | None = None, error: Refusal | None = None) -> Response:
    """The page with `form`, or with the form of what the actor may do now."""
    actor, slot = current_actor(), noted.booking.slot
    is_own = is_allowed(actor, Permission.BOOK, noted.booking.enterprise.scope)
    may_answer = not noted.decided_at and is_allowed(actor, Permission.EDIT_SLOT, slot.scope)
    if form is None and is_own and _may_explain(noted):
        form = ExplainForm(formdata=None)
    elif form is None and may_answer:
        form = AnswerForm(formdata=None)
    if form is not None and error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form is not None and form.errors else 200)
    page = render_template(
        "no_shows/detail.html",
        noted=noted,
        booking=noted.booking,
        slot=slot,
        form=form,
        explains=isinstance(form, ExplainForm),
        is_own=is_own,
        explain_until=explain_until(noted.at),
    )
    return make_response(page, status)


def _may_explain(noted: NoShow) -> bool:
    try:
        check_explain(noted.at, is_explained=bool(noted.appealed_at), is_decided=bool(noted.decided_at), now=now())
    except Conflict:
        return False
    return True
