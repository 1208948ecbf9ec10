"""Where the scans of gates that were offline contradict what else is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased, joinedload

from eventsys.bookings.models import Attendee, Booking
from eventsys.checkin.models import Scan, gate_slots
from eventsys.checkin.queries.arrivals import stands
from eventsys.checkin.queries.scans import meaning_of
from eventsys.checkin.rules import LET_THROUGH, PASSES, ScanResult
from eventsys.core.db import db
from eventsys.slots.models import Slot

CONFLICTS_MAX = 500  # on one page; who has more has another problem


@dataclass(frozen=True, slots=True)
class Conflict:
    """A scan let through that should not have been: `result` says why. Of a duplicate `admission` is what stands; a
    code that names nobody has no attendee."""

    scan: Scan
    result: ScanResult
    attendee: Attendee | None = None
    admission: Scan | None = None


def list_conflicts(slot: Slot) -> Sequence[Conflict]:
    """The conflicts of a slot by time: people let in twice, or with a code that was not good, and codes that name
    nobody at a gate of the slot; two statements."""
    candidates = select(Scan.attendee_id).where(Scan.slot_id == slot.id, _may_conflict()).limit(CONFLICTS_MAX)
    query = (
        select(Scan)
        .where(Scan.attendee_id.in_(candidates.scalar_subquery()))
        .options(joinedload(Scan.gate), joinedload(Scan.attendee).joinedload(Attendee.booking))
        .options(joinedload(Scan.attendee).joinedload(Attendee.booking).joinedload(Booking.enterprise))
        .order_by(Scan.attendee_id, Scan.id)
    )
    found = [
        conflict
        for _, scans in groupby(db.session.scalars(query), key=lambda scan: scan.attendee_id)
        for conflict in _conflicts_of(list(scans))
    ]
    strangers = db.session.scalars(_strangers().where(gate_slots.c.slot_id == slot.id).limit(CONFLICTS_MAX))
    found += [Conflict(scan, scan.result) for scan in strangers]
    return sorted(found, key=lambda conflict: (conflict.scan.scanned_at, conflict.scan.id))


def may_have_conflicts() -> ColumnElement[bool]:
    """Of a slot: whether one of its scans may be a conflict."""
    stranger = exists(_strangers().where(gate_slots.c.slot_id == Slot.id).with_only_columns(Scan.id))
    return or_(exists().where(Scan.slot_id == Slot.id, _may_conflict()), stranger)


def _may_conflict() -> ColumnElement[bool]:
    """Of a scan of a ticket: an offline gate let somebody through whose code was not good, or who was let in
    elsewhere as well (who had gone out in between is told from that by the merge)."""
    other = aliased(Scan)
    was_let_in_twice = exists().where(other.attendee_id == Scan.attendee_id, other.id != Scan.id, *stands(other))
    is_good = Scan.result.in_(PASSES)
    return and_(
        Scan.attendee_id.is_not(None), Scan.shown.in_(LET_THROUGH), or_(~is_good, and_(was_let_in_twice, *stands(Scan)))
    )


def _strangers() -> Select[Scan]:
    return (
        select(Scan)
        .join(gate_slots, gate_slots.c.gate_id == Scan.gate_id)
        .where(Scan.attendee_id.is_(None), Scan.shown.in_(LET_THROUGH))
        .options(joinedload(Scan.gate))
    )


def _conflicts_of(scans: Sequence[Scan]) -> Iterator[Conflict]:
    meaning = meaning_of(scans)
    by_nonce = {scan.nonce: scan for scan in scans}
    admission = by_nonce.get(meaning.first or "")
    for nonce in meaning.duplicates:
        yield Conflict(by_nonce[nonce], ScanResult.ALREADY_ADMITTED, by_nonce[nonce].attendee, admission)
    for nonce in meaning.let_through_wrongly:
        yield Conflict(by_nonce[nonce], meaning.results[nonce], by_nonce[nonce].attendee)
