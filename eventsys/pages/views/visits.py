"""Plan a visit for one enterprise; where it receives too many, join another department's instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.queries import find_planned_visit
from eventsys.bookings.services import plan_visit, propose_joint_visit
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.ids import is_public_id
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.directory.models import Enterprise
from eventsys.directory.queries import find_enterprise, list_enterprises
from eventsys.pages.forms.visits import PlanVisitForm
from eventsys.pages.queries import list_slots_named, load_slot_choices
from eventsys.pages.views.blueprint import visits_bp
from eventsys.pages.views.workdays import workday_note
from eventsys.slots.models import Slot
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence

FOUND_MAX = 12


@dataclass(frozen=True, slots=True)
class Received:
    """A visit that the enterprise receives already, and whether the own department could come along."""

    slot: Slot
    may_join: bool


@visits_bp.get("/desk/visits/new")
@requires(Permission.CREATE_SLOT)
def new() -> Response:
    """The form; the address may name the enterprise."""
    form = PlanVisitForm(load_slot_choices(current_actor()))
    chosen = _find(request.args.get("enterprise", ""))
    form.offer([chosen] if chosen is not None and chosen.active else [])
    return _page(form)


@visits_bp.post("/desk/visits/new")
@requires(Permission.CREATE_SLOT)
def plan() -> Response:
    """Plan it; the enterprise is asked."""
    actor = current_actor()
    form = PlanVisitForm(load_slot_choices(actor))
    found = _offer_found(form)
    if request.form.get("action") == "find":
        return _page(form, found=found)
    is_complete = form.validate()
    enterprise = _find(request.form.get("enterprise", ""))
    if enterprise is None:
        form["enterprise" if form.enterprise.choices else "search"].errors = [sentence("choose_enterprise", {})]
    if enterprise is None or not is_complete:
        return _page(form, found=found)
    try:
        command = form.to_command(enterprise)
        with unit_of_work():
            booking = plan_visit(command, actor=actor)
            planned = find_planned_visit(booking.id)
    except NotFound:
        raise
    except Refusal as error:
        return _page(form, error, found=found)
    if planned is not None and planned.told_at is not None:
        flash(gettext("The visit is planned, but no contact of the enterprise can be reached: please call."), "warning")
    else:
        flash(gettext("The visit is planned. The enterprise is asked whether it suits."), "success")
    note = workday_note(command.slot.starts_at, command.slot.ends_at)
    if note:
        flash(note, "warning")
    return redirect(url_for("bookings.detail", public_id=booking.public_id), 303)


@visits_bp.post("/desk/visits/join")
@requires(Permission.CREATE_SLOT)
def join() -> Response:
    """Ask another department to take the own one along on its visit."""
    actor = current_actor()
    own = {item.public_id: item.id for item in load_slot_choices(actor).own}
    department = own.get(request.form.get("department", ""))
    if department is None:
        raise NotFound()
    try:
        with unit_of_work():
            slot = propose_joint_visit(request.form.get("slot", ""), department, actor=actor)
    except NotFound:
        raise
    except Refusal as error:
        flash(sentence(error.code, error.fields), "error")
        return redirect(url_for("pages.desk"), 303)
    told = gettext("%(department)s is told and adds you as supporting department.", department=slot.department.name)
    flash(told, "success")
    return redirect(url_for("pages.desk"), 303)


def _offer_found(form: PlanVisitForm) -> bool:
    """Offer what the search finds, and what was chosen before; whether there is anything."""
    words = "".join(c if c.isprintable() else " " for c in form.search.data or "").strip()
    offered = list(list_enterprises(words, size=FOUND_MAX).items) if words else []
    chosen = _find(form.enterprise.data or "")
    if chosen and chosen not in offered and request.form.get("action") != "find":
        offered.insert(0, chosen)
    form.offer(offered)
    return bool(offered)


def _find(public_id: str) -> Enterprise | None:
    return find_enterprise(public_id) if is_public_id(public_id) else None


def _received(form: PlanVisitForm, error: Refusal | None) -> Sequence[Received]:
    """The visits that count against the cap, when that is what stands against it."""
    if error is None or error.code != "visits_received":
        return []
    lead, at = form.lead(), now()
    visits = list_slots_named(error.fields["received"])
    return [
        Received(slot, slot.starts_at > at and lead not in {slot.department_id, *(one.id for one in slot.supporting)})
        for slot in visits
    ]


def _page(form: PlanVisitForm, error: Refusal | None = None, *, found: bool | None = None) -> Response:
    received = _received(form, error)
    if error is not None:
        form.refuse(error)
    is_asked = request.form.get("action") == "find"
    status = status_of(error) if error else (422 if form.errors and not is_asked else 200)
    may_exceed = is_allowed(current_actor(), Permission.GRANT_EXCEPTION, Scope())
    context: dict[str, Any] = {
        "form": form,
        "found": found,
        "received": received,
        "is_single": len(form.department.choices or ()) == 1,
        "may_exceed": may_exceed and (bool(received) or bool(form.beyond.data)),
    }
    return make_response(render_template("visits/new.html", **context), status)
