"""What decides about a scan, read under locks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import contains_eager, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from eventsys.bookings.models import Attendee, Booking
from eventsys.checkin.merge import Meaning, Reading, merge
from eventsys.checkin.models import Scan
from eventsys.core.db import db
from eventsys.slots.models import Slot

ENDED = ("state", "cancelled_at", "cancel_reason")  # what a release changes of a booking


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
