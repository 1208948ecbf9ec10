"""Who did not come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased, joinedload

from eventsys.bookings.models import Attendee, Booking, NoShow
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.checkin.models import Scan
from eventsys.checkin.queries.arrivals import has_come, stands
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState


def list_slots_missed(since: datetime, limit: int) -> Sequence[int]:
    """Group sessions (primary keys) begun after `since` and over, at whose door somebody was admitted and of some
    booking nobody, which is not noted yet; the oldest first."""
    scan = aliased(Scan)
    query = select(Slot.id).where(
        Slot.state == SlotState.PUBLISHED,
        Slot.format == SlotFormat.SESSION,
        Slot.starts_at > since,
        Slot.ends_at <= now(),
        exists().where(scan.slot_id == Slot.id, *stands(scan)),
        exists().where(Booking.slot_id == Slot.id, _is_missing()),
    )
    return db.session.scalars(query.order_by(Slot.starts_at, Slot.id).limit(limit)).all()


def list_missing(slot_id: int) -> Sequence[Booking]:
    """The confirmed bookings of a slot of which nobody was admitted and nothing is noted, in order of booking."""
    query = select(Booking).where(Booking.slot_id == slot_id, _is_missing()).options(joinedload(Booking.enterprise))
    return db.session.scalars(query.order_by(Booking.id), execution_options={"populate_existing": True}).all()


def _is_missing() -> ColumnElement[bool]:
    is_noted = exists().where(NoShow.booking_id == Booking.id)
    has_agreed = Booking.moved_from.is_(None)  # to the time at which it was, after a large move
    return and_(Booking.state == BookingState.CONFIRMED, has_agreed, ~has_come(), ~is_noted)


def lock_attendees(slot_id: int) -> None:
    """Lock whoever holds a ticket of the slot, so that no gate admits one of them meanwhile."""
    query = select(Attendee.id).where(Attendee.slot_id == slot_id, Attendee.state == TicketState.VALID)
    db.session.execute(query.order_by(Attendee.id).with_for_update(key_share=True))
