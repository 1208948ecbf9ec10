"""Gates, their tokens, and what they serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, String, bindparam, cast, func, select, true
from sqlalchemy.orm import aliased, selectinload

from eventsys.checkin.models import Gate, Scan, gate_slots
from eventsys.checkin.rules import TYPED_INPUT_MAX, TYPED_WINDOW, ScanResult
from eventsys.core.actor import Actor, Channel, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import CHECKIN, GATE_ROSTER, Permission, Scope, is_allowed
from eventsys.core.tokens import hash_token
from eventsys.core.types import UtcDateTime
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING

GATE_TOKEN_PREFIX = "evg_"


@dataclass(frozen=True, slots=True)
class GateFacts:
    """A gate with the slots it serves (primary keys), how many typed codes failed there lately, and when it closed."""

    id: int
    name: str
    slots: frozenset[int]
    scope: Scope
    typed_failures: int
    revoked_at: datetime | None = None


def load_gate_actor(secret: str) -> Actor | None:
    """The gate behind a gate's token; one statement."""
    gate = db.session.execute(
        select(Gate.id, Gate.name).where(Gate.token_hash == hash_token(secret), Gate.revoked_at.is_(None))
    ).one_or_none()
    if gate is None:
        return None
    return Actor(name=gate.name, gate=gate.id, channel=Channel.GATE, scopes=frozenset({CHECKIN, GATE_ROSTER}))


def find_gate(*, key: int | None = None, public_id: str | None = None) -> GateFacts | None:
    """A gate by primary key or public id, closed or not; one statement."""
    wanted = Gate.id == key if key is not None else Gate.public_id == public_id
    return gate_facts(db.session.execute(select(*gate_columns()).where(wanted), {"since": typed_since()}).all())


def gate_columns() -> tuple[ColumnElement[Any], ...]:
    """What `gate_facts` reads of a gate's row; the statement takes `since` (`typed_since()`)."""
    served = aliased(Slot)
    slots = (
        select(func.aggregate_strings(cast(served.id, String) + ":" + cast(served.department_id, String), ","))
        .join(gate_slots, gate_slots.c.slot_id == served.id)
        .where(gate_slots.c.gate_id == Gate.id)
        .correlate(Gate)
        .scalar_subquery()
    )
    return (
        Gate.id.label("gate_id"),
        Gate.name.label("gate_name"),
        Gate.revoked_at.label("gate_revoked_at"),
        slots.label("gate_serves"),
        _typed_failures().label("gate_failures"),
    )


def gate_facts(rows: Sequence[Any]) -> GateFacts | None:
    """The gate of the first row, if there is one."""
    if not rows or rows[0].gate_id is None:
        return None
    row = rows[0]
    served = [tuple(map(int, pair.split(":"))) for pair in (row.gate_serves or "").split(",") if pair]
    scope = Scope(departments=frozenset(department for _, department in served), gate=row.gate_id)
    slots = frozenset(slot for slot, _ in served)
    return GateFacts(row.gate_id, row.gate_name, slots, scope, row.gate_failures, row.gate_revoked_at)


def typed_since() -> datetime:
    """From when on typed codes that failed count for the brake."""
    return now() - TYPED_WINDOW


def list_gates(actor: Actor) -> Sequence[Gate]:
    """The gates that serve a slot of the actor's departments (or their own gate), newest first."""
    mine: ColumnElement[bool] = true()
    departments = actor.departments(Role.CLERK, Role.STEWARD)
    if actor.gate is not None:
        mine = Gate.id == actor.gate
    elif departments and not actor.has(*EVERYTHING):
        mine = Gate.slots.any(Slot.department_id.in_(departments))
    query = select(Gate).where(mine, Gate.revoked_at.is_(None)).options(selectinload(Gate.slots))
    return db.session.scalars(query.order_by(Gate.id.desc()).limit(200)).all()


def get_gate(public_id: str, actor: Actor, permission: Permission) -> Gate:
    """A live gate with its slots, at which `actor` has `permission`; NotFound otherwise."""
    query = select(Gate).where(Gate.public_id == public_id, Gate.revoked_at.is_(None))
    gate = db.session.scalars(query.options(selectinload(Gate.slots).joinedload(Slot.place))).one_or_none()
    if gate is None or not is_allowed(actor, permission, gate.scope):
        raise NotFound()
    return gate


def _typed_failures() -> ScalarSelect[int]:
    """Of a gate's row: how many typed codes failed there within the window of the brake."""
    return (
        select(func.count())
        .where(
            Scan.gate_id == Gate.id,
            Scan.result == ScanResult.UNKNOWN,
            Scan.received_at > bindparam("since", type_=UtcDateTime),
            func.length(Scan.code) <= TYPED_INPUT_MAX,
        )
        .correlate(Gate)
        .scalar_subquery()
    )
