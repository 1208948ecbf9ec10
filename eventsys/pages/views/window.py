"""Whether a slot can be booked now, for pages that count down to its opening: small, and the same for everybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import jsonify, request
from werkzeug.wrappers import Response

from eventsys.bookings.queries import facts_of
from eventsys.bookings.rules import SlotFacts, refusal
from eventsys.core.clock import now
from eventsys.pages.views.blueprint import slots_bp
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.rules import SlotState
from eventsys.web.guards import current_actor, public
from eventsys.web.rfc3339 import format_instant

KEPT_SECONDS = 5


@slots_bp.get("/slots/<public_id>/window.json")
@public
def window(public_id: str) -> Response:
    """The window and what is left, for who is not invited by name. Caches may keep it for some seconds, but for none
    past the opening; what not everybody may see is kept by nobody."""
    slot, at = get_visible_slot(public_id, current_actor(), in_detail=False), now()
    facts = facts_of(slot)
    told = _told(facts, at)
    answer = jsonify({**told, "now": format_instant(at)})
    if slot.is_hidden or slot.state is SlotState.DRAFT:
        answer.cache_control.private = answer.cache_control.no_store = True
        return answer
    answer.cache_control.public, answer.cache_control.max_age = True, _seconds_kept(facts, at)
    answer.set_etag(sha256(repr(told).encode()).hexdigest()[:16], weak=True)  # `now` differs in what is the same
    return answer.make_conditional(request)


@slots_bp.app_template_global("seconds_until")
def seconds_until(at: datetime) -> float:
    """How long it is until then, for a page that counts down: the clock of a phone may be wrong."""
    return max(0.0, (at - now()).total_seconds())


def _told(facts: SlotFacts, at: datetime) -> dict[str, Any]:
    opens_at = facts.opens_for(is_invited=False)
    return {
        "opens_at": format_instant(opens_at) if opens_at else None,
        "closes_at": format_instant(facts.closes_at),
        "is_open": refusal(facts, 1, at, on_behalf=False, is_invited=False) is None,
        "places_left": facts.places_left,
        "attendee_places_left": facts.people_left,
        "waiting": facts.waiting,
    }


def _seconds_kept(facts: SlotFacts, at: datetime) -> int:
    """Whole seconds until the answer may be another one by the clock alone, five at most."""
    changes = (facts.opens_for(is_invited=False), facts.closes_at, facts.starts_at, facts.draw_at)
    to_come = [moment - at for moment in changes if moment is not None and moment > at]
    return min(timedelta(seconds=KEPT_SECONDS), *to_come).seconds if to_come else KEPT_SECONDS
