"""Arrivals at a slot as they happen."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.checkin.models import Scan
from eventsys.checkin.queries.scans import admissions_of
from eventsys.checkin.rules import LATE_AFTER
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot

LATEST = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came: when, through which gate, and whether late."""

    name: str
    enterprise: str
    enterprise_en: str
    at: datetime
    gate: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Party:
    """An enterprise's booking: how many of how many are here, and since when the first."""

    enterprise: str
    enterprise_en: str
    party: int
    arrived: int
    since: datetime | None
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Live:
    """People here and expected, inside now, late; by gate; the enterprises, those nobody came of first once the slot
    has begun; the latest arrivals."""

    arrived: int
    expected: int
    inside: int
    late: int
    enterprises: int
    by_gate: Sequence[tuple[str, int]]
    parties: Sequence[Party]
    latest: Sequence[Arrival]


def live_revision(slot: Slot) -> str:
    """A text that changes with everything that is shown of arrivals; one statement."""
    row = db.session.execute(
        select(
            select(func.max(Scan.id)).where(Scan.slot_id == slot.id).scalar_subquery(),
            select(func.max(Booking.changed_at)).where(Booking.slot_id == slot.id).scalar_subquery(),
            select(func.max(Attendee.id)).where(Attendee.slot_id == slot.id).scalar_subquery(),
        )
    ).one()
    told = (*map(str, row), slot.version, now() >= slot.starts_at, now() > slot.starts_at + LATE_AFTER)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:20]


def live(slot: Slot) -> Live:
    """Who came to the slot so far; two statements."""
    admissions = admissions_of([slot.id])
    rows = db.session.execute(
        select(Booking.id, Booking.party, Enterprise.name, Enterprise.name_en, Attendee.id, Attendee.name)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .outerjoin(Attendee, (Attendee.booking_id == Booking.id) & (Attendee.state == TicketState.VALID))
        .where(Booking.slot_id == slot.id, Booking.state == BookingState.CONFIRMED)
        .order_by(Enterprise.name, Booking.id, Attendee.id)
    ).all()
    arrivals: list[Arrival] = []
    by_booking: dict[int, list[datetime]] = {}
    inside = 0
    for booking, _party, enterprise, enterprise_en, attendee, name in rows:
        came = by_booking.setdefault(booking, [])
        admission, is_inside = admissions.get(attendee, (None, False))
        if admission is None:
            continue
        inside += is_inside
        at = admission.scanned_at
        came.append(at)
        gate = admission.gate.name if admission.gate else ""
        is_late = at > slot.starts_at + LATE_AFTER
        arrivals.append(Arrival(name, enterprise, enterprise_en, at, gate, is_late))
    arrivals.sort(key=lambda arrival: arrival.at, reverse=True)
    parties = _parties(slot, {row[0]: (row[2], row[3], row[1]) for row in rows}, by_booking)
    return Live(
        arrived=len(arrivals),
        expected=sum(party.party for party in parties),
        inside=inside,
        late=sum(arrival.is_late for arrival in arrivals),
        enterprises=sum(party.arrived > 0 for party in parties),
        by_gate=Counter(arrival.gate for arrival in arrivals).most_common(),
        parties=parties,
        latest=arrivals[:LATEST],
    )


def _parties(slot: Slot, bookings: dict[int, tuple[str, str, int]], came: dict[int, list[datetime]]) -> Sequence[Party]:
    has_begun = now() >= slot.starts_at
    parties = [
        Party(name, name_en, party, len(came[key]), min(came[key], default=None), has_begun and not came[key])
        for key, (name, name_en, party) in bookings.items()
    ]
    return sorted(parties, key=lambda party: (not party.is_missing, party.enterprise))
