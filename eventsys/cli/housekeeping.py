"""What is thrown away in time: counters, codes and keys that nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from eventsys.accounts.services import forget_expired
from eventsys.bookings.models import IdempotencyKey
from eventsys.bookings.services import forget_contact_details
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work

IDEMPOTENCY_KEPT = timedelta(hours=24)


def clean_up() -> None:
    """Delete expired counters, one-time codes and sessions, answers kept for repeated requests, and how to reach
    attendees of long ago."""
    with unit_of_work():
        forget_expired()
    with unit_of_work():
        db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - IDEMPOTENCY_KEPT))
    with unit_of_work():
        forget_contact_details()
