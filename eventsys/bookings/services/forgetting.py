"""How to reach attendees is forgotten in time (DEFAULTS: 12 months after the visit); who came stays on record."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select, update

from eventsys.bookings.models import Attendee
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot

KEPT = timedelta(days=366)  # twelve months, whichever they are
AT_ONCE = 500


def forget_contact_details() -> int:
    """Delete mobile numbers and mail addresses of attendees of slots that ended more than twelve months ago, some at a
    time; how many those were."""
    over = select(Slot.id).where(Slot.ends_at < now() - KEPT)
    found = select(Attendee.id).where(Attendee.slot_id.in_(over), or_(Attendee.phone != "", Attendee.email != ""))
    keys = db.session.scalars(found.limit(AT_ONCE)).all()
    if keys:
        db.session.execute(update(Attendee).where(Attendee.id.in_(keys)).values(phone="", email=""))
    return len(keys)
