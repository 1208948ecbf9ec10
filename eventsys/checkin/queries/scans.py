"""What decides about a scan, read under locks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, true
from sqlalchemy.orm import aliased, contains_eager, joinedload, load_only
from sqlalchemy.orm.attributes import set_committed_value

from eventsys.bookings.models import Attendee, Booking
from eventsys.checkin.merge import Meaning, Reading, merge
from eventsys.checkin.models import Gate, Scan, gate_slots
from eventsys.checkin.queries.arrivals import Counters, expected_in, stands
from eventsys.checkin.queries.gates import GateFacts, gate_columns, gate_facts, typed_since
from eventsys.core.db import db
from eventsys.core.types import BigId
from eventsys.directory.models import Enterprise, Place
from eventsys.slots.models import Slot

ENDED = ("state", "cancelled_at", "cancel_reason")  # what a release changes of a booking
# What a scan decides by or shows.
SHOWN_OF_SLOT = (
    Slot.public_id,
    Slot.state,
    Slot.called_off_at,
    Slot.title,
    Slot.department_id,
    Slot.place_id,
    Slot.place_text,
    Slot.starts_at,
    Slot.ends_at,
    Slot.door_minutes,
)
SHOWN_OF_ENTERPRISE = (Enterprise.name, Enterprise.name_en, Enterprise.short_name)


NOBODY = Counters(0, 0)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a ticket under its lock, before the scan at hand: its scans, oldest first, with their gates, how
    many people of its booking arrived, and the counters over the slots of the gate."""

    scans: Sequence[Scan]
    arrived: int = 0
    counters: Counters = NOBODY


def lock_for_scan(
    *, ticket: str | None, typed: str | None, gate_key: int | None, gate: str | None
) -> tuple[Attendee | None, GateFacts | None]:
    """The attendee of a genuine code's ticket, or with a typed code in one of the gate's slots, locked, with booking,
    slot and enterprise, and the gate (by primary key or public id), open or not. One statement where the code names
    somebody; without an attendee no gate is answered either."""
    values = {"ticket": ticket, "typed": typed, "gate": gate_key if gate is None else gate, "since": typed_since()}
    row = db.session.execute(_locking(by_ticket=ticket is not None, by_key=gate is None), values).one_or_none()
    return (row[0], gate_facts([row])) if row is not None else (None, None)


@cache
def _locking(*, by_ticket: bool, by_key: bool) -> Select[*tuple[Any, ...]]:
    where = Gate.id == bindparam("gate", type_=BigId) if by_key else Gate.public_id == bindparam("gate")
    query = (
        select(Attendee, *gate_columns())
        .join(Booking, Booking.id == Attendee.booking_id)
        .join(Slot, Slot.id == Attendee.slot_id)
        .outerjoin(Gate, where)
        .options(
            contains_eager(Attendee.booking).joinedload(Booking.enterprise).load_only(*SHOWN_OF_ENTERPRISE),
            contains_eager(Attendee.booking)
            .contains_eager(Booking.slot)
            .options(load_only(*SHOWN_OF_SLOT), joinedload(Slot.place).load_only(Place.name, Place.name_en)),
        )
        .order_by(Attendee.id)
        .limit(1)
        .with_for_update(of=Attendee)
        .execution_options(populate_existing=True)
    )
    if by_ticket:
        return query.where(Attendee.public_id == bindparam("ticket"))
    served = select(gate_slots.c.slot_id).where(gate_slots.c.gate_id == Gate.id).correlate(Gate)
    return query.where(Attendee.typed_code == bindparam("typed"), Attendee.slot_id.in_(served))


def find_known(attendee: Attendee, nonce: str, slots: Collection[int]) -> Known:
    """What decides about a scan of the locked attendee: their scans and whatever carried this nonce; one statement.
    Brings the attendee's booking up to date: it may have been released while we waited for the lock."""
    rows = db.session.execute(
        _knowing(),
        {"nonce": nonce, "attendee": attendee.id, "booking": attendee.booking_id, "slots": list(slots)},
    ).all()
    for name in ENDED:
        set_committed_value(attendee.booking, name, getattr(rows[0], name))
    scans = [row.Scan for row in rows if row.Scan is not None]
    return Known(scans, rows[0].arrived, Counters(rows[0].admitted, rows[0].expected))


@cache
def _knowing() -> Select[*tuple[Any, ...]]:
    booking, attendee = bindparam("booking", type_=BigId), bindparam("attendee", type_=BigId)
    slots = bindparam("slots", expanding=True, type_=BigId)
    admitted, of_booking, ticket = aliased(Scan), aliased(Scan), aliased(Attendee)
    counts = (
        select(
            select(func.count(of_booking.attendee_id.distinct()))
            .join(ticket, ticket.id == of_booking.attendee_id)
            .where(ticket.booking_id == booking, *stands(of_booking))
            .scalar_subquery()
            .label("arrived"),
            select(func.count(admitted.attendee_id.distinct()))
            .where(admitted.slot_id.in_(slots), *stands(admitted))
            .scalar_subquery()
            .label("admitted"),
            expected_in(slots).label("expected"),
        )
    ).subquery("counts")
    return (
        select(*(getattr(Booking, name) for name in ENDED), Scan, counts)
        .select_from(Booking)
        .join(counts, true())
        .outerjoin(Scan, or_(Scan.nonce == bindparam("nonce"), Scan.attendee_id == attendee))
        .where(Booking.id == booking)
        .options(joinedload(Scan.gate))
        .order_by(Scan.id)
    )


def find_by_nonce(nonce: str) -> Scan | None:
    """The scan with this nonce, with its gate."""
    return db.session.scalars(select(Scan).where(Scan.nonce == nonce).options(joinedload(Scan.gate))).one_or_none()


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


def meaning_of(scans: Sequence[Scan], *more: Reading) -> Meaning:
    """What the scans of one ticket mean, together with `more` that are not logged yet."""
    return merge([*_readings(scans), *more])


def _readings(scans: Sequence[Scan]) -> Iterable[Reading]:
    """The scans as the merge reads them; an annulment is told by the scan that it takes back."""
    taken_back = {scan.annuls_id for scan in scans}
    for scan in scans:
        if scan.annuls_id is None:
            shown = scan.shown or scan.result
            yield Reading(scan.nonce, scan.scanned_at, scan.direction, scan.result, shown, scan.id in taken_back)


def admissions_of(slots: Collection[int]) -> dict[int, tuple[Scan | None, bool]]:
    """By attendee (primary key) of the slots: the admission that stands, with its gate, and whether the person is
    inside; one statement."""
    query = (
        select(Scan)
        .where(Scan.slot_id.in_(slots), Scan.attendee_id.is_not(None))
        .options(joinedload(Scan.gate))
        .order_by(Scan.attendee_id, Scan.id)
    )
    return dict(_meanings(db.session.scalars(query).all()))


def _meanings(scans: Sequence[Scan]) -> Iterator[tuple[int, tuple[Scan | None, bool]]]:
    for attendee, group in groupby(scans, key=lambda scan: scan.attendee_id):
        of_one = list(group)
        meaning = meaning_of(of_one)
        admission = next((scan for scan in of_one if scan.nonce == meaning.first), None)
        if attendee is not None:
            yield attendee, (admission, meaning.is_inside)
