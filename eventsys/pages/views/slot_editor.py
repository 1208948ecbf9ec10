"""Make, change, copy, publish and delete slots."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.models import VisitRequest
from eventsys.bookings.queries import get_request, list_slot_bookings
from eventsys.bookings.services import (
    DISPLACEABLE,
    RunChange,
    RunChanged,
    arrange_visit,
    change_run,
    create_slot,
    delete_draft,
    publish_slot,
)
from eventsys.core.audit import AuditEntry
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.pages.clashes import clashes_stored, clashes_typed
from eventsys.pages.forms.changes import Change, changes_of
from eventsys.pages.forms.requests import values_of_request
from eventsys.pages.forms.slot import EditSlotForm, RunSlotForm, SlotForm, set_value
from eventsys.pages.forms.slot_values import values_of
from eventsys.pages.queries import SlotChoices, list_invited, list_last_changes, load_slot_choices
from eventsys.pages.views.blueprint import get_slot_for, slots_bp
from eventsys.pages.views.starting import start_values
from eventsys.pages.views.workdays import workday_note
from eventsys.slots.models import Slot
from eventsys.slots.queries.templates import list_templates
from eventsys.slots.rules import SlotState
from eventsys.slots.scopes import RunScope
from eventsys.slots.services import copy_slot
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.rfc3339 import parse_instant
from eventsys.web.wording import sentence

REDRAW = {"format", "rows"}  # buttons that show the form again and change nothing


@slots_bp.get("/desk/slots/new")
@requires(Permission.CREATE_SLOT)
def new() -> Response:
    """An empty form, filled with the defaults of a format, or with what an enterprise asks for."""
    choices = load_slot_choices(current_actor())
    asked = _asked()
    if asked is not None:
        return _page("slots/new.html", SlotForm(choices, data=values_of_request(asked, choices)), asked=asked)
    return _page(
        "slots/new.html", SlotForm(choices, data=start_values(choices)), templates=list_templates(current_actor())
    )


@slots_bp.post("/desk/slots/new")
@requires(Permission.CREATE_SLOT)
def create() -> Response:
    """Save a draft, or publish at once; the request it is made of is answered with it."""
    actor, asked = current_actor(), _asked()
    form = SlotForm(load_slot_choices(actor))
    if _is_redrawn(form) or not form.validate():
        return _page("slots/new.html", form, asked=asked)
    publish = request.form.get("action") == "publish"
    try:
        command = form.to_command()
        with unit_of_work():
            if asked is not None:
                beyond = form.beyond.data or ""
                slot = arrange_visit(asked.public_id, command, actor=actor, publish=publish, beyond=beyond)
            else:
                slot = create_slot(command, actor=actor, publish=publish)
    except Refusal as error:
        return _page("slots/new.html", form, error, asked=_asked())
    flash(gettext("The slot is published.") if publish else gettext("The draft is saved."), "success")
    return _to_slot(slot)


@slots_bp.post("/desk/slots/clashes")
@requires(Permission.CREATE_SLOT)
def typed_clashes() -> str:
    """What stands against the slot as it is being typed, as a piece of the form's page; changes nothing."""
    actor, public_id = current_actor(), request.args.get("slot", "")
    slot = get_slot_for(public_id, actor, Permission.EDIT_SLOT) if public_id else None
    choices = load_slot_choices(actor, slot)
    return render_template("slots/_clashes.html", told=clashes_typed(SlotForm(choices), choices, slot, actor))


@slots_bp.get("/slots/<public_id>/edit")
@requires(Permission.EDIT_SLOT)
def edit(public_id: str) -> Response:
    """The form filled with what the slot is, begun at another time where the address proposes one (`starts_at`)."""
    slot, choices = _editable(public_id)
    values = values_of(slot, list_invited(slot), choices)
    proposed = _proposed_start()
    if proposed is not None:
        length = slot.ends_at - slot.starts_at
        values |= {"starts_at": proposed, "ends_at": values["ends_at"] and proposed + length}
    form = _form_of(slot)(choices, data=values)
    return _page("slots/edit.html", form, slot=slot)


def _proposed_start() -> datetime | None:
    try:
        return parse_instant(request.args.get("starts_at", ""), "starts_at")
    except Invalid:
        return None


@slots_bp.post("/slots/<public_id>/edit")
@requires(Permission.EDIT_SLOT)
def save(public_id: str) -> Response:
    """Save the changes, of others of its run as well when that was chosen; whoever booked is told when time or place
    moved."""
    slot, choices = _editable(public_id)
    form = _form_of(slot)(choices)
    if _is_redrawn(form) or not form.validate():
        return _page("slots/edit.html", form, slot=slot)
    seen = int(form.version.data) if (form.version.data or "").isdecimal() else 0
    try:
        change = RunChange(
            public_id,
            form.to_command(),
            seen,
            *_scope_of(form),
            reason=form.reason.data or "",
            waits=_waits(),
            beyond=form.beyond.data or "",
        )
        with unit_of_work():
            changed = change_run(change, actor=current_actor())
    except Refusal as error:
        return _refused(public_id, form, error, seen)
    flash(_told_of(changed), "success")
    return _to_slot(changed.slot)


@slots_bp.post("/slots/<public_id>/copy")
@requires(Permission.CREATE_SLOT)
def copy(public_id: str) -> Response:
    """A draft like this one a week later, opened for editing."""
    with unit_of_work():
        draft = copy_slot(public_id, actor=current_actor())
    flash(gettext("This is a copy, a draft. Check date and window, then publish it."), "success")
    return redirect(url_for("slots.edit", public_id=draft.public_id), 303)


@slots_bp.post("/slots/<public_id>/publish")
@requires(Permission.EDIT_SLOT)
def publish(public_id: str) -> Response:
    """Publish a draft; a second press finds it published. Who asked for it is booked, unless something stands against
    it, which the slot's page then says."""
    slot = get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    if slot.state is not SlotState.PUBLISHED:
        try:
            with unit_of_work():
                slot = publish_slot(public_id, actor=current_actor())
        except Conflict as error:
            flash(sentence(error.code, error.fields), "error")
            return redirect(url_for("slots.detail", public_id=public_id), 303)
    flash(gettext("The slot is published."), "success")
    return _to_slot(slot)


@slots_bp.post("/slots/<public_id>/delete")
@requires(Permission.EDIT_SLOT)
def delete(public_id: str) -> Response:
    """Delete a draft for good."""
    with unit_of_work():
        delete_draft(public_id, actor=current_actor())
    flash(gettext("The draft is deleted."), "success")
    return redirect(url_for("pages.desk"), 303)


def _form_of(slot: Slot) -> type[EditSlotForm]:
    return EditSlotForm if slot.run_id is None else RunSlotForm


def _scope_of(form: SlotForm) -> tuple[RunScope, frozenset[str], frozenset[str]]:
    """Which slots the change is for, which booked ones were shown, and which of those may change."""
    shown, agreed = (frozenset(request.form.getlist(name)) for name in ("shown", "agreed"))
    return RunScope(form.scope.data) if isinstance(form, RunSlotForm) else RunScope.THIS, shown, agreed


def _waits() -> frozenset[str]:
    """The bookings that are to wait, so that the slot can become smaller."""
    return frozenset(request.form.getlist("waits"))


def _told_of(changed: RunChanged) -> str:
    parts = [gettext("The changes are saved.")]
    if changed.others:
        parts.append(ngettext("%(num)s other slot has changed too.", "%(num)s other slots have changed too.",
                              changed.others))  # fmt: skip
    if changed.left:
        parts.append(ngettext("%(num)s booked slot stays as it was.", "%(num)s booked slots stay as they were.",
                              changed.left))  # fmt: skip
    return " ".join(parts)


def _asked() -> VisitRequest | None:
    """The request the address names, which the slot answers."""
    public_id = request.args.get("request", "")
    return get_request(public_id, visible_to=current_actor()) if public_id else None


def _editable(public_id: str) -> tuple[Slot, SlotChoices]:
    actor = current_actor()
    slot = get_slot_for(public_id, actor, Permission.EDIT_SLOT)
    return slot, load_slot_choices(actor, slot)


def _is_redrawn(form: SlotForm) -> bool:
    """Whether the form is only shown again: other defaults, more rows, or defaults nobody has seen."""
    followed = form.follow_defaults()
    if followed and request.form.get("action") not in REDRAW:
        flash(gettext("Format or department was changed: check the places and times, then save."), "warning")
    return followed or request.form.get("action") in REDRAW


def _refused(public_id: str, form: SlotForm, error: Refusal, seen: int) -> Response:
    """The form with what was typed; a stale one with what was changed meanwhile, ready to be saved again."""
    if isinstance(error, NotFound):
        raise error
    slot = get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    if error.code == "run_booked":
        agreed = set(request.form.getlist("agreed"))
        return _page("slots/edit.html", form, error, slot=slot, booked=error.fields["slots"], agreed=agreed)
    if error.code == "run_refused":
        because = error.fields["because"]
        error = Conflict(
            error.code, occurrence=error.fields["occurrence"], reason=sentence(because.code, because.fields)
        )
    if error.code in {"capacity_below_booked", "queue_is_over"}:
        placed = list_slot_bookings(slot.id, DISPLACEABLE)[::-1]
        return _page("slots/edit.html", form, error, slot=slot, placed=placed, waits=_waits())
    if error.code != "stale_edit":
        return _page("slots/edit.html", form, error, slot=slot)
    entries = list_last_changes(slot, seen)
    set_value(form.version, slot.version)
    return _page("slots/edit.html", form, status=409, slot=slot, entries=_told(form, entries))


def _told(form: SlotForm, entries: Any) -> list[tuple[AuditEntry, list[Change]]]:
    return [(entry, changes_of(form, entry.after)) for entry in entries]


def _page(
    template: str, form: SlotForm, error: Refusal | None = None, *, status: int | None = None, **context: Any
) -> Response:
    if error is not None:
        form.refuse(error)
    form.offers_beyond = _offers_beyond(form, error)
    form.add_blank_questions()
    context["told"] = clashes_typed(form, form.offered, context.get("slot"), current_actor())
    is_redrawn = request.form.get("action") in REDRAW
    if status is None:
        status = status_of(error) if error else (422 if form.errors else 200)
    context |= {"workday_note": workday_note(form.starts_at.data, form.until()), "extra": _without_a_field(form)}
    context |= {"is_single": len(form.department.choices or ()) == 1, "is_redrawn": is_redrawn}
    return make_response(render_template(template, form=form, **context), status)


def _offers_beyond(form: SlotForm, error: Refusal | None) -> bool:
    """Whether a coordinator is asked why an enterprise must receive one more visit than it should."""
    is_asked = bool(form.beyond.data) or (error is not None and error.code == "visits_received")
    return is_asked and is_allowed(current_actor(), Permission.GRANT_EXCEPTION, Scope())


def _without_a_field(form: SlotForm) -> list[dict[str, str]]:
    """Refusals that speak of the questions as a whole."""
    return [{"href": "#questions", "text": text} for text in form.questions.errors if isinstance(text, str)]


def _to_slot(slot: Slot) -> Response:
    note = workday_note(slot.starts_at, slot.ends_at)
    if note:
        flash(note, "warning")
    for text, _other, _is_forbidden in clashes_stored([slot.id], current_actor()):
        flash(text, "warning")
    return redirect(url_for("slots.detail", public_id=slot.public_id), 303)
