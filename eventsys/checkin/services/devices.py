"""Make phones devices of a gate, and take them out."""

from __future__ import annotations

from sqlalchemy import func, select

from eventsys.checkin.models import Gate, GateDevice, GatePairing
from eventsys.checkin.queries.devices import DEVICE_TOKEN_PREFIX, find_pairing
from eventsys.checkin.queries.gates import get_gate
from eventsys.checkin.rules import DEVICE_NAME_MAX, DEVICES_MAX, PAIRING_FOR
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.core.tokens import hash_token, new_token


def offer_pairing(gate: str, *, may_override: bool, may_search: bool, actor: Actor) -> tuple[GatePairing, str]:
    """A link that makes phones devices of the gate for the next hours, and its secret, which is told only now.

    Raises NotAllowed for a device that may override by somebody who may not.
    """
    row = get_gate(gate, actor, Permission.MANAGE_GATES)
    if may_override:
        authorize(actor, Permission.OVERRIDE_CHECK_IN, row.scope)
    secret = new_token()
    pairing = GatePairing(
        gate=row,
        secret_hash=hash_token(secret),
        may_override=may_override,
        may_search=may_search,
        created_by_id=actor.person,
        ends_at=now() + PAIRING_FOR,
    )
    db.session.add(pairing)
    db.session.flush()
    after = {"may_override": may_override, "may_search": may_search}
    audit.record(actor, "gate.pairing_offered", "gate", row.public_id, after=after)
    return pairing, secret


def pair_device(secret: str, name: str, *, actor: Actor) -> tuple[GateDevice, str]:
    """Make the phone that shows a pairing's secret a device of its gate; answers its token, told only now.

    Raises NotFound when the link has ended, Conflict `too_many_devices`.
    """
    name = clean_line(name, "name", DEVICE_NAME_MAX, required=True)
    pairing = find_pairing(secret)
    if pairing is None:
        raise NotFound()
    db.session.execute(select(Gate.id).where(Gate.id == pairing.gate_id).with_for_update())
    alive = select(func.count()).where(GateDevice.gate_id == pairing.gate_id, GateDevice.revoked_at.is_(None))
    if (db.session.scalar(alive) or 0) >= DEVICES_MAX:
        raise Conflict("too_many_devices", limit=DEVICES_MAX)
    token = new_token(DEVICE_TOKEN_PREFIX)
    device = GateDevice(
        public_id=new_public_id(),
        gate=pairing.gate,
        name=name,
        token_hash=hash_token(token),
        may_override=pairing.may_override,
        may_search=pairing.may_search,
        paired_by_id=pairing.created_by_id,
    )
    db.session.add(device)
    db.session.flush()
    audit.record(actor, "gate.device_paired", "gate", pairing.gate.public_id, after={"device": name})
    return device, token


def revoke_device(gate: str, device: str, *, actor: Actor) -> None:
    """Take a device out of a gate: its token is dead at once, its scans stay. Twice is once."""
    row = get_gate(gate, actor, Permission.MANAGE_GATES)
    query = select(GateDevice).where(GateDevice.public_id == device, GateDevice.gate_id == row.id)
    found = db.session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound()
    if found.revoked_at is None:
        found.revoked_at = now()
        audit.record(actor, "gate.device_revoked", "gate", row.public_id, after={"device": found.name})
