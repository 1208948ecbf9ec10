"""Reads of planned visits, and of all visits that an enterprise receives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import contains_eager, joinedload

from eventsys.accounts.models import Person
from eventsys.bookings.models import Booking, PlannedVisit
from eventsys.bookings.rules import TAKES_PLACES, BookingState, VisitAnswer
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.installation import installation
from eventsys.core.types import PRESENT
from eventsys.directory.models import Membership
from eventsys.directory.rules import MembershipState
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING
from eventsys.slots.rules import SlotFormat, SlotState

LISTED_MAX = 100
BATCH = 200


def find_planned_visit(booking: int) -> PlannedVisit | None:
    """What was said to the visit that the booking (primary key) reserves; None when it is no planned visit. Who has
    locked the booking's slot has locked it as well."""
    return db.session.get(PlannedVisit, booking)


def is_planned() -> ColumnElement[bool]:
    """Which bookings are planned visits: their answer is the enterprise's, not the department's."""
    return select(PlannedVisit.booking_id).where(PlannedVisit.booking_id == Booking.id).correlate(Booking).exists()


def find_visit_planned_alike(enterprise: int, department: int, title: str, starts_at: datetime) -> Booking | None:
    """The visit of the department (primary keys) to the enterprise that is planned for then under this title."""
    query = (
        select(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(
            Booking.enterprise_id == enterprise,
            Booking.department_id == department,
            Booking.state.in_([BookingState.PENDING, BookingState.CONFIRMED]),
            Slot.starts_at == starts_at,
            Slot.title == title,
            is_planned(),
        )
    )
    return db.session.scalars(query.limit(1)).one_or_none()


def list_visits_received(enterprise: int, first: date, until: date, *, but: int | None = None) -> Sequence[Slot]:
    """The visits of any department that the enterprise (primary key) receives, from the day `first` on before `until`,
    `but` that of a slot (primary key); by start."""
    zone = installation().zone
    since, end = (datetime.combine(day, time(), zone) for day in (first, until))
    query = (
        select(Slot)
        .join(Booking, Booking.slot_id == Slot.id)
        .where(
            Booking.enterprise_id == enterprise,
            Booking.state.in_(TAKES_PLACES),
            or_(Booking.lapses_at.is_(None), Booking.lapses_at > PRESENT),
            Slot.format == SlotFormat.VISIT,
            Slot.state == SlotState.PUBLISHED,
            Slot.starts_at >= since,
            Slot.starts_at < end,
        )
        .options(joinedload(Slot.department))
        .order_by(Slot.starts_at, Slot.id)
    )
    if but is not None:
        query = query.where(Slot.id != but)
    return db.session.scalars(query).all()


def list_visits_unanswered() -> Sequence[PlannedVisit]:
    """Visits to come without an answer in time, of which the clerks have not been told."""
    query = (
        _detailed()
        .where(
            PlannedVisit.answer == VisitAnswer.WAITING,
            PlannedVisit.told_at.is_(None),
            PlannedVisit.answer_by <= now(),
            Booking.state == BookingState.PENDING,
            Slot.starts_at > now(),
        )
        .order_by(PlannedVisit.booking_id)
        .limit(BATCH)
        .with_for_update(of=PlannedVisit, skip_locked=True)
    )
    return db.session.scalars(query).unique().all()


def list_visits_asked(actor: Actor) -> Sequence[PlannedVisit]:
    """Visits to come of the actor's departments to which the enterprise has not agreed yet: other wishes and those
    overdue first."""
    query = (
        _detailed()
        .where(Booking.state == BookingState.PENDING, Slot.starts_at > now(), _of_staff(actor))
        .order_by(PlannedVisit.answer, PlannedVisit.answer_by, PlannedVisit.booking_id)
        .limit(LISTED_MAX)
    )
    return db.session.scalars(query).unique().all()


def list_visits_to_answer(enterprise: int) -> Sequence[PlannedVisit]:
    """Visits to come that are reserved for the enterprise (primary key) and not agreed yet, by start."""
    query = _detailed().where(
        Booking.enterprise_id == enterprise, Booking.state == BookingState.PENDING, Slot.starts_at > now()
    )
    return db.session.scalars(query.order_by(Slot.starts_at, Booking.id)).unique().all()


def phones_of(enterprises: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """(name, mobile number) of the contacts of each enterprise (primary key), to be called."""
    query = (
        select(Membership.enterprise_id, Person.name, Person.mobile)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.enterprise_id.in_(enterprises),
            Membership.role == Role.CONTACT,
            Membership.state == MembershipState.ACTIVE,
            Person.active,
        )
        .order_by(Person.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for enterprise, name, mobile in db.session.execute(query) if enterprises else ():
        found.setdefault(enterprise or 0, []).append((name, mobile or ""))
    return found


def _of_staff(actor: Actor) -> ColumnElement[bool]:
    if actor.has(*EVERYTHING) or any(g.role is Role.CLERK and g.department is None for g in actor.grants):
        return true()
    return Slot.department_id.in_(actor.departments(Role.CLERK))


def _detailed() -> Select[Any]:
    return (
        select(PlannedVisit)
        .join(PlannedVisit.booking)
        .join(Booking.slot)
        .join(Booking.enterprise)
        .options(
            contains_eager(PlannedVisit.booking).options(
                contains_eager(Booking.slot).options(joinedload(Slot.department), joinedload(Slot.place)),
                contains_eager(Booking.enterprise),
            )
        )
    )
