"""Reads of gates, scans and who arrived."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.checkin.models import Gate
from eventsys.core.actor import Actor, Channel
from eventsys.core.db import db
from eventsys.core.permissions import CHECKIN
from eventsys.core.tokens import hash_token

GATE_TOKEN_PREFIX = "evg_"


def load_gate_actor(secret: str) -> Actor | None:
    """The gate behind a gate's token; one statement."""
    gate = db.session.execute(
        select(Gate.id, Gate.name).where(Gate.token_hash == hash_token(secret), Gate.revoked_at.is_(None))
    ).one_or_none()
    if gate is None:
        return None
    return Actor(name=gate.name, gate=gate.id, channel=Channel.GATE, scopes=frozenset({CHECKIN}))
