"""Visits and their records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select, true
from sqlalchemy.orm import contains_eager, joinedload, selectinload, undefer

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.checkin.models import VisitPhoto, VisitRecord
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING
from eventsys.slots.rules import SlotFormat, SlotState


def find_record(booking: int) -> VisitRecord | None:
    """The record of a booking (primary key)."""
    return db.session.scalars(select(VisitRecord).where(VisitRecord.booking_id == booking)).one_or_none()


def lock_record(booking: int) -> VisitRecord | None:
    """The record of a booking (primary key), locked, as it is now."""
    query = select(VisitRecord).where(VisitRecord.booking_id == booking).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def list_visits(
    actor: Actor, starts_from: datetime, starts_before: datetime, department: int | None = None
) -> Sequence[tuple[Booking, VisitRecord | None]]:
    """The confirmed visits within the span of the actor's departments (the coordinator's and auditor's: all), with
    their records, by start."""
    departments = actor.departments(Role.CLERK, Role.STEWARD)
    mine = true() if actor.has(*EVERYTHING) or not departments else Slot.department_id.in_(departments)
    query = (
        select(Booking, VisitRecord)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .outerjoin(VisitRecord, VisitRecord.booking_id == Booking.id)
        .where(
            mine,
            true() if department is None else Slot.department_id == department,
            Slot.format == SlotFormat.VISIT,
            Slot.state == SlotState.PUBLISHED,
            Booking.state == BookingState.CONFIRMED,
            Slot.starts_at >= starts_from,
            Slot.starts_at < starts_before,
        )
        .options(
            contains_eager(Booking.slot).options(
                joinedload(Slot.department), joinedload(Slot.place), selectinload(Slot.staff)
            ),
            contains_eager(Booking.enterprise),
        )
        .order_by(Slot.starts_at, Slot.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(query).unique()]


def is_unrecorded(since: datetime) -> ColumnElement[bool]:
    """Of a booking and its slot: a visit that began after `since` and is over without anybody having confirmed it."""
    return and_(
        Slot.format == SlotFormat.VISIT,
        Slot.state == SlotState.PUBLISHED,
        Slot.starts_at > since,
        Slot.ends_at < now(),
        Booking.state == BookingState.CONFIRMED,
        ~exists().where(VisitRecord.booking_id == Booking.id),
    )


def count_received(bookings: Collection[int]) -> dict[int, int]:
    """Of the bookings (primary keys) of visits that took place: how many people received them, as the records say, at
    least one; the others are left out."""
    query = select(VisitRecord.booking_id, VisitRecord.hosts).where(VisitRecord.booking_id.in_(bookings))
    return {booking: max(1, len(hosts)) for booking, hosts in db.session.execute(query)} if bookings else {}


def list_photos(record: int) -> Sequence[VisitPhoto]:
    """The photos of a record (primary key) without their content, in the order they were added."""
    return db.session.scalars(select(VisitPhoto).where(VisitPhoto.record_id == record).order_by(VisitPhoto.id)).all()


def get_photo(booking: int, public_id: str) -> VisitPhoto:
    """A photo of the booking's visit (primary key) with its content; NotFound otherwise."""
    query = select(VisitPhoto).join(VisitRecord, VisitRecord.id == VisitPhoto.record_id)
    query = query.where(VisitRecord.booking_id == booking, VisitPhoto.public_id == public_id)
    photo = db.session.scalars(query.options(undefer(VisitPhoto.content))).one_or_none()
    if photo is None:
        raise NotFound()
    return photo
