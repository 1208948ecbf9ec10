"""Take an admission back."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.checkin.models import Scan
from eventsys.checkin.queries import lock_scan
from eventsys.checkin.rules import LET_THROUGH, PASSES, UNDO_WITHIN, ScanResult
from eventsys.checkin.services.answers import Answer
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, Scope, is_allowed


def annul(scan: str, *, actor: Actor) -> Answer:
    """Take an admission back within fifteen minutes: a row that names it. Twice is once."""
    found = lock_scan(scan)
    if found is None:
        raise NotFound()
    taken, department = found
    departments = frozenset() if department is None else frozenset({department})
    scope = Scope(departments=departments, gate=taken.gate_id)
    if not is_allowed(actor, Permission.CHECK_IN, scope):
        raise NotFound()
    if taken.result not in PASSES or (taken.shown or taken.result) not in LET_THROUGH:
        raise Conflict("not_an_admission")
    existing = db.session.scalar(select(Scan).where(Scan.annuls_id == taken.id))
    if existing is not None:
        return Answer(existing, ScanResult.ANNULLED)
    if now() - taken.received_at > UNDO_WITHIN:
        raise Conflict("too_late_to_undo", minutes=int(UNDO_WITHIN.total_seconds()) // 60)
    row = Scan(
        public_id=new_public_id(),
        nonce=f"annul-{taken.public_id}",
        code=taken.code,
        gate_id=taken.gate_id,
        slot_id=taken.slot_id,
        attendee_id=taken.attendee_id,
        direction=taken.direction,
        result=ScanResult.ANNULLED,
        scanned_at=now(),
        received_at=now(),
        actor_id=actor.person,
        actor_name=actor.name,
        annuls_id=taken.id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "scan.annulled", "scan", taken.public_id)
    return Answer(row, ScanResult.ANNULLED)
