"""What a gate needs to judge codes without a network: its slots, the public keys, the state of every ticket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from eventsys.bookings.keys import code_of, current_key_id
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.bookings.tickets import has_check_character
from eventsys.checkin.models import Gate, Scan
from eventsys.checkin.queries.scans import admissions_of
from eventsys.checkin.sealing import seal
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.ids import id_to_bytes
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState


@dataclass(frozen=True, slots=True)
class OfflineTicket:
    """A ticket as a gate keeps it: its id, the places of its slot and booking in the roster's lists, what its code is
    worth (`valid`, `revoked`, `cancelled`, `not_confirmed`), the sealed name, and the admission that stands."""

    id: str
    slot: int
    booking: int
    state: str
    sealed: str
    admission: Scan | None
    is_inside: bool


@dataclass(frozen=True, slots=True)
class OfflineRoster:
    """The tickets of a gate's slots; `parties` is how many people each booking is for, `has_check_characters` whether
    a typed code that does not fit is mistyped for sure."""

    slots: Sequence[Slot]
    parties: Sequence[int]
    tickets: Sequence[OfflineTicket]
    has_check_characters: bool


def get_own_gate(key: int | None) -> Gate:
    """The open gate with this primary key, with its slots; NotFound otherwise."""
    query = select(Gate).where(Gate.id == key, Gate.revoked_at.is_(None))
    gate = db.session.scalars(query.options(selectinload(Gate.slots).joinedload(Slot.place))).one_or_none()
    if gate is None:
        raise NotFound()
    return gate


def roster_revision(gate: Gate) -> str:
    """A text that changes with everything the offline roster says; one statement."""
    slots = [slot.id for slot in gate.slots]
    row = db.session.execute(
        select(
            select(func.max(Scan.id)).where(Scan.slot_id.in_(slots)).scalar_subquery(),
            select(func.max(Attendee.id)).where(Attendee.slot_id.in_(slots)).scalar_subquery(),
            select(func.max(Attendee.ended_at)).where(Attendee.slot_id.in_(slots)).scalar_subquery(),
            select(func.max(Booking.changed_at)).where(Booking.slot_id.in_(slots)).scalar_subquery(),
            select(func.count(Booking.id)).where(Booking.slot_id.in_(slots)).scalar_subquery(),
        )
    ).one()
    of_slots = [(slot.public_id, slot.version, slot.state) for slot in gate.slots]
    venue = (gate.venue_kind, gate.venue_version)
    told = json.dumps([of_slots, current_key_id(), gate.name, venue, [str(value) for value in row]])
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def offline_roster(gate: Gate) -> OfflineRoster:
    """Every ticket of the gate's slots, dead ones too: what is not in it was issued later. Two statements."""
    places = {slot.id: number for number, slot in enumerate(gate.slots)}
    codes = {slot.id: slot.public_id for slot in gate.slots}
    scans = admissions_of(places)
    rows = db.session.execute(
        select(Attendee, Booking.state, Booking.party, Booking.id, Enterprise.name)
        .join(Booking, Booking.id == Attendee.booking_id)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .where(Attendee.slot_id.in_(places))
        .order_by(Attendee.id)
    ).all()
    bookings: dict[int, int] = {}
    parties: list[int] = []
    tickets: list[OfflineTicket] = []
    for attendee, state, party, booking, enterprise in rows:
        if booking not in bookings:
            bookings[booking] = len(parties)
            parties.append(party)
        slot = gate.slots[places[attendee.slot_id]]
        name = json.dumps([attendee.name, enterprise], ensure_ascii=False)
        sealed = seal(name, code_of(attendee, codes[attendee.slot_id]), id_to_bytes(attendee.public_id))
        worth = _worth(attendee.state, state, slot.state)
        admission, is_inside = scans.get(attendee.id, (None, False))
        place = places[attendee.slot_id]
        tickets.append(OfflineTicket(attendee.public_id, place, bookings[booking], worth, sealed, admission, is_inside))
    return OfflineRoster(gate.slots, parties, tickets, all(has_check_character(row[0].typed_code) for row in rows))


def _worth(ticket: TicketState, booking: BookingState, slot: SlotState) -> str:
    if ticket is not TicketState.VALID:
        return "revoked"
    if booking is BookingState.CANCELLED or slot is SlotState.CALLED_OFF:
        return "cancelled"
    return "valid" if booking is BookingState.CONFIRMED else "not_confirmed"
