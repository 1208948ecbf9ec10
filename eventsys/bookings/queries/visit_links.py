"""The host's link of a visit: whoever has it confirms that the department was there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.core.db import db
from eventsys.core.ids import PUBLIC_ID_LENGTH
from eventsys.core.installation import derived_token, derived_token_matches
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState

HOST = "visit-host"


def visit_token(booking: Booking) -> str:
    """The secret of the link by which the host confirms the visit; it is made anew with the colleagues' link."""
    return derived_token(HOST, booking.public_id, booking.share_version)


def find_visit(token: str) -> Booking | None:
    """The confirmed booking of a visit whose host's link this is."""
    query = (
        select(Booking)
        .join(Booking.slot)
        .where(
            Booking.public_id == token[:PUBLIC_ID_LENGTH],
            Booking.state == BookingState.CONFIRMED,
            Slot.format == SlotFormat.VISIT,
            Slot.state == SlotState.PUBLISHED,
        )
        .options(
            contains_eager(Booking.slot).options(joinedload(Slot.department), joinedload(Slot.place)),
            joinedload(Booking.enterprise),
        )
    )
    booking = db.session.scalars(query).one_or_none()
    if booking is None or not derived_token_matches(token, HOST, booking.public_id, booking.share_version):
        return None
    return booking
