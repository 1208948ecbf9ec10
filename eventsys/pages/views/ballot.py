"""The draw of a slot, for everybody to check: the seed's hash before it, the seed and the whole list after it."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, json, render_template

from eventsys.bookings.queries.ballot import list_outcomes, result_of
from eventsys.bookings.rules import TAKES_PLACES, BookingState
from eventsys.bookings.rules.ballot import ALGORITHM, Result
from eventsys.core.actor import Actor
from eventsys.core.errors import NotFound
from eventsys.directory.contact_queries import list_own_enterprises
from eventsys.pages.views.blueprint import slots_bp
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot
from eventsys.web.guards import current_actor, public
from eventsys.web.rfc3339 import format_instant


@slots_bp.get("/slots/<public_id>/ballot")
@public
def ballot(public_id: str) -> str:
    """How the slot is drawn, and the result once there is one."""
    actor = current_actor()
    slot = _get_ballot_slot(public_id, actor)
    own = {enterprise.credit_code for enterprise in list_own_enterprises(actor)} if actor.enterprises() else set()
    return render_template(
        "slots/ballot.html",
        slot=slot,
        ballot=slot.ballot,
        result=result_of(slot),
        outcomes={code: _outcome(state) for code, state in list_outcomes(slot.id).items()} if slot.drawn_at else {},
        own=own,
        registers_until=min(slot.closes_at, slot.draw_at or slot.closes_at),
    )


@slots_bp.get("/slots/<public_id>/ballot.json")
@public
def ballot_result(public_id: str) -> Response:
    """The result as a file that `eventsys ballot verify` reads, the same for ever; NotFound before the draw."""
    slot = _get_ballot_slot(public_id, current_actor())
    result = result_of(slot)
    if result is None:
        raise NotFound()
    answer = Response(_file(slot, result), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="ballot-{slot.public_id}.json"'
    return answer


def _get_ballot_slot(public_id: str, actor: Actor) -> Slot:
    slot = get_visible_slot(public_id, actor)
    if slot.draw_at is None:
        raise NotFound()
    return slot


def _outcome(state: BookingState) -> str:
    """What the public is told of a booking: whether the enterprise has a place, waits, or is out."""
    if state in TAKES_PLACES:
        return "placed"
    return "waiting" if state is BookingState.WAITLISTED else "out"


def _file(slot: Slot, result: Result) -> str:
    content = {"algorithm": ALGORITHM, "is_weighted": slot.is_draw_weighted, **asdict(result)}
    for name in ("draw_at", "drawn_at"):
        content[name] = format_instant(getattr(slot, name))
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
