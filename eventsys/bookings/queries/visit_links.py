"""The links of a visit: the host's confirms that the department was there, the code that the host shows to those who
come lets them say so."""

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

HOST, TEAM = "visit-host", "visit-team"


def visit_token(booking: Booking) -> str:
    """The secret of the link by which the host confirms the visit; it is made anew with the colleagues' link."""
    return derived_token(HOST, booking.public_id, booking.share_version)


def team_token(booking: Booking) -> str:
    """The secret in the code that the visiting team scans at the enterprise."""
    return derived_token(TEAM, booking.public_id, booking.share_version)


def find_visit(token: str, purpose: str = HOST) -> Booking | None:
    """The confirmed booking of a visit whose host's link (or TEAM: code) this is."""
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
    if booking is None or not derived_token_matches(token, purpose, booking.public_id, booking.share_version):
        return None
    return booking
