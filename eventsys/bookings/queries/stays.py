"""Where people are about the time of a slot, by the bookings of other slots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, false, or_, select
from sqlalchemy.orm import aliased

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import TAKES_PLACES, NewAttendee, Stay, TicketState, Whereabouts
from eventsys.bookings.rules.clashes import LONGEST_WAY
from eventsys.core.db import db, is_sqlite
from eventsys.core.types import PRESENT, BigId, is_among, shifted
from eventsys.directory.models import Park
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat

NOBODY = -1  # the primary key of no booking
A_LITTLE = timedelta(minutes=1)


def whereabouts_of(slot: Slot) -> Whereabouts:
    """Where the slot is held."""
    park = slot.park
    return Whereabouts(park.id, park.latitude, park.longitude) if park else Whereabouts()


def list_stays(
    slot: Slot, enterprise: int, people: Collection[NewAttendee], *, leaving: int = NOBODY
) -> Sequence[Stay]:
    """Where these people (known by mobile number or mail address) are about the time of the slot; for a visit also the
    other visits that the enterprise receives."""
    known = values_of(people)
    if not known["is_somebody"] and slot.format is not SlotFormat.VISIT:
        return ()
    values = {**known, "here": slot.id, "enterprise": enterprise, "leaving": leaving}
    rows = db.session.execute(_stays_query(sqlite=is_sqlite()), values)
    return [
        Stay(
            row.name if row.is_person else "",
            row.title,
            row.starts_at,
            row.ends_at,
            Whereabouts(row.park, row.latitude, row.longitude),
        )
        for row in rows
    ]


def values_of(people: Collection[NewAttendee]) -> dict[str, Any]:
    """What the statements here want to know of the people."""
    phones = [person.phone for person in people if person.phone]
    emails = [person.email for person in people if person.email]
    return {"phones": phones, "emails": emails, "is_somebody": bool(phones or emails)}


def may_clash(here: type[Slot], enterprise: ColumnElement[int], *, sqlite: bool) -> ColumnElement[bool]:
    """Whether `list_stays` would find any. Mostly it would not, and the statement that locks the slot says so."""
    there = aliased(Slot)
    anywhere = select(Booking.id).join(there, there.id == Booking.slot_id)
    anywhere = anywhere.outerjoin(Attendee, Attendee.booking_id == Booking.id)
    anywhere = anywhere.where(_is_near(here, there, enterprise, sqlite=sqlite)).correlate(here)
    is_asked = or_(bindparam("is_somebody"), here.format == SlotFormat.VISIT)
    return case((is_asked, anywhere.exists()), else_=false())  # in this order: few bookings are looked at


@cache
def _stays_query(*, sqlite: bool) -> Select[*tuple[Any, ...]]:
    here, there = aliased(Slot), aliased(Slot)
    enterprise = bindparam("enterprise", type_=BigId)
    return (
        select(
            Attendee.name,
            _is_one_of_them(sqlite=sqlite).label("is_person"),
            there.title,
            there.starts_at,
            there.ends_at,
            Park.id.label("park"),
            Park.latitude,
            Park.longitude,
        )
        .select_from(Booking)
        .join(here, here.id == bindparam("here"))
        .join(there, there.id == Booking.slot_id)
        .outerjoin(Attendee, Attendee.booking_id == Booking.id)
        .outerjoin(Park, Park.id == there.park_id)
        .where(_is_near(here, there, enterprise, sqlite=sqlite))
        .order_by(there.starts_at, there.id)
    )


def _is_near(
    here: type[Slot], there: type[Slot], enterprise: ColumnElement[int], *, sqlite: bool
) -> ColumnElement[bool]:
    is_host = and_(
        here.format == SlotFormat.VISIT, there.format == SlotFormat.VISIT, Booking.enterprise_id == enterprise
    )
    return and_(
        or_(_is_one_of_them(sqlite=sqlite), is_host),
        Booking.state.in_(TAKES_PLACES),
        or_(Booking.lapses_at.is_(None), Booking.lapses_at > PRESENT),
        Booking.id != bindparam("leaving"),
        there.id != here.id,
        there.starts_at < shifted(here.ends_at, LONGEST_WAY, sqlite=sqlite),
        there.ends_at > shifted(here.starts_at, -LONGEST_WAY - A_LITTLE, sqlite=sqlite),
    )


def _is_one_of_them(*, sqlite: bool) -> ColumnElement[bool]:
    is_known = or_(is_among(Attendee.phone, "phones", sqlite=sqlite), is_among(Attendee.email, "emails", sqlite=sqlite))
    return and_(Attendee.state == TicketState.VALID, is_known)
