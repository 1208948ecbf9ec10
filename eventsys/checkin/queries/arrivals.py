"""Who is expected and who came."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.checkin.models import Gate, Scan, gate_slots
from eventsys.checkin.rules import FOUND_MAX, ScanResult
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.core.text import fold
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot


@dataclass(frozen=True, slots=True)
class Counters:
    """How many people are admitted and how many hold a ticket that counts."""

    admitted: int
    expected: int


def count_at_gate(gate: Gate) -> Counters:
    """How many are in and how many are expected, over the gate's slots."""
    return count_in([slot.id for slot in gate.slots])


def is_admitted() -> ColumnElement[bool]:
    """Of an attendee's row: an admission that nobody took back."""
    scan = aliased(Scan)
    return exists().where(scan.attendee_id == Attendee.id, *stands(scan))


def stands(scan: type[Scan]) -> tuple[ColumnElement[bool], ...]:
    """An entry with a good code at which the person was let in, and which nobody took back: where there is one, there
    is an admission, whichever of them is the earliest (merge.py)."""
    annulment = aliased(Scan)
    is_good = scan.result.in_((ScanResult.ADMITTED, ScanResult.ALREADY_ADMITTED))
    was_let_in = func.coalesce(scan.shown, scan.result) == ScanResult.ADMITTED
    return is_good, was_let_in, ~exists().where(annulment.annuls_id == scan.id)


def has_come() -> ColumnElement[bool]:
    """Of a booking's row: somebody of it was admitted."""
    return exists().where(Attendee.booking_id == Booking.id, is_admitted())


@dataclass(frozen=True, slots=True)
class AtDoor:
    """Of a slot: enterprises with a confirmed booking, those of which somebody came, and how many people came."""

    booked: int
    arrived: int
    people: int


def count_at_door(slot_id: int) -> AtDoor:
    """Who came to the slot, in numbers; one statement."""
    people = select(func.count(Attendee.id)).where(Attendee.slot_id == slot_id, is_admitted()).scalar_subquery()
    row = db.session.execute(
        select(func.count(), func.count().filter(has_come()), people).where(
            Booking.slot_id == slot_id, Booking.state == BookingState.CONFIRMED
        )
    ).one()
    return AtDoor(*row)


def count_in(slots: Collection[int]) -> Counters:
    """The counters over the slots (primary keys); one statement."""
    admitted = aliased(Scan)
    came = select(func.count(admitted.attendee_id.distinct())).where(admitted.slot_id.in_(slots), *stands(admitted))
    row = db.session.execute(select(came.scalar_subquery(), expected_in(slots))).one()
    return Counters(row[0], row[1])


def expected_in(slots: Any) -> ScalarSelect[int]:
    """How many hold a ticket of the slots that counts."""
    expected = (Attendee.state == TicketState.VALID, Booking.state == BookingState.CONFIRMED)
    query = select(func.count(Attendee.id)).join(Booking, Booking.id == Attendee.booking_id)
    return query.where(Attendee.slot_id.in_(slots), *expected).correlate(None).scalar_subquery()


def list_roster(slot_id: int) -> Sequence[tuple[Attendee, bool]]:
    """Everyone expected in the slot with whether they are admitted, by enterprise and name."""
    rows = db.session.execute(_expected().where(Attendee.slot_id == slot_id))
    return [(row[0], row[1]) for row in rows.unique()]


def list_party(scan: str, actor: Actor) -> Sequence[tuple[Attendee, bool]]:
    """The whole party of the ticket that a scan (public id) read, with whether they are admitted, by name; NotFound for
    a scan of another door than the actor's, or of a code that names nobody."""
    query = select(Scan.gate_id, Attendee.booking_id, Slot.department_id).where(Scan.public_id == scan)
    query = query.join(Attendee, Attendee.id == Scan.attendee_id).join(Slot, Slot.id == Attendee.slot_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound()
    scope = Scope(departments=frozenset({row.department_id}), gate=row.gate_id)
    if not is_allowed(actor, Permission.CHECK_IN, scope):
        raise NotFound()
    rows = db.session.execute(_expected().where(Attendee.booking_id == row.booking_id))
    return [(found[0], found[1]) for found in rows.unique()]


def find_expected(text: str, slots: Collection[int]) -> Sequence[tuple[Attendee, bool]]:
    """Who is expected in one of the slots (primary keys) and has `text` in the name or in the enterprise's (its pinyin
    too), with whether they are admitted; the first of them by enterprise and name."""
    name = func.lower(Attendee.name).contains(text.lower(), autoescape=True)
    enterprise = Enterprise.search_text.contains(fold(text), autoescape=True)
    query = _expected().where(Attendee.slot_id.in_(slots), or_(name, enterprise)).limit(FOUND_MAX)
    return [(row[0], row[1]) for row in db.session.execute(query).unique()]


def _expected() -> Select[Attendee, bool]:
    return (
        select(Attendee, is_admitted())
        .join(Booking, Booking.id == Attendee.booking_id)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .where(Attendee.state == TicketState.VALID, Booking.state == BookingState.CONFIRMED)
        .options(contains_eager(Attendee.booking).contains_eager(Booking.enterprise))
        .order_by(Enterprise.name, Attendee.name, Attendee.id)
    )


def get_slot_at_door(public_id: str, actor: Actor, permission: Permission = Permission.SEE_ROSTER) -> Slot:
    """The slot whose roster `actor` may see (or on which they have another permission): of their department, or served
    by their gate; NotFound otherwise."""
    slot = db.session.scalars(select(Slot).where(Slot.public_id == public_id)).one_or_none()
    if slot is None:
        raise NotFound()
    scope = slot.scope
    if actor.gate is not None and db.session.scalar(
        select(Gate.id)
        .join(gate_slots, gate_slots.c.gate_id == Gate.id)
        .where(Gate.id == actor.gate, Gate.revoked_at.is_(None), gate_slots.c.slot_id == slot.id)
    ):
        scope = Scope(departments=scope.departments, gate=actor.gate)
    if not is_allowed(actor, permission, scope):
        raise NotFound()
    return slot
