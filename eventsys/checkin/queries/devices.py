"""Phones at gates, and the links that make them devices of one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from eventsys.checkin.models import Gate, GateDevice, GatePairing
from eventsys.checkin.rules import HISTORY_FOR
from eventsys.core.actor import Actor, Channel
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.permissions import CHECKIN, GATE_OVERRIDE, GATE_SEARCH
from eventsys.core.tokens import hash_token
from eventsys.slots.models import Slot

DEVICE_TOKEN_PREFIX = "evd_"


def load_device_actor(secret: str) -> Actor | None:
    """The device behind a device's token, for as long as its gate is open or takes its history; one statement."""
    device = db.session.execute(
        select(GateDevice.name, GateDevice.gate_id, GateDevice.may_override, GateDevice.may_search, Gate.name)
        .join(Gate, Gate.id == GateDevice.gate_id)
        .where(
            GateDevice.token_hash == hash_token(secret),
            GateDevice.revoked_at.is_(None),
            or_(Gate.revoked_at.is_(None), Gate.revoked_at > now() - HISTORY_FOR),
        )
    ).one_or_none()
    if device is None:
        return None
    name, gate, may_override, may_search, at = device
    scopes = {CHECKIN} | ({GATE_OVERRIDE} if may_override else set()) | ({GATE_SEARCH} if may_search else set())
    return Actor(name=f"{at} · {name}", gate=gate, channel=Channel.GATE, scopes=frozenset(scopes))


def find_pairing(secret: str) -> GatePairing | None:
    """The pairing behind a link that has not ended, of a gate that is open, with the gate's slots."""
    query = (
        select(GatePairing)
        .join(GatePairing.gate)
        .where(GatePairing.secret_hash == hash_token(secret), GatePairing.ends_at > now(), Gate.revoked_at.is_(None))
        .options(joinedload(GatePairing.gate).options(selectinload(Gate.slots).joinedload(Slot.place)))
    )
    return db.session.scalars(query).one_or_none()


def list_devices(gates: Collection[int]) -> Sequence[GateDevice]:
    """The live devices of the gates (primary keys), oldest first."""
    query = select(GateDevice).where(GateDevice.gate_id.in_(gates), GateDevice.revoked_at.is_(None))
    return db.session.scalars(query.order_by(GateDevice.id)).all()
