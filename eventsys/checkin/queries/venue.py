"""The code at a gate that attendees scan themselves, and who they say they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.checkin.models import Gate
from eventsys.checkin.rules import ROTATES_EVERY, STEPS_ACCEPTED, VenueKind
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.ids import PUBLIC_ID_LENGTH
from eventsys.core.installation import derived_token, derived_token_matches
from eventsys.slots.models import Slot

PRINTED, ROTATING = "venue", "venue-rotating"
STEPS_OF_A_VERSION = 1 << 40  # so that a step of one version is never one of another


def venue_token(gate: Gate) -> str:
    """What the gate's code holds now."""
    if gate.venue_kind is VenueKind.ROTATING:
        return derived_token(ROTATING, gate.public_id, _step(gate, now()))
    return derived_token(PRINTED, gate.public_id, gate.venue_version)


def find_venue(token: str) -> Gate | None:
    """The open gate whose code this is, with its slots; None for a code that was renewed, has run out or is off."""
    query = select(Gate).where(Gate.public_id == token[:PUBLIC_ID_LENGTH], Gate.revoked_at.is_(None))
    gate = db.session.scalars(query.options(selectinload(Gate.slots).joinedload(Slot.place))).one_or_none()
    return gate if gate is not None and _is_codes(gate, token) else None


def _is_codes(gate: Gate, token: str) -> bool:
    if gate.venue_kind is VenueKind.PRINTED:
        return derived_token_matches(token, PRINTED, gate.public_id, gate.venue_version)
    if gate.venue_kind is VenueKind.OFF:
        return False
    step = _step(gate, now())
    return any(derived_token_matches(token, ROTATING, gate.public_id, step - back) for back in range(STEPS_ACCEPTED))


def _step(gate: Gate, at: datetime) -> int:
    return gate.venue_version * STEPS_OF_A_VERSION + int(at.timestamp() // ROTATES_EVERY.total_seconds())


def list_called(gate: Gate, name: str, digits: str) -> list[Attendee]:
    """The attendees of the gate's slots called like this whose mobile number ends with these digits."""
    query = (
        select(Attendee)
        .join(Booking, Booking.id == Attendee.booking_id)
        .where(
            Attendee.slot_id.in_([slot.id for slot in gate.slots]),
            Attendee.state == TicketState.VALID,
            Booking.state == BookingState.CONFIRMED,
            func.lower(Attendee.name) == name.lower(),
            Attendee.phone.endswith(digits, autoescape=True),
        )
    )
    return list(db.session.scalars(query.order_by(Attendee.id)))
