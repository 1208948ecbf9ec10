"""After a slot: who still has to confirm or be thanked, and what those who came say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries.rating_links import read_rating_token
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.checkin.models import Attendance, Rating, VisitRecord
from eventsys.checkin.queries.arrivals import has_come, is_admitted
from eventsys.checkin.rules import STARS, Answered
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState


@dataclass(frozen=True, slots=True)
class Giver:
    """Who was asked what they think of a slot: an attendee who came, or the booking's contact."""

    public_id: str
    booking: Booking


@dataclass(frozen=True, slots=True)
class Ratings:
    """What was said of a slot, without names: how often each number of stars (index 0: one star) and each answer was
    given, and the comments, newest first."""

    stars: Sequence[int]
    answered: dict[Answered, int]
    comments: Sequence[str]

    @property
    def count(self) -> int:
        """How many said something."""
        return sum(self.stars)

    @property
    def average(self) -> float | None:
        """The mean of the stars."""
        given = sum(number * count for number, count in zip(STARS, self.stars, strict=True))
        return given / self.count if self.count else None


def find_giver(token: str) -> Giver | None:
    """Who holds this link and has come; None for anybody else."""
    key = read_rating_token(token)
    if key is None:
        return None
    details = contains_eager(Booking.slot).joinedload(Slot.department), joinedload(Booking.enterprise)
    query = select(Booking).join(Booking.slot).where(Slot.state == SlotState.PUBLISHED).options(*details)
    came = select(Attendee.booking_id).where(Attendee.public_id == key, is_admitted()).scalar_subquery()
    own = and_(Booking.public_id == key, or_(has_come(), _is_recorded()))
    booking = db.session.scalars(query.where(or_(Booking.id == came, own))).one_or_none()
    return Giver(key, booking) if booking else None


def find_rating(giver: str) -> Rating | None:
    """What the giver (public id) said."""
    return db.session.scalars(select(Rating).where(Rating.giver == giver)).one_or_none()


def ratings_of(slot_id: int) -> Ratings:
    """What was said of a slot (primary key); one statement."""
    query = select(Rating).where(Rating.slot_id == slot_id).order_by(Rating.changed_at.desc(), Rating.id.desc())
    given = db.session.scalars(query).all()
    return Ratings(
        [sum(rating.stars == number for rating in given) for number in STARS],
        {answer: sum(rating.answered is answer for rating in given) for answer in Answered},
        [rating.comment for rating in given if rating.comment],
    )


def find_attendance(slot_id: int, *, lock: bool = False) -> Attendance | None:
    """What became of the slot (primary key) after its end."""
    query = select(Attendance).where(Attendance.slot_id == slot_id)
    return db.session.scalars(query.with_for_update() if lock else query).one_or_none()


def list_who_came(slot_id: int) -> Sequence[Booking]:
    """The bookings of the slot (primary key) of which somebody came, or whose visit was confirmed, with attendees."""
    query = select(Booking).where(Booking.slot_id == slot_id, or_(has_come(), _is_recorded()))
    return db.session.scalars(query.options(selectinload(Booking.attendees)).order_by(Booking.id)).all()


def admitted_of(slot_id: int) -> frozenset[int]:
    """The attendees of the slot (primary keys) who came."""
    query = select(Attendee.id).where(Attendee.slot_id == slot_id, Attendee.state == TicketState.VALID, is_admitted())
    return frozenset(db.session.scalars(query))


def list_unthanked(since: datetime, limit: int) -> Sequence[tuple[Slot, Attendance | None]]:
    """Slots that ended after `since` at which somebody was, and nobody was thanked; the oldest first."""
    recorded = exists().where(VisitRecord.slot_id == Slot.id)
    somebody = exists().where(Booking.slot_id == Slot.id, has_come())
    query = (
        select(Slot, Attendance)
        .outerjoin(Attendance, Attendance.slot_id == Slot.id)
        .where(
            Slot.state == SlotState.PUBLISHED,
            Slot.ends_at > since,
            Slot.ends_at <= now(),
            Attendance.thanked_at.is_(None),
            or_(recorded, somebody),
        )
    )
    rows = db.session.execute(query.order_by(Slot.ends_at, Slot.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def is_unconfirmed(since: datetime) -> ColumnElement[bool]:
    """Of a slot: a session that began after `since` and is over, at which enterprises were booked, and whose
    attendance nobody has confirmed."""
    booked = aliased(Booking)  # the statement around may be about bookings too
    return and_(
        Slot.format != SlotFormat.VISIT,
        Slot.state == SlotState.PUBLISHED,
        Slot.starts_at > since,
        Slot.ends_at < now(),
        exists().where(booked.slot_id == Slot.id, booked.state == BookingState.CONFIRMED),
        ~exists().where(Attendance.slot_id == Slot.id, Attendance.confirmed_at.is_not(None)),
    )


def _is_recorded() -> ColumnElement[bool]:
    return exists().where(VisitRecord.booking_id == Booking.id)
