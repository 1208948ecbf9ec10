"""Reads beside the hot statement, of a slot that is locked or shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState, SlotFacts
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.queries import settled


def facts_of(slot: Slot) -> SlotFacts:
    """What the rules decide from."""
    return SlotFacts(
        slot.state,
        slot.starts_at,
        slot.opens_at,
        slot.closes_at,
        slot.places_left,
        slot.attendee_places_left,
        slot.party_max,
        slot.queue_until,
        slot.attendee_capacity,
        slot.waiting,
        slot.invited_until,
        slot.draw_at,
        slot.drawn_at is not None,
        slot.needs_approval,
    )


def lock_slot(slot_id: int) -> Slot:
    """The slot's row, locked, with what messages tell of it. Who only refers to the slot, as a scan does, does not wait
    for it: a gate that holds an attendee and waited here would deadlock with whoever names attendees."""
    slot = db.session.scalars(
        select(Slot)
        .where(Slot.id == slot_id)
        .options(joinedload(Slot.department), joinedload(Slot.place))
        .with_for_update(of=Slot, key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    return settled(slot)


def get_own(booking_id: int) -> Booking:
    """The enterprise's own booking of a slot that is locked, as it is now, with its attendees."""
    return db.session.scalars(
        select(Booking)
        .where(Booking.id == booking_id)
        .options(joinedload(Booking.enterprise), joinedload(Booking.attendees))
        .execution_options(populate_existing=True)
    ).unique().one()  # fmt: skip


def list_lapsed_holds(slot_id: int) -> Sequence[Booking]:
    """The holds of a locked slot whose time has run out."""
    query = select(Booking).where(
        Booking.slot_id == slot_id, Booking.state == BookingState.HELD, Booking.lapses_at <= now()
    )
    query = query.options(joinedload(Booking.enterprise)).order_by(Booking.id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).all()


def correct_counts(slot: Slot) -> None:
    """Take lapsed holds and offers off the counters of a slot that is only shown: nobody may have noted yet that they
    lapsed. What is stored stays."""
    if slot.lapses_at is None or slot.lapses_at > now():
        return
    row = db.session.execute(
        select(func.count(Booking.id), func.coalesce(func.sum(Booking.party), 0)).where(
            Booking.slot_id == slot.id, Booking.lapses_at <= now()
        )
    ).one()
    set_committed_value(slot, "places_taken", slot.places_taken - row[0])
    set_committed_value(slot, "people_taken", slot.people_taken - row[1])


def next_lapse(slot_id: int) -> datetime | None:
    """When the next hold or offer of the slot lapses."""
    return db.session.scalar(select(func.min(Booking.lapses_at)).where(Booking.slot_id == slot_id))
