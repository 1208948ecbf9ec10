"""Reads of gates, scans and who arrived."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from eventsys.bookings.models import Attendee, Booking, NoShow
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.checkin.models import Gate, Scan, gate_slots
from eventsys.checkin.rules import TYPED_INPUT_MAX, TYPED_WINDOW, ScanResult
from eventsys.core.actor import Actor, Channel, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import CHECKIN, Permission, Scope, is_allowed
from eventsys.core.tokens import hash_token
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING
from eventsys.slots.rules import SlotFormat, SlotState

GATE_TOKEN_PREFIX = "evg_"
ENDED = ("state", "cancelled_at", "cancel_reason")  # what a release changes of a booking


@dataclass(frozen=True, slots=True)
class GateFacts:
    """A gate with the slots it serves (primary keys) and how many typed codes failed there lately."""

    id: int
    name: str
    slots: frozenset[int]
    scope: Scope
    typed_failures: int


@dataclass(frozen=True, slots=True)
class Counters:
    """How many people are admitted and how many hold a ticket that counts."""

    admitted: int
    expected: int


def load_gate_actor(secret: str) -> Actor | None:
    """The gate behind a gate's token; one statement."""
    gate = db.session.execute(
        select(Gate.id, Gate.name).where(Gate.token_hash == hash_token(secret), Gate.revoked_at.is_(None))
    ).one_or_none()
    if gate is None:
        return None
    return Actor(name=gate.name, gate=gate.id, channel=Channel.GATE, scopes=frozenset({CHECKIN}))


def find_gate(*, key: int | None = None, public_id: str | None = None) -> GateFacts | None:
    """A gate that is not revoked, by primary key or public id; one statement."""
    wanted = Gate.id == key if key is not None else Gate.public_id == public_id
    rows = db.session.execute(
        select(Gate.id, Gate.name, Slot.id.label("slot"), Slot.department_id, _typed_failures().label("failures"))
        .outerjoin(gate_slots, gate_slots.c.gate_id == Gate.id)
        .outerjoin(Slot, Slot.id == gate_slots.c.slot_id)
        .where(wanted, Gate.revoked_at.is_(None))
    ).all()
    if not rows:
        return None
    departments = frozenset(row.department_id for row in rows if row.slot is not None)
    slots = frozenset(row.slot for row in rows if row.slot is not None)
    return GateFacts(rows[0].id, rows[0].name, slots, Scope(departments=departments, gate=rows[0].id), rows[0].failures)


def list_gates(actor: Actor) -> Sequence[Gate]:
    """The gates that serve a slot of the actor's departments (or their own gate), newest first."""
    mine: ColumnElement[bool] = true()
    departments = actor.departments(Role.CLERK, Role.STEWARD)
    if actor.gate is not None:
        mine = Gate.id == actor.gate
    elif departments and not actor.has(*EVERYTHING):
        mine = Gate.slots.any(Slot.department_id.in_(departments))
    query = select(Gate).where(mine, Gate.revoked_at.is_(None)).options(selectinload(Gate.slots))
    return db.session.scalars(query.order_by(Gate.id.desc()).limit(200)).all()


def get_gate(public_id: str, actor: Actor, permission: Permission) -> Gate:
    """A live gate with its slots, at which `actor` has `permission`; NotFound otherwise."""
    query = select(Gate).where(Gate.public_id == public_id, Gate.revoked_at.is_(None))
    gate = db.session.scalars(query.options(selectinload(Gate.slots).joinedload(Slot.place))).one_or_none()
    if gate is None or not is_allowed(actor, permission, gate.scope):
        raise NotFound()
    return gate


def count_at_gate(gate: Gate) -> Counters:
    """How many are in and how many are expected, over the gate's slots."""
    return count_arrivals(0, [slot.id for slot in gate.slots])[1]


def lock_attendee_by_ticket(public_id: str) -> Attendee | None:
    """The attendee of a genuine code, locked, with booking, slot and enterprise; one statement."""
    return db.session.scalars(_locked().where(Attendee.public_id == public_id)).unique().one_or_none()


def lock_attendee_by_typed_code(code: str, slots: Collection[int]) -> Attendee | None:
    """The attendee with this typed code in one of the slots, locked; one statement."""
    query = _locked().where(Attendee.slot_id.in_(slots), Attendee.typed_code == code)
    return db.session.scalars(query.order_by(Attendee.id).limit(1)).unique().one_or_none()


def _locked() -> Select[Attendee]:
    return (
        select(Attendee)
        .join(Booking, Booking.id == Attendee.booking_id)
        .join(Slot, Slot.id == Attendee.slot_id)
        .options(
            contains_eager(Attendee.booking).joinedload(Booking.enterprise),
            contains_eager(Attendee.booking).contains_eager(Booking.slot).joinedload(Slot.place),
        )
        .with_for_update(of=Attendee)
        .execution_options(populate_existing=True)
    )


def find_scans(attendee: Attendee | None, nonce: str) -> Sequence[Scan]:
    """The scans that decide: of the locked attendee, and whatever carried this nonce; oldest first, with their gates.
    Brings the attendee's booking up to date: it may have been released while we waited for the lock."""
    if attendee is None:
        return db.session.scalars(select(Scan).where(Scan.nonce == nonce).options(joinedload(Scan.gate))).all()
    rows = db.session.execute(
        select(*(getattr(Booking, name) for name in ENDED), Scan)
        .outerjoin_from(Booking, Scan, or_(Scan.nonce == nonce, Scan.attendee_id == attendee.id))
        .where(Booking.id == attendee.booking_id)
        .options(joinedload(Scan.gate))
        .order_by(Scan.id)
    ).all()
    for name in ENDED:
        set_committed_value(attendee.booking, name, getattr(rows[0], name))
    return [row.Scan for row in rows if row.Scan is not None]


def lock_scan(public_id: str) -> tuple[Scan, int | None] | None:
    """A scan with its gate, and the department of its slot; locked, so that it is taken back once."""
    row = db.session.execute(
        select(Scan, Slot.department_id)
        .outerjoin(Slot, Slot.id == Scan.slot_id)
        .where(Scan.public_id == public_id)
        .options(joinedload(Scan.gate))
        .with_for_update(of=Scan)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def _typed_failures() -> ScalarSelect[int]:
    """Of a gate's row: how many typed codes failed there within the window of the brake."""
    return (
        select(func.count())
        .where(
            Scan.gate_id == Gate.id,
            Scan.result == ScanResult.UNKNOWN,
            Scan.received_at > now() - TYPED_WINDOW,
            func.length(Scan.code) <= TYPED_INPUT_MAX,
        )
        .scalar_subquery()
    )


def is_admitted() -> ColumnElement[bool]:
    """Of an attendee's row: an admission that nobody took back."""
    scan = aliased(Scan)
    return exists().where(scan.attendee_id == Attendee.id, *_stands(scan))


def _stands(scan: type[Scan]) -> tuple[ColumnElement[bool], ...]:
    """An entry with a good code at which the person was let in, and which nobody took back: where there is one, there
    is an admission, whichever of them is the earliest (merge.py)."""
    annulment = aliased(Scan)
    is_good = scan.result.in_((ScanResult.ADMITTED, ScanResult.ALREADY_ADMITTED))
    was_let_in = func.coalesce(scan.shown, scan.result) == ScanResult.ADMITTED
    return is_good, was_let_in, ~exists().where(annulment.annuls_id == scan.id)


def has_come() -> ColumnElement[bool]:
    """Of a booking's row: somebody of it was admitted."""
    return exists().where(Attendee.booking_id == Booking.id, is_admitted())


def list_slots_missed(since: datetime, limit: int) -> Sequence[int]:
    """Group sessions (primary keys) begun after `since` and over, at whose door somebody was admitted and of some
    booking nobody, which is not noted yet; the oldest first."""
    scan = aliased(Scan)
    query = select(Slot.id).where(
        Slot.state == SlotState.PUBLISHED,
        Slot.format == SlotFormat.SESSION,
        Slot.starts_at > since,
        Slot.ends_at <= now(),
        exists().where(scan.slot_id == Slot.id, *_stands(scan)),
        exists().where(Booking.slot_id == Slot.id, _is_missing()),
    )
    return db.session.scalars(query.order_by(Slot.starts_at, Slot.id).limit(limit)).all()


def list_missing(slot_id: int) -> Sequence[Booking]:
    """The confirmed bookings of a slot of which nobody was admitted and nothing is noted, in order of booking."""
    query = select(Booking).where(Booking.slot_id == slot_id, _is_missing()).options(joinedload(Booking.enterprise))
    return db.session.scalars(query.order_by(Booking.id), execution_options={"populate_existing": True}).all()


def _is_missing() -> ColumnElement[bool]:
    is_noted = exists().where(NoShow.booking_id == Booking.id)
    has_agreed = Booking.moved_from.is_(None)  # to the time at which it was, after a large move
    return and_(Booking.state == BookingState.CONFIRMED, has_agreed, ~has_come(), ~is_noted)


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


def lock_attendees(slot_id: int) -> None:
    """Lock whoever holds a ticket of the slot, so that no gate admits one of them meanwhile."""
    query = select(Attendee.id).where(Attendee.slot_id == slot_id, Attendee.state == TicketState.VALID)
    db.session.execute(query.order_by(Attendee.id).with_for_update(key_share=True))


def count_arrivals(booking: int, slots: Collection[int]) -> tuple[int, Counters]:
    """(people of the booking who arrived, counters over the slots); one statement."""
    counts = (Attendee.state == TicketState.VALID, Booking.state == BookingState.CONFIRMED)
    row = db.session.execute(
        select(
            func.count().filter(and_(Attendee.booking_id == booking, is_admitted())),
            func.count().filter(and_(is_admitted(), Attendee.slot_id.in_(slots))),
            func.count().filter(and_(*counts, Attendee.slot_id.in_(slots))),
        )
        .select_from(Attendee)
        .join(Booking, Booking.id == Attendee.booking_id)
        .where(Attendee.slot_id.in_(slots))
    ).one()
    return row[0], Counters(row[1], row[2])


def list_roster(slot_id: int) -> Sequence[tuple[Attendee, bool]]:
    """Everyone expected in the slot with whether they are admitted, by enterprise and name."""
    rows = db.session.execute(
        select(Attendee, is_admitted())
        .join(Booking, Booking.id == Attendee.booking_id)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .where(
            Attendee.slot_id == slot_id,
            Attendee.state == TicketState.VALID,
            Booking.state == BookingState.CONFIRMED,
        )
        .options(contains_eager(Attendee.booking).contains_eager(Booking.enterprise))
        .order_by(Enterprise.name, Attendee.name, Attendee.id)
    )
    return [(row[0], row[1]) for row in rows.unique()]


def get_slot_at_door(public_id: str, actor: Actor, permission: Permission = Permission.SEE_ROSTER) -> Slot:
    """The slot whose roster `actor` may see (or on which they have another permission): of their department, or served
    by their gate; NotFound otherwise."""
    slot = db.session.scalars(select(Slot).where(Slot.public_id == public_id)).one_or_none()
    if slot is None:
        raise NotFound()
    scope = slot.scope
    if actor.gate is not None and db.session.scalar(
        select(gate_slots.c.slot_id).where(gate_slots.c.gate_id == actor.gate, gate_slots.c.slot_id == slot.id)
    ):
        scope = Scope(departments=scope.departments, gate=actor.gate)
    if not is_allowed(actor, permission, scope):
        raise NotFound()
    return slot
