"""Make and revoke gates."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from eventsys.checkin.models import Gate
from eventsys.checkin.queries import (
    GATE_TOKEN_PREFIX,
)
from eventsys.checkin.rules import (
    GATE_NAME_MAX,
)
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotFound
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, is_allowed
from eventsys.core.text import clean_line
from eventsys.core.tokens import hash_token, new_token
from eventsys.slots.models import Slot

GATE_SLOTS_MAX = 50


def create_gate(name: str, slots: Sequence[str], *, actor: Actor) -> tuple[Gate, str]:
    """A gate that serves these slots (public ids), and its token, which is shown only now."""
    name = clean_line(name, "name", GATE_NAME_MAX, required=True)
    if not 1 <= len(slots) <= GATE_SLOTS_MAX:
        raise Invalid("out_of_range", field="slots", minimum=1, maximum=GATE_SLOTS_MAX)
    rows = list(db.session.scalars(select(Slot).where(Slot.public_id.in_(slots))))
    if len(rows) != len(set(slots)) or not all(is_allowed(actor, Permission.MANAGE_GATES, row.scope) for row in rows):
        raise Invalid("unknown_slot", field="slots")
    token = new_token(GATE_TOKEN_PREFIX)
    gate = Gate(
        public_id=new_public_id(), name=name, token_hash=hash_token(token), created_by_id=actor.person, slots=rows
    )
    db.session.add(gate)
    db.session.flush()
    audit.record(actor, "gate.created", "gate", gate.public_id, after={"name": name, "slots": list(slots)})
    return gate, token


def revoke_gate(public_id: str, *, actor: Actor) -> None:
    """End a gate: its token is dead at once, its scans stay."""
    gate = db.session.scalars(select(Gate).where(Gate.public_id == public_id)).one_or_none()
    if gate is None or not is_allowed(actor, Permission.MANAGE_GATES, gate.scope):
        raise NotFound()
    gate.revoked_at = gate.revoked_at or now()
    audit.record(actor, "gate.revoked", "gate", gate.public_id)
