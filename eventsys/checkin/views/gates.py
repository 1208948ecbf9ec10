"""Pages at the door: gates, and a gate's own screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.checkin.forms import GateForm
from eventsys.checkin.models import Gate
from eventsys.checkin.queries import (
    count_at_gate,
    get_gate,
    list_gates,
    list_party,
)
from eventsys.checkin.rendering import answer_json, found_json, gate_messages
from eventsys.checkin.rules import CLOCK_TOLERANCE, CheckIn
from eventsys.checkin.services import (
    Answer,
    annul,
    check_in,
    create_gate,
    revoke_gate,
    search_attendees,
    takes_walk_ins,
)
from eventsys.checkin.views.blueprint import bp
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Slot
from eventsys.slots.queries import list_desk_slots
from eventsys.slots.rules import SlotFormat, SlotState
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import format_span, local_name, zone
from eventsys.web.rfc3339 import parse_instant
from eventsys.web.wording import sentence

SOON = timedelta(days=14)
RECENT = timedelta(days=1)  # after its last slot a gate moves to the earlier ones
DEVICE = "gate page"


@bp.get("/gates")
@requires(Permission.MANAGE_GATES)
def gates() -> Response:
    """My gates, and a form for a new one."""
    return _gates_page(_gate_form())


@bp.post("/gates")
@requires(Permission.MANAGE_GATES)
def make_gate() -> Response:
    """Make a gate and show its token, this once."""
    form, actor = _gate_form(), current_actor()
    if not form.validate():
        return _gates_page(form, 422)
    try:
        with unit_of_work():
            gate, token = create_gate(form.name.data or "", form.slots.data or [], actor=actor)
    except Refusal as error:
        form.refuse(error)
        return _gates_page(form, status_of(error))
    return make_response(render_template("checkin/gate_made.html", gate=gate, token=token))


@bp.post("/gates/<public_id>/revoke")
@requires(Permission.MANAGE_GATES)
def revoke(public_id: str) -> Response:
    """End a gate."""
    with unit_of_work():
        revoke_gate(public_id, actor=current_actor())
    flash(gettext("The check-in point is closed. What was checked in stays."), "success")
    return redirect(url_for("checkin.gates"), 303)


@bp.get("/gates/<public_id>")
@requires(Permission.CHECK_IN)
def gate(public_id: str) -> Response:
    """The full-screen page: camera, typed code, hand scanner."""
    return _gate_page(get_gate(public_id, current_actor(), Permission.CHECK_IN))


@bp.post("/gates/<public_id>/checkins")
@requires(Permission.CHECK_IN)
def scan(public_id: str) -> Response:
    """Judge a code: JSON for the page's script, a page for a form without one."""
    actor = current_actor()
    here = get_gate(public_id, actor, Permission.CHECK_IN)
    if request.is_json:
        command = _from_json(public_id, request.get_json())
        with unit_of_work():
            answer = check_in(command, actor=actor)
        return jsonify(_shown(answer))
    form = request.form
    nonce = form.get("nonce", "") or new_public_id()
    try:
        with unit_of_work():
            answer = check_in(CheckIn(form.get("code", ""), nonce, gate=public_id, device=DEVICE), actor=actor)
        shown = _shown(answer)
    except Refusal as error:
        here = get_gate(public_id, actor, Permission.CHECK_IN)
        refused = {"result": "malformed", "message": sentence(error.code, error.fields), "scan": None}
        return _gate_page(here, refused, status_of(error))
    return _gate_page(get_gate(public_id, actor, Permission.CHECK_IN), shown)


@bp.get("/gates/<public_id>/checkins/<scan_id>/party")
@requires(Permission.CHECK_IN)
def party(public_id: str, scan_id: str) -> Response:
    """Who belongs to the party of the ticket just read, for the page's script."""
    actor = current_actor()
    get_gate(public_id, actor, Permission.CHECK_IN)
    return jsonify(items=[found_json(*row) for row in list_party(scan_id, actor)])


@bp.post("/gates/<public_id>/search")
@requires(Permission.SEARCH_ATTENDEES)
def search(public_id: str) -> Response:
    """Find who is expected here, by name or enterprise, for the page's script; on record."""
    body = request.get_json(silent=True)
    text = body.get("q") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise Invalid("required", field="q")
    with unit_of_work():
        found = [found_json(*row) for row in search_attendees(public_id, text, actor=current_actor())]
    return jsonify(items=found, next=None)


@bp.post("/gates/<public_id>/checkins/<scan_id>/annul", endpoint="annul")
@requires(Permission.CHECK_IN)
def annul_scan(public_id: str, scan_id: str) -> Response:
    """Take an admission back."""
    actor = current_actor()
    get_gate(public_id, actor, Permission.CHECK_IN)
    try:
        with unit_of_work():
            answer = annul(scan_id, actor=actor)
    except Refusal as error:
        if request.is_json:
            raise
        here = get_gate(public_id, actor, Permission.CHECK_IN)
        refused = {"result": "malformed", "message": sentence(error.code, error.fields), "scan": None}
        return _gate_page(here, refused, status_of(error))
    here = get_gate(public_id, actor, Permission.CHECK_IN)
    shown = _shown(answer) | {"counters": _counters(here)}
    return jsonify(shown) if request.is_json else _gate_page(here, shown)


def _gate_form() -> GateForm:
    form, actor = GateForm(), current_actor()
    start = now() - timedelta(hours=12)
    slots = list_desk_slots(actor, start, now() + SOON)
    form.offer([
        slot
        for slot in slots
        if slot.state is SlotState.PUBLISHED
        and slot.ends_at > now()
        and is_allowed(actor, Permission.MANAGE_GATES, slot.scope)
    ])  # fmt: skip
    return form


def _gates_page(form: GateForm, status: int = 200) -> Response:
    actor = current_actor()
    mine = [gate for gate in list_gates(actor) if is_allowed(actor, Permission.MANAGE_GATES, gate.scope)]
    current = [gate for gate in mine if not gate.slots or max(slot.ends_at for slot in gate.slots) > now() - RECENT]
    earlier = [gate for gate in mine if gate not in current]
    return make_response(render_template("checkin/gates.html", form=form, gates=current, earlier=earlier), status)


def _gate_page(here: Gate, result: dict[str, Any] | None = None, status: int = 200) -> Response:
    page = render_template(
        "checkin/gate.html",
        gate=here.name,
        is_device=False,
        search_url=url_for("checkin.search", public_id=here.public_id),
        may_override=is_allowed(current_actor(), Permission.OVERRIDE_CHECK_IN, here.scope),
        messages=gate_messages(),
        time_zone=zone().key,
        checkin_url=url_for("checkin.scan", public_id=here.public_id),
        undo_url=url_for("checkin.gate", public_id=here.public_id) + "/checkins/{scan}/annul",
        counters=_counters(here),
        nonce=new_public_id(),
        result=result,
        slots=[_slot_line(slot) for slot in here.slots],
        back_url=url_for("checkin.gates"),
    )
    return make_response(page, status)


def _counters(here: Gate) -> dict[str, int]:
    counted = count_at_gate(here)
    return {"admitted": counted.admitted, "expected": counted.expected}


def _slot_line(slot: Slot) -> dict[str, str | None]:
    place = " ".join(filter(None, [local_name(slot.place) if slot.place else "", slot.place_text]))
    door = url_for("checkin.door", public_id=slot.public_id) if slot.format is SlotFormat.SESSION else None
    walk_in = url_for("checkin.register_walk_in", public_id=slot.public_id) if takes_walk_ins(slot) else None
    about = {"title": local_name(slot), "time": format_span(slot.starts_at, slot.ends_at), "place": place}
    return about | {"door": door, "walk_in": walk_in}


def _shown(answer: Answer) -> dict[str, Any]:
    """The answer as the API gives it, with the enterprise where the page looks for it."""
    body = answer_json(answer)
    return body | {"enterprise": (body["attendee"] or {}).get("enterprise", "")}


def _from_json(gate: str, body: Any) -> CheckIn:
    """What the page's script sends. A scan older than the clocks may differ was queued while offline: history."""
    if not isinstance(body, dict):
        raise Invalid("wrong_type", field="body")
    for name in ("code", "nonce", "scanned_at"):
        if not isinstance(body.get(name, ""), str):
            raise Invalid("wrong_type", field=name)
    at = parse_instant(body["scanned_at"], "scanned_at") if body.get("scanned_at") else None
    return CheckIn(
        code=body.get("code", ""),
        nonce=body.get("nonce", ""),
        gate=gate,
        scanned_at=at,
        device=DEVICE,
        is_history=at is not None and now() - at > CLOCK_TOLERANCE,
    )
