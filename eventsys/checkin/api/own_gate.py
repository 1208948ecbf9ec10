"""The gate of the token: what it needs to work without a network, who is expected there, and who just comes."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from eventsys.bookings.rules import NewAttendee
from eventsys.checkin.api.routes import bp
from eventsys.checkin.api.schemas import AnswerOut, Found, OfflineRosterOut, SearchIn, WalkInIn
from eventsys.checkin.queries import get_own_gate, list_party, offline_roster, roster_revision
from eventsys.checkin.rendering import answer_json, found_json, offline_json
from eventsys.checkin.services import search_attendees, walk_in_with_steward
from eventsys.core.db import unit_of_work
from eventsys.core.permissions import Permission
from eventsys.web.guards import current_actor, requires


@bp.get("/gates/self/roster")
@requires(Permission.CHECK_IN)
@bp.output(OfflineRosterOut)
@bp.doc(responses=[304, 404])
def own_roster() -> Response:
    """What the gate of the token needs to judge codes without a network: no name can be read in it without the
    ticket's own code. With an ETag: ask again with If-None-Match."""
    actor = current_actor()
    gate = get_own_gate(actor.gate)
    revision = roster_revision(gate)
    if revision in request.if_none_match:
        answer = Response(status=304)
    else:
        answer = jsonify(offline_json(gate, actor, offline_roster(gate)))
    answer.set_etag(revision)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@bp.get("/checkins/<scan>/party")
@requires(Permission.CHECK_IN)
@bp.output(Found)
@bp.doc(responses=[404])
def party(scan: str) -> Response:
    """Who belongs to the party of the ticket just read, so that the others can be ticked."""
    return jsonify(items=[found_json(*row) for row in list_party(scan, current_actor())], next=None)


@bp.post("/slots/<slot>/walk-ins")
@requires(Permission.CHECK_IN)
@bp.input(WalkInIn, arg_name="body")
@bp.output(AnswerOut)
@bp.doc(responses=[404, 409])
def walk_in(slot: str, body: dict[str, Any]) -> Response:
    """Register at the door somebody who has not booked, while places are left or the slot may grow, and check them in.
    The same person again is `already_admitted`."""
    person = NewAttendee(body["name"], body["phone"])
    with unit_of_work():
        answer = walk_in_with_steward(slot, body["enterprise"], person, actor=current_actor())
        told = answer_json(answer)
    return jsonify(told)


@bp.post("/gates/self/search")
@requires(Permission.SEARCH_ATTENDEES)
@bp.input(SearchIn, arg_name="body")
@bp.output(Found)
@bp.doc(responses=[404])
def search(body: dict[str, Any]) -> Response:
    """Find who is expected at the gate of the token, by name or enterprise. Each search is on record."""
    actor = current_actor()
    gate = get_own_gate(actor.gate)
    with unit_of_work():
        found = [found_json(*row) for row in search_attendees(gate.public_id, body["q"], actor=actor)]
    return jsonify(items=found, next=None)
