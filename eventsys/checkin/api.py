"""The door as JSON: gates, scans one by one or as a gate's queued history, the roster."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from marshmallow import fields

from eventsys.checkin.queries import get_slot_at_door, list_gates, list_roster
from eventsys.checkin.rendering import answer_json
from eventsys.checkin.rules import (
    BATCH_MAX,
    CODE_MAX,
    GATE_NAME_MAX,
    NONCE_MAX,
    REASON_MAX,
    CheckIn,
    Direction,
    ScanResult,
)
from eventsys.checkin.services import GATE_SLOTS_MAX, annul, check_in, create_gate, revoke_gate
from eventsys.core.actor import Actor
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal, TooMany
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, requires
from eventsys.web.parsing import Choice, Input, Instant, Listed, Nested, Part, PublicId, Text, Whole, load
from eventsys.web.wording import sentence

bp = APIBlueprint("checkin_api", __name__, url_prefix="/api/v1", tag="Check-in")
DEVICE_MAX = 60


class GateOut(Part):
    """A check-in point with the slots it serves."""

    id = Text(attribute="public_id")
    name = Text()
    slots = fields.Function(
        lambda gate: [slot.public_id for slot in gate.slots],
        metadata={"type": "array", "items": {"type": "string"}, "description": "ids"},
    )


class NewGateOut(GateOut):
    """A new gate; the token is told only now."""

    token = Text()


class Gates(Part):
    """The gates, newest first."""

    items = Listed(Nested(GateOut))
    next = Text(allow_none=True)


class GateIn(Input):
    """A new gate."""

    name = Text(GATE_NAME_MAX, required=True)
    slots = Listed(PublicId(), GATE_SLOTS_MAX, required=True, metadata={"description": "ids", "minItems": 1})


class CheckInIn(Input):
    """One scan. A gate's token implies its gate; the same nonce gets the same answer."""

    code = Text(CODE_MAX, required=True, metadata={"description": "the ticket's URL, its code, or six characters"})
    nonce = Text(NONCE_MAX, required=True, metadata={"description": "a random value of this scan"})
    gate = PublicId(load_default=None, allow_none=True, metadata={"description": "id"})
    scanned_at = Instant(load_default=None, allow_none=True)
    direction = Choice(Direction, load_default=Direction.ENTRY)
    override = Text(
        REASON_MAX, load_default=None, allow_none=True, metadata={"description": "the reason to admit nevertheless"}
    )
    device = Text(DEVICE_MAX, load_default="")


class PersonOut(Part):
    """Who stands there."""

    name = Text()
    enterprise = Text()


class FirstScanOut(Part):
    """The admission that stands."""

    at = Instant()
    gate = Text(allow_none=True)
    device = Text()


class ScannedSlotOut(Part):
    """The ticket's slot."""

    id = Text()
    title = Text()
    starts_at = Instant()
    ends_at = Instant()
    place = Text()


class CountersOut(Part):
    """Over the gate's slots."""

    admitted = Whole()
    expected = Whole()


class AnswerOut(Part):
    """What a scan meant; `message` is what the steward reads."""

    scan = Text(allow_none=True, metadata={"description": "id, by which it can be annulled"})
    result = Choice(ScanResult)
    message = Text()
    attendee = Nested(PersonOut, allow_none=True)
    arrived = Whole()
    party = Whole()
    first_scan = Nested(FirstScanOut, allow_none=True)
    slot = Nested(ScannedSlotOut, allow_none=True)
    counters = Nested(CountersOut, allow_none=True)


class BatchAnswerOut(AnswerOut):
    """One of several; `code` says why an `invalid` one is."""

    nonce = Text(allow_none=True)
    code = Text()


class Batch(Part):
    """The answers in the order of the scans."""

    results = Listed(Nested(BatchAnswerOut))


class ExpectedOut(Part):
    """A named person who is expected."""

    ticket = Text()
    name = Text()
    enterprise = Text()
    booking = Text()
    is_admitted = fields.Boolean()


class Roster(Part):
    """Everyone expected, by enterprise and name."""

    items = Listed(Nested(ExpectedOut))
    next = Text(allow_none=True)
    counters = Nested(CountersOut)


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
@bp.input(CheckInIn, validation=False, arg_name="_body")
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
        command = _command(load(CheckInIn(), item), is_history=True)
        with unit_of_work():
            answer = check_in(command, actor=actor)
    except TooMany:
        raise
    except Refusal as refused:
        return _invalid(refused) | {"nonce": nonce, "code": refused.code}
    return answer_json(answer) | {"nonce": nonce}


def _invalid(refused: Refusal) -> dict[str, Any]:
    nothing = dict.fromkeys(("scan", "attendee", "first_scan", "slot", "counters"))
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
    )
