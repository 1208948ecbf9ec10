"""Reads of draws: what is due, who registered with how many chances, what came out, and the evidence of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from eventsys.bookings.models import Booking
from eventsys.bookings.queries.queue import BATCH
from eventsys.bookings.rules import BookingState
from eventsys.bookings.rules.ballot import Evidence, Result, read_entries
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Ballot, Slot
from eventsys.slots.rules import SlotState

# Whoever waits as before the draw: being told of it changes a booking.
UNTOLD = (
    Booking.state == BookingState.WAITLISTED,
    Booking.queue_number.is_not(None),
    Booking.changed_at < Slot.drawn_at,
)


def list_slots_to_draw() -> Sequence[str]:
    """Public ids of published slots to come whose draw is due."""
    query = select(Slot.public_id).where(
        Slot.draw_at <= now(), Slot.drawn_at.is_(None), Slot.state == SlotState.PUBLISHED, Slot.starts_at > now()
    )
    return db.session.scalars(query.order_by(Slot.draw_at, Slot.id).limit(BATCH)).all()


def list_registered(slot_id: int) -> Sequence[Booking]:
    """The registrations of a locked slot that is not drawn yet, with their enterprises."""
    query = select(Booking).where(Booking.slot_id == slot_id, Booking.state == BookingState.WAITLISTED)
    query = query.options(joinedload(Booking.enterprise)).order_by(Booking.id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).all()


def last_served(slot_id: int, before: datetime) -> dict[int, datetime]:
    """When the enterprises that registered for the slot last had a booking of another one that was over before then:
    its start by primary key."""
    registered = select(Booking.enterprise_id).where(
        Booking.slot_id == slot_id, Booking.state == BookingState.WAITLISTED
    )
    rows = db.session.execute(
        select(Booking.enterprise_id, func.max(Slot.starts_at))
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Booking.enterprise_id.in_(registered), Booking.state == BookingState.CONFIRMED, Slot.ends_at <= before)
        .group_by(Booking.enterprise_id)
    )
    return {row[0]: row[1] for row in rows}


def list_slots_with_untold() -> Sequence[str]:
    """Public ids of slots in which somebody waits who has not heard yet of the draw."""
    untold = select(Booking.id).where(Booking.slot_id == Slot.id, *UNTOLD)
    query = select(Slot.public_id).where(Slot.waiting > 0, Slot.drawn_at.is_not(None), Slot.starts_at > now())
    return db.session.scalars(query.where(untold.exists()).order_by(Slot.id).limit(BATCH)).all()


def list_untold(slot: str) -> Sequence[Booking]:
    """Some bookings of a slot (public id) that wait and have not heard of the draw, in drawn order."""
    query = (
        select(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Slot.public_id == slot, *UNTOLD)
        .options(joinedload(Booking.enterprise), selectinload(Booking.attendees))
        .order_by(Booking.queue_number)
    )
    return db.session.scalars(query.limit(BATCH), execution_options={"populate_existing": True}).all()


def result_of(slot: Slot) -> Result | None:
    """The result of the slot's draw; None before it."""
    ballot = db.session.get(Ballot, slot.id)
    if ballot is None or slot.drawn_at is None:
        return None
    return Result(slot.public_id, ballot.seed, ballot.seed_hash, read_entries(ballot.entries))


def list_outcomes(slot_id: int) -> dict[str, BookingState]:
    """By credit code, the state of each enterprise's latest booking of the slot."""
    rows = db.session.execute(
        select(Enterprise.credit_code, Booking.state)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .where(Booking.slot_id == slot_id)
        .order_by(Booking.id)
    )
    return {row[0]: row[1] for row in rows}


def evidence_of(slot: Slot) -> Evidence:
    """What the trail says of the slot's draw."""
    rows = db.session.execute(
        select(AuditEntry.after, Booking.state, Booking.queue_number)
        .join(Booking, Booking.public_id == AuditEntry.object_id)
        .where(Booking.slot_id == slot.id, AuditEntry.object_type == "booking", AuditEntry.action == "booking.drawn")
    )
    numbers = ((row[0]["queue_number"], row[2] if row[1] is BookingState.WAITLISTED else None) for row in rows)
    return Evidence(
        seed_hash=_told(slot, "slot.draw_sealed").get("seed_hash", ""),
        digest=_told(slot, "slot.drawn").get("result", ""),
        numbers=tuple(numbers),
    )


def _told(slot: Slot, action: str) -> dict[str, Any]:
    """What the trail's first entry of that kind says of the slot."""
    query = select(AuditEntry.after).where(
        AuditEntry.object_type == "slot", AuditEntry.object_id == slot.public_id, AuditEntry.action == action
    )
    return db.session.scalars(query.order_by(AuditEntry.id).limit(1)).one_or_none() or {}
