"""Reads of the waiting list, of what lapses and of what waits for an answer.

A chore that writes into bookings of many slots takes what nobody else changes just now and comes back for the rest: it
holds bookings and waits for none, so it is in nobody's circle.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from eventsys.bookings.models import Booking
from eventsys.bookings.queries.planned_visits import is_planned
from eventsys.bookings.rules import BookingState, Waiting
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState

BATCH = 100
TOLD_AGAIN_AFTER = timedelta(hours=1)


def list_queue(slot_id: int) -> Sequence[Waiting]:
    """Who waits for the slot, first come first; registrations for a draw to come are not in it."""
    rows = db.session.execute(
        select(Booking.id, Booking.party, Booking.party_min, Booking.passed_over, Booking.passed_since)
        .where(
            Booking.slot_id == slot_id,
            Booking.state == BookingState.WAITLISTED,
            Booking.queue_number.is_not(None),
        )
        .order_by(Booking.queue_number)
    )
    return [Waiting(*row) for row in rows]


def place_in_queue(booking: Booking) -> int | None:
    """Which number the booking is among those who wait; None when it does not, or waits for the draw."""
    if booking.state is not BookingState.WAITLISTED or booking.queue_number is None:
        return None
    return places_in_queue([booking])[booking.id]


def places_in_queue(bookings: Collection[Booking]) -> dict[int, int]:
    """The number of each that waits, by primary key; one statement."""
    keys = [item.id for item in bookings if item.state is BookingState.WAITLISTED and item.queue_number is not None]
    if not keys:
        return {}
    own, other = aliased(Booking), aliased(Booking)
    ahead = (
        select(func.count(other.id))
        .where(
            other.slot_id == own.slot_id,
            other.state == BookingState.WAITLISTED,
            other.queue_number < own.queue_number,
        )
        .correlate(own)
        .scalar_subquery()
    )
    return {row[0]: row[1] + 1 for row in db.session.execute(select(own.id, ahead).where(own.id.in_(keys)))}


def list_slots_to_serve() -> Sequence[str]:
    """Public ids of slots in which a hold or offer has lapsed, or places are free while somebody waits.

    Those where time passed come first; the others in any order, or some whose queue is kept out would keep all others
    from their turn.
    """
    lapsed = and_(Slot.lapses_at.is_not(None), Slot.lapses_at <= now())
    free = and_(
        Slot.waiting > 0,
        Slot.state == SlotState.PUBLISHED,
        _has_room(),
        or_(Slot.draw_at.is_(None), Slot.drawn_at.is_not(None)),
        Slot.queue_until > now(),
    )
    return db.session.scalars(
        select(Slot.public_id).where(or_(lapsed, free)).order_by(~lapsed, func.random()).limit(BATCH)
    ).all()


def _has_room() -> ColumnElement[bool]:
    people = or_(Slot.attendee_capacity.is_(None), Slot.people_taken < Slot.attendee_capacity)
    return and_(Slot.places_taken < Slot.capacity, people)


def list_slots_over() -> Sequence[str]:
    """Public ids of slots that are over while somebody still waits."""
    query = select(Slot.public_id).where(Slot.waiting > 0, Slot.ends_at <= now())
    return db.session.scalars(query.order_by(Slot.id).limit(BATCH)).all()


def list_lapsed_offers(slot: str) -> Sequence[str]:
    """Public ids of the offers of a slot (public id) whose deadline has passed."""
    query = (
        select(Booking.public_id)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Slot.public_id == slot, Booking.state == BookingState.OFFERED, Booking.lapses_at <= now())
    )
    return db.session.scalars(query.order_by(Booking.id)).all()


def list_pending_since(remind_before: datetime) -> Sequence[Booking]:
    """Bookings that wait for the department: those overdue, and those not reminded of that waited since before then."""
    due = or_(
        and_(Booking.reminded_at.is_(None), Booking.changed_at <= remind_before),
        and_(Booking.escalated_at.is_(None), Booking.approve_by <= now()),
    )
    waits_for_us = and_(Booking.state == BookingState.PENDING, ~is_planned())  # a planned visit: for the enterprise
    query = select(Booking).where(waits_for_us, due).options(joinedload(Booking.slot))
    query = query.with_for_update(of=Booking, skip_locked=True)
    return db.session.scalars(query.order_by(Booking.id).limit(BATCH)).all()


def list_unreconfirmed() -> Sequence[Booking]:
    """Bookings whose enterprises should have said by now whether they come at the new time."""
    query = select(Booking).where(Booking.reconfirm_by <= now()).options(joinedload(Booking.slot))
    query = query.with_for_update(of=Booking, skip_locked=True)
    return db.session.scalars(query.order_by(Booking.id).limit(BATCH)).all()


def list_waiting(slot: str) -> Sequence[str]:
    """Public ids of who waits for a slot or has an offer of it (public id), first come first."""
    query = (
        select(Booking.public_id)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Slot.public_id == slot, Booking.state.in_([BookingState.WAITLISTED, BookingState.OFFERED]))
    )
    return db.session.scalars(query.order_by(Booking.queue_number, Booking.id)).all()


def list_waiting_untold(slot_id: int) -> Sequence[Booking]:
    """Who waits for a slot and was not told lately that its places are open to all."""
    untold = or_(Booking.reminded_at.is_(None), Booking.reminded_at < now() - TOLD_AGAIN_AFTER)
    query = select(Booking).where(Booking.slot_id == slot_id, Booking.state == BookingState.WAITLISTED, untold)
    query = query.options(joinedload(Booking.attendees)).with_for_update(of=Booking, skip_locked=True)
    query = query.order_by(Booking.queue_number)
    return db.session.scalars(query, execution_options={"populate_existing": True}).unique().all()


def list_slots_reopened() -> Sequence[str]:
    """Public ids of slots to come with free places whose queue orders no more, while somebody waits untold."""
    untold = select(Booking.id).where(
        Booking.slot_id == Slot.id, Booking.state == BookingState.WAITLISTED, Booking.reminded_at.is_(None)
    )
    query = select(Slot.public_id).where(
        Slot.waiting > 0,
        Slot.state == SlotState.PUBLISHED,
        Slot.queue_until <= now(),
        Slot.starts_at > now(),
        _has_room(),
        untold.exists(),
    )
    return db.session.scalars(query.order_by(Slot.id).limit(BATCH)).all()
