"""The slots that were made together: look at them, publish or delete the drafts, take the creation back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict
from eventsys.core.permissions import Permission
from eventsys.pages.forms.rule_words import origin_in_words
from eventsys.pages.views.blueprint import slots_bp
from eventsys.slots.queries import get_run, list_run_slots
from eventsys.slots.rules import SlotState
from eventsys.slots.services import delete_run_drafts, publish_run, undo_run
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence


@slots_bp.get("/desk/runs/<public_id>")
@requires(Permission.EDIT_SLOT)
def run(public_id: str) -> str:
    """The slots of a run, and what can be done with all of them."""
    made = get_run(public_id, current_actor())
    slots = list_run_slots(made)
    drafts = [slot for slot in slots if slot.state is SlotState.DRAFT]
    context: dict[str, Any] = {
        "origin": origin_in_words(made.rule),
        "drafts": len(drafts),
        "untouched": sum(slot.version == 1 for slot in drafts),
    }
    return render_template("slots/run.html", run=made, slots=slots, is_new="made" in request.args, **context)


@slots_bp.post("/desk/runs/<public_id>/publish")
@requires(Permission.EDIT_SLOT)
def publish_all(public_id: str) -> Response:
    """Publish every draft of a run that has not begun."""
    try:
        with unit_of_work():
            number = publish_run(public_id, actor=current_actor())
    except Conflict as error:
        flash(sentence(error.code, error.fields), "error")
    else:
        flash(ngettext("%(num)s slot is published.", "%(num)s slots are published.", number), "success")
    return redirect(url_for("slots.run", public_id=public_id), 303)


@slots_bp.post("/desk/runs/<public_id>/undo")
@requires(Permission.EDIT_SLOT)
def undo(public_id: str) -> Response:
    """Delete the drafts that nobody has touched since."""
    try:
        with unit_of_work():
            number = undo_run(public_id, actor=current_actor())
    except Conflict as error:
        flash(sentence(error.code, error.fields), "error")
        return redirect(url_for("slots.run", public_id=public_id), 303)
    return _deleted(number)


@slots_bp.post("/desk/runs/<public_id>/delete")
@requires(Permission.EDIT_SLOT)
def delete_all(public_id: str) -> Response:
    """Delete every draft of a run."""
    with unit_of_work():
        number = delete_run_drafts(public_id, actor=current_actor())
    return _deleted(number)


def _deleted(number: int) -> Response:
    if number:
        flash(ngettext("%(num)s draft is deleted.", "%(num)s drafts are deleted.", number), "success")
    else:
        flash(gettext("No draft is left."), "warning")
    return redirect(url_for("pages.desk"), 303)
