"""Visits that enterprises ask for: their own list, the department's, and what each side can do."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.models import VisitRequest
from eventsys.bookings.queries import (
    find_booking_of,
    get_request,
    list_answered_requests,
    list_open_requests,
    list_own_requests,
)
from eventsys.bookings.rules import RequestState
from eventsys.bookings.services import ask_for_visit, decline_request, withdraw_request
from eventsys.core.actor import Role
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.contact_queries import list_own_enterprises
from eventsys.directory.queries import all_departments
from eventsys.pages.forms.requests import DeclineForm, RequestForm
from eventsys.pages.forms.words import topic_words
from eventsys.pages.views.blueprint import own_and_chosen, requests_bp
from eventsys.slots.rules import SlotState
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires

STAFF = (Role.CLERK, Role.COORDINATOR, Role.AUDITOR)


@requests_bp.get("/requests")
@requires(Permission.SEE_VISIT_REQUEST)
def index() -> str:
    """A contact's own; for the staff those that wait, and those answered last."""
    actor = current_actor()
    own, chosen = own_and_chosen(actor) if actor.enterprises() else ([], None)
    is_staff = actor.has(*STAFF)
    return render_template(
        "requests/index.html",
        own=own,
        enterprise=chosen,
        mine=list_own_requests(chosen.id) if chosen else [],
        is_staff=is_staff,
        waiting=[(item, item.answer_by < now()) for item in list_open_requests(actor)] if is_staff else [],
        answered=list_answered_requests(actor) if is_staff else [],
        topics=topic_words(),
    )


@requests_bp.get("/requests/new")
@requires(Permission.ASK_FOR_VISIT)
def new() -> Response:
    """The form; the address may name the department."""
    form = _form()
    form.department.data = request.args.get("department", "")
    form.enterprise.data = request.args.get("enterprise", form.enterprise.data)
    return _form_page(form)


@requests_bp.post("/requests/new")
@requires(Permission.ASK_FOR_VISIT)
def ask() -> Response:
    """Ask; the department is told."""
    actor, form = current_actor(), _form()
    own, departments = list_own_enterprises(actor), all_departments()
    if len(own) == 1 and not form.enterprise.data:
        form.enterprise.data = own[0].public_id
    if not form.validate():
        return _form_page(form)
    try:
        with unit_of_work():
            asked = ask_for_visit(form.to_command(own, departments), actor=actor)
    except Refusal as error:
        return _form_page(form, error)
    flash(gettext("The department is told and answers here."), "success")
    return redirect(url_for("requests.detail", public_id=asked.public_id), 303)


@requests_bp.get("/requests/<public_id>")
@requires(Permission.SEE_VISIT_REQUEST)
def detail(public_id: str) -> Response:
    """What was asked, how far it is, and what can be done now."""
    return _page(get_request(public_id, visible_to=current_actor()), DeclineForm())


@requests_bp.post("/requests/<public_id>/withdraw")
@requires(Permission.ASK_FOR_VISIT)
def withdraw(public_id: str) -> Response:
    """The enterprise does not want it any more; a second press finds it withdrawn."""
    actor = current_actor()
    if get_request(public_id, visible_to=actor).state is not RequestState.WITHDRAWN:
        with unit_of_work():
            withdraw_request(public_id, actor=actor)
    flash(gettext("The request is withdrawn."), "success")
    return redirect(url_for("requests.index"), 303)


@requests_bp.post("/requests/<public_id>/decline")
@requires(Permission.ANSWER_VISIT_REQUEST)
def decline(public_id: str) -> Response:
    """Say no, and why."""
    actor, form = current_actor(), DeclineForm()
    asked = get_request(public_id, visible_to=actor)
    if not form.validate():
        return _page(asked, form)
    try:
        with unit_of_work():
            decline_request(public_id, form.decision.data or "", actor=actor)
    except NotFound:
        raise
    except Refusal as error:
        return _page(get_request(public_id, visible_to=actor), form, error)
    flash(gettext("The enterprise is told."), "success")
    return redirect(url_for("requests.index"), 303)


def _form() -> RequestForm:
    form = RequestForm()
    form.offer(list_own_enterprises(current_actor()), all_departments())
    return form


def _form_page(form: RequestForm, error: Refusal | None = None) -> Response:
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error else (422 if form.errors else 200)
    return make_response(render_template("requests/new.html", form=form), status)


def _page(asked: VisitRequest, form: DeclineForm, error: Refusal | None = None) -> Response:
    if error is not None:
        form.refuse(error)
    actor = current_actor()
    is_open = asked.state is RequestState.OPEN
    slot, booking = asked.slot, find_booking_of(asked)
    may_answer = is_allowed(actor, Permission.ANSWER_VISIT_REQUEST, asked.scope)
    context: dict[str, Any] = {
        "asked": asked,
        "slot": slot if slot and (may_answer or slot.state is not SlotState.DRAFT) else None,
        "booking": booking,
        "topic": topic_words()[asked.topic.value],
        "answer_by": asked.answer_by if is_open else None,
        "may_withdraw": is_open and is_allowed(actor, Permission.ASK_FOR_VISIT, asked.scope),
        "may_answer": is_open and may_answer,
        "form": form,
    }
    status = status_of(error) if error else (422 if form.errors else 200)
    return make_response(render_template("requests/detail.html", **context), status)
