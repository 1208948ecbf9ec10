"""The door as JSON: gates, scans one by one or as a gate's queued history, the roster, the release of places."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from eventsys.checkin.api.schemas import (
    AnswerOut,
    Batch,
    CheckInIn,
    Conflicts,
    GateIn,
    GateOut,
    Gates,
    HistoryIn,
    NewGateOut,
    Released,
    Roster,
)
from eventsys.checkin.queries import get_slot_at_door, list_conflicts, list_gates, list_roster
from eventsys.checkin.rendering import answer_json, conflict_json
from eventsys.checkin.rules import BATCH_MAX, CheckIn, ScanResult
from eventsys.checkin.services import annul, check_in, create_gate, release_places, revoke_gate
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal, TooMany
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, requires
from eventsys.web.parsing import load
from eventsys.web.wording import sentence

bp = APIBlueprint("checkin_api", __name__, url_prefix="/api/v1", tag="Check-in")


@bp.after_request
def tell_the_time(answer: Response) -> Response:
    """The server's time in milliseconds: gates go by it when they are offline, and Date knows only whole seconds."""
    answer.headers["X-Served-At"] = str(int(now().timestamp() * 1000))
    return answer


@bp.get("/slots/<slot>/roster")
@requires(Permission.SEE_ROSTER)
@bp.output(Roster)
def roster(slot: str) -> Response:
    """Who is expected in a slot and who is here."""
    rows = list_roster(get_slot_at_door(slot, current_actor()).id)
    items = [
        {
            "ticket": attendee.public_id,
            "name": attendee.name,
            "enterprise": attendee.booking.enterprise.name,
            "booking": attendee.booking.public_id,
            "is_admitted": is_admitted,
        }
        for attendee, is_admitted in rows
    ]
    counters = {"admitted": sum(is_admitted for _, is_admitted in rows), "expected": len(rows)}
    return jsonify(items=items, next=None, counters=counters)


@bp.get("/slots/<slot>/conflicts")
@requires(Permission.SEE_ROSTER)
@bp.output(Conflicts)
def conflicts(slot: str) -> Response:
    """What gates let through while they were offline, and should not have."""
    found = list_conflicts(get_slot_at_door(slot, current_actor()))
    return jsonify(items=[conflict_json(conflict) for conflict in found], next=None)


@bp.post("/slots/<slot>/release")
@requires(Permission.RELEASE_PLACES)
@bp.output(Released)
@bp.doc(responses=[404, 409])
def release(slot: str) -> Response:
    """Give up the places of those booked who have not come some minutes after the start (a setting), so that who waits
    at the door can be let in. Again, it ends who has not come since."""
    actor = current_actor()
    with unit_of_work():
        ended = [booking.public_id for booking in release_places(slot, actor=actor)]
    left = get_slot_at_door(slot, actor, Permission.RELEASE_PLACES)
    return jsonify(bookings=ended, places_left=left.places_left, attendee_places_left=left.attendee_places_left)


@bp.get("/gates")
@requires(Permission.MANAGE_GATES, Permission.CHECK_IN)
@bp.output(Gates)
def gates() -> Any:
    """List the gates of your slots; a gate's token sees its own."""
    return {"items": list_gates(current_actor()), "next": None}


@bp.post("/gates")
@requires(Permission.MANAGE_GATES)
@bp.input(GateIn, arg_name="body")
@bp.output(NewGateOut, 201)
def add_gate(body: dict[str, Any]) -> Response:
    """Make a gate. Its token admits at this gate and does nothing else."""
    with unit_of_work():
        gate, token = create_gate(body["name"], body["slots"], actor=current_actor())
    answer = jsonify(GateOut().dump(gate) | {"token": token})
    answer.status_code = 201
    return answer


@bp.delete("/gates/<gate>")
@requires(Permission.MANAGE_GATES)
@bp.output({}, 204)
def remove_gate(gate: str) -> Response:
    """End a gate: its token is dead at once, its scans stay."""
    with unit_of_work():
        revoke_gate(gate, actor=current_actor())
    return Response(status=204)


@bp.post("/checkins")
@requires(Permission.CHECK_IN)
@bp.input(CheckInIn, arg_name="body")
@bp.output(AnswerOut)
@bp.doc(responses=[404, 409])
def scan(body: dict[str, Any]) -> Response:
    """Judge one scan."""
    command = _command(body)
    with unit_of_work():
        answer = check_in(command, actor=current_actor())
    return jsonify(answer_json(answer))


@bp.post("/checkins/<scan>/annul")
@requires(Permission.CHECK_IN)
@bp.output(AnswerOut)
@bp.doc(responses=[409])
def take_back(scan: str) -> Response:
    """Take an admission back within fifteen minutes."""
    with unit_of_work():
        answer = annul(scan, actor=current_actor())
    return jsonify(answer_json(answer))


@bp.post("/checkins/batch")
@requires(Permission.CHECK_IN)
@bp.input(HistoryIn, validation=False, arg_name="_body")
@bp.output(Batch)
def batch(_body: Any) -> Response:
    """Upload a gate's queued history. Each scan is judged at its own time; what cannot be read is `invalid`."""
    sent = request.get_json() if request.data else None
    if not isinstance(sent, list):
        raise Invalid("wrong_type")
    if len(sent) > BATCH_MAX:
        raise Invalid("too_many_items", limit=BATCH_MAX)
    actor = current_actor()
    return jsonify(results=[_judge_history(item, actor) for item in sent])


def _judge_history(item: Any, actor: Actor) -> dict[str, Any]:
    """One scan of a batch in a transaction of its own; a refusal is its result.

    TooMany stops the whole upload: repeated later with the same nonces, it loses nothing and doubles nothing.
    """
    nonce = item.get("nonce") if isinstance(item, dict) and isinstance(item.get("nonce"), str) else None
    try:
        command = _command(load(HistoryIn(), item), is_history=True)
        with unit_of_work():
            answer = check_in(command, actor=actor)
    except TooMany:
        raise
    except Refusal as refused:
        return _invalid(refused) | {"nonce": nonce, "code": refused.code}
    return answer_json(answer) | {"nonce": nonce}


def _invalid(refused: Refusal) -> dict[str, Any]:
    nothing = dict.fromkeys(("scan", "shown", "attendee", "first_scan", "slot", "counters"))
    return {
        **nothing,
        "result": ScanResult.INVALID.value,
        "message": sentence(refused.code, refused.fields),
        "arrived": 0,
        "party": 0,
    }


def _command(body: dict[str, Any], *, is_history: bool = False) -> CheckIn:
    override = body["override"]
    if override is not None and not override.strip():
        raise Invalid("override_reason", field="override")
    return CheckIn(
        code=body["code"],
        nonce=body["nonce"],
        gate=body["gate"],
        scanned_at=body["scanned_at"],
        direction=body["direction"],
        override_reason=override or "",
        device=body["device"],
        is_history=is_history,
        shown=body.get("shown"),
    )
