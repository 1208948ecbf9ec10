"""One change to the slots ticked on the desk: what it would do is looked at first."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.rules.bulk import SELECTED_MAX, UNDO_MINUTES, BulkAction, BulkChange
from eventsys.bookings.services import BulkDone, apply_bulk, preview_bulk
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.pages.forms.selection import SelectionForm, ticked_slots
from eventsys.pages.queries import SlotChoices, load_slot_choices
from eventsys.pages.views.blueprint import local_day, slots_bp
from eventsys.slots.rules import REASON_MAX
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.months import Month
from eventsys.web.wording import sentence


@slots_bp.post("/desk/selection")
@requires(Permission.EDIT_SLOT)
def selection() -> Response:
    """The slots ticked with what would become of each; done when that is confirmed as it was shown."""
    name, slots = request.form.get("action", ""), ticked_slots(request.form.getlist("slot"), SELECTED_MAX)
    if name not in list(BulkAction):
        raise Invalid("bad_choice", field="action")
    choices = load_slot_choices(current_actor())
    form = SelectionForm(choices.places, choices.editions, request.form)
    if not slots:
        flash(sentence("none_selected", {}), "error")
        return redirect(url_for("pages.desk", month=request.form.get("month") or None), 303)
    change = BulkChange(BulkAction(name), slots)
    is_first = "step" not in request.form
    if (not is_first and not form.validate()) or len(slots) > SELECTED_MAX:
        return _page(change, form, choices, None if form.errors else Invalid("too_many_items", limit=SELECTED_MAX))
    change = form.to_command(change.action, slots)
    if request.form.get("step") != "apply" or request.form.get("seen") != form.fingerprint():
        return _page(change, form, choices)
    try:
        with unit_of_work():
            done = apply_bulk(change, actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        db.session.rollback()
        return _page(change, form, choices, _named(error))
    flash(_said(change, done), f"undo:{done.change}" if done.change else "success")
    return redirect(url_for("pages.desk", month=request.form.get("month") or None), 303)


def _named(error: Refusal) -> Refusal:
    """What one slot refuses, with its sentence."""
    if error.code != "run_refused":
        return error
    because = error.fields["because"]
    reason = sentence(because.code, because.fields)
    return Conflict(error.code, occurrence=error.fields["occurrence"], reason=reason)


def _page(change: BulkChange, form: SelectionForm, choices: SlotChoices, error: Refusal | None = None) -> Response:
    effects = [] if len(change.slots) > SELECTED_MAX else preview_bulk(change, actor=current_actor())
    if error is not None:
        form.refuse(error)
    fine = [effect for effect in effects if effect.refusal is None]
    context: dict[str, Any] = {
        "places": {place.id: place for place in choices.places},
        "editions": {edition.id: edition for edition in choices.editions},
        "booked": sum(effect.booked for effect in fine),
        "month": Month(local_day(effects[0].slot.starts_at).replace(day=1)) if effects else None,
        "versions": dict(change.slots),
        "undo_minutes": UNDO_MINUTES,
        "reason_max": REASON_MAX,
        "said": lambda refusal: sentence(refusal.code, refusal.fields),
    }
    status = status_of(error) if error else (422 if form.errors else 200)
    page = render_template("slots/selection.html", change=change, form=form, effects=effects, fine=fine, **context)
    return make_response(page, status)


def _said(change: BulkChange, done: BulkDone) -> str:
    count = done.count
    words = {
        BulkAction.PUBLISH: lambda: ngettext("%(num)s slot is published.", "%(num)s slots are published.", count),
        BulkAction.MOVE: lambda: ngettext("%(num)s slot is moved.", "%(num)s slots are moved.", count),
        BulkAction.CHANGE: lambda: ngettext("%(num)s slot is changed.", "%(num)s slots are changed.", count),
        BulkAction.CALL_OFF: lambda: ngettext(
            "%(num)s slot is called off. Everyone who booked is told.",
            "%(num)s slots are called off. Everyone who booked is told.",
            count,
        ),
        BulkAction.DELETE: lambda: ngettext("%(num)s draft is deleted.", "%(num)s drafts are deleted.", count),
    }
    return str(words[change.action]())
