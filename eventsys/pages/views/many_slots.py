"""Make many slots at once: by a rule, or as copies of a month. Each is looked at before it is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from eventsys.bookings.services import create_run
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Refusal
from eventsys.core.ids import is_public_id, new_public_id
from eventsys.core.permissions import Permission
from eventsys.pages.forms.many_slots import CopyMonthForm, ManySlotsForm
from eventsys.pages.forms.rule_words import rule_in_words
from eventsys.pages.forms.slot import set_value
from eventsys.pages.forms.words import fate_words, short_weekdays
from eventsys.pages.previews import CLASHES, month_grids, rows_by_month
from eventsys.pages.queries import SlotChoices, all_places, load_slot_choices
from eventsys.pages.views.blueprint import slots_bp
from eventsys.pages.views.starting import start_values
from eventsys.slots.queries import find_run
from eventsys.slots.queries.templates import list_templates
from eventsys.slots.runs import MonthCopy, NewRun, Preview
from eventsys.slots.services import preview_run
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import local_name, zone
from eventsys.web.months import Month
from eventsys.web.wording import sentence
from eventsys.workdays.queries import working_calendar

REDRAW = {"format", "rows", "edit"}  # buttons that show the form again
CREATE = {"save", "publish"}
NOT_TYPED = {"csrf_token", "action", "chosen", "token"}


@slots_bp.get("/desk/slots/many")
@requires(Permission.CREATE_SLOT)
def many() -> Response:
    """An empty form, filled with the defaults of a format."""
    choices = load_slot_choices(current_actor())
    return _form_page(ManySlotsForm(choices, data={**start_values(choices), "token": new_public_id()}))


@slots_bp.post("/desk/slots/many")
@requires(Permission.CREATE_SLOT)
def make_many() -> Response:
    """The form again, the preview of what it comes to, or what was ticked of it made."""
    actor = current_actor()
    form = ManySlotsForm(load_slot_choices(actor))
    if form.follow_defaults() or _action() in REDRAW or not form.validate():
        return _form_page(form)
    try:
        command = form.to_run()
        preview = preview_run(command, actor=actor)
        if _action() in CREATE:
            address = url_for("slots.make_many")
            words = rule_in_words(command.rule)
            return _create(command, preview, actor, address, token=command.public_id, rule=words)
    except Refusal as error:
        return _form_page(form, error)
    set_value(form.token, _fresh(command.public_id))
    return _preview_page(preview, url_for("slots.make_many"), token=form.token.data, rule=rule_in_words(command.rule))


@slots_bp.get("/desk/slots/copy-month")
@requires(Permission.CREATE_SLOT)
def copy_month() -> Response:
    """A month's slots as they would be in the next; the address may say which month, department and holiday rule."""
    choices = load_slot_choices(current_actor())
    return _copy_page(choices, CopyMonthForm(choices, formdata=None, data=_asked_to_copy(choices)))


@slots_bp.post("/desk/slots/copy-month")
@requires(Permission.CREATE_SLOT)
def make_copies() -> Response:
    """The preview for another choice, or what was ticked of it made."""
    actor = current_actor()
    choices = load_slot_choices(actor)
    form = CopyMonthForm(choices)
    if _action() not in CREATE or not form.validate():
        return _copy_page(choices, form)
    try:
        command = form.to_copy()
        return _create(command, preview_run(command, actor=actor), actor, url_for("slots.make_copies"), form=form)
    except Refusal as error:
        return _copy_page(choices, form, error)


def _create(command: NewRun | MonthCopy, preview: Preview, actor: Actor, address: str, **context: Any) -> Response:
    """Make what was ticked. A second press leads to what the first has made."""
    if find_run(command.public_id, actor) is not None:
        return _to_made(command.public_id)
    try:
        with unit_of_work():
            chosen = replace(command, chosen=frozenset(request.form.getlist("chosen")))
            run = create_run(chosen, actor=actor, publish=_action() == "publish")
    except Refusal as error:
        if error.code == "run_made" and find_run(command.public_id, actor) is not None:
            return _to_made(command.public_id)
        if isinstance(error, Conflict) or error.code == "none_chosen":
            return _preview_page(preview, address, error, **context)
        raise
    return redirect(url_for("slots.run", public_id=run.public_id, made=1), 303)


def _to_made(public_id: str) -> Response:
    flash(sentence("run_made", {}), "warning")
    return redirect(url_for("slots.run", public_id=public_id), 303)


def _form_page(form: ManySlotsForm, error: Refusal | None = None) -> Response:
    if error is not None:
        form.refuse(error)
    form.add_blank_questions()
    context: dict[str, Any] = {"is_single": len(form.department.choices or ()) == 1}
    context["extra"] = [{"href": "#questions", "text": text} for text in form.questions.errors if isinstance(text, str)]
    if request.method == "GET":
        context["templates"] = list_templates(current_actor())
    status = status_of(error) if error else (422 if form.errors else 200)
    return make_response(render_template("slots/many.html", form=form, **context), status)


def _copy_page(choices: SlotChoices, form: CopyMonthForm, error: Refusal | None = None) -> Response:
    """The choice of the month with its preview below, when there is one."""
    set_value(form.token, _fresh(form.token.data or ""))
    preview = None
    if error is None and form.is_chosen():
        try:
            preview = preview_run(form.to_copy(), actor=current_actor())
        except Refusal as refused:
            error = refused
    if preview is not None:
        return _preview_page(preview, url_for("slots.make_copies"), form=form)
    if error is not None:
        form.refuse(error)
    status = status_of(error) if error and request.method == "POST" else (422 if form.errors and not error else 200)
    return make_response(render_template("slots/copy_month.html", form=form, preview=None, error=None), status)


def _preview_page(preview: Preview, address: str, error: Refusal | None = None, **context: Any) -> Response:
    """The dates with their marks. All are ticked at first; then those that were, or those that clash with nothing."""
    every = {item.key for item in preview.candidates}
    ticked = set(request.form.getlist("chosen")) & every if _action() in CREATE else every
    if _action() == "without_clashes":
        ticked = {item.key for item in preview.candidates if not item.marks & CLASHES}
    calendar = working_calendar()
    template = "slots/copy_month.html" if "form" in context else "slots/many_preview.html"
    page = render_template(
        template,
        preview=preview,
        months=rows_by_month(preview),
        grids=month_grids(preview, calendar),
        ticked=ticked,
        typed=[(name, value) for name in request.form if name not in NOT_TYPED for value in request.form.getlist(name)],
        fates=fate_words(),
        address=address,
        error=error,
        said=lambda refusal: sentence(refusal.code, refusal.fields),
        place_names={item.id: local_name(item) for item in all_places()},
        weekday_names=short_weekdays,
        provisional=sorted({item.day.year for item in preview.candidates if calendar.is_provisional(item.day)}),
        has_clashes=any(item.key in ticked and item.marks & CLASHES for item in preview.candidates),
        **context,
    )
    return make_response(page, status_of(error) if error else 200)


def _asked_to_copy(choices: SlotChoices) -> dict[str, Any]:
    """What the address asks for; the present month and the only department without."""
    own = {item.public_id: item.public_id for item in choices.own} | {item.code: item.public_id for item in choices.own}
    present = Month(now().astimezone(zone()).date().replace(day=1))
    values = {
        "month": request.args.get("month", present.key),
        "department": own.get(request.args.get("department", ""), choices.own[0].public_id if choices.own else ""),
        "token": new_public_id(),
    }
    if "on_holiday" in request.args:
        values["on_holiday"] = request.args["on_holiday"]
    return values


def _fresh(token: str) -> str:
    """The public id of the run to be made: another one when this one is made, or is none."""
    is_free = is_public_id(token) and find_run(token, current_actor()) is None
    return token if is_free else new_public_id()


def _action() -> str:
    return request.form.get("action", "")
