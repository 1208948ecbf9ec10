"""A coordinator lets an enterprise book a slot beyond its quotas."""

from __future__ import annotations

from sqlalchemy import select

from eventsys.bookings.models import QuotaException
from eventsys.bookings.rules import REASON_MAX
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.slots.models import Slot


def grant_exception(slot: str, enterprise: int, reason: str, *, actor: Actor) -> None:
    """Let the enterprise (primary key) book the slot (public id) beyond its quotas; the reason is recorded."""
    reason = clean_line(reason, "reason", REASON_MAX, required=True)
    owner = lock_enterprise(enterprise)
    found = db.session.scalars(select(Slot).where(Slot.public_id == slot)).one_or_none()
    if found is None or owner is None:
        raise NotFound()
    authorize(actor, Permission.GRANT_EXCEPTION, found.scope)
    existing = db.session.get(QuotaException, (found.id, owner.id))
    if existing is None:
        row = QuotaException(slot_id=found.id, enterprise_id=owner.id, reason=reason)
        row.granted_by_id, row.granted_by = actor.person, actor.name[:60]
        db.session.add(row)
    else:
        existing.reason, existing.granted_by_id, existing.granted_by = reason, actor.person, actor.name[:60]
    db.session.flush()  # whoever books in the same unit of work finds it
    audit.record(
        actor, "quota.exception_granted", "slot", found.public_id, after={"enterprise": owner.public_id}, reason=reason
    )
