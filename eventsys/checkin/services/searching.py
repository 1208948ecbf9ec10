"""Find somebody at the door by name: for who may, with two letters or more, so often a minute, and on record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from eventsys.accounts.rules import NAME_MAX
from eventsys.bookings.models import Attendee
from eventsys.checkin.queries import find_expected
from eventsys.checkin.queries.gates import get_gate
from eventsys.checkin.rules import SEARCH_MIN, SEARCHES_A_MINUTE, TYPED_WINDOW
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid, TooMany
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_line

SEARCHED = "gate.searched"


def search_attendees(gate: str, text: str, *, actor: Actor) -> Sequence[tuple[Attendee, bool]]:
    """Who is expected at the gate (public id) and called like this, or of an enterprise called like this, with whether
    they are here; at most twenty.

    Raises NotFound for a gate at which the actor may not search, Invalid `too_short`, TooMany.
    """
    here = get_gate(gate, actor, Permission.SEARCH_ATTENDEES)
    text = clean_line(text, "q", NAME_MAX, required=True)
    if len(text) < SEARCH_MIN:
        raise Invalid("too_short", field="q", minimum=SEARCH_MIN)
    lately = select(func.count()).where(
        AuditEntry.object_type == "gate",
        AuditEntry.object_id == here.public_id,
        AuditEntry.action == SEARCHED,
        AuditEntry.at > now() - TYPED_WINDOW,
    )
    if (db.session.scalar(lately) or 0) >= SEARCHES_A_MINUTE:
        raise TooMany("too_many", retry_after=int(TYPED_WINDOW.total_seconds()))
    audit.record(actor, SEARCHED, "gate", here.public_id, after={"q": text})
    return find_expected(text, [slot.id for slot in here.slots])
