"""Confirm that a visit took place (到访确认), and write its record (走访记录)."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import get_booking
from eventsys.bookings.queries.visit_links import TEAM, find_visit
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import take_back_no_show
from eventsys.checkin.models import VisitRecord
from eventsys.checkin.queries.visits import find_record, lock_record
from eventsys.checkin.rules import (
    NAMES_MAX,
    NOTES_MAX,
    PROMISES_MAX,
    REASON_MAX,
    SELF_OPENS_BEFORE,
    Promise,
    VisitNotes,
    VisitSide,
    check_visit_times,
)
from eventsys.checkin.services.signing_in import last_sign_in
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line, clean_text
from eventsys.slots.rules import SlotFormat, SlotState

NAME_MAX = 60


def confirm_by_link(token: str, name: str = "", reason: str = "", *, actor: Actor) -> VisitRecord:
    """The host confirms the visit by their link. Twice is once. Raises NotFound for a link that is dead."""
    booking = find_visit(token)
    if booking is None:
        raise NotFound()
    who = clean_line(name, "name", NAME_MAX) or booking.contact_name
    return _confirm(booking, VisitSide.HOST, who, reason, actor)


def confirm_by_code(token: str, team: tuple[str, ...], reason: str = "", *, actor: Actor) -> VisitRecord:
    """Those who came scanned the enterprise's code and say who they are. Twice is once. Raises NotFound for a code that
    is dead, Invalid without a name."""
    booking = find_visit(token, TEAM)
    if booking is None:
        raise NotFound()
    names = _names(team, "team")
    if not names:
        raise Invalid("required", field="team")
    return _confirm(booking, VisitSide.TEAM, names[0], reason, actor, team=names)


def leave_by_code(token: str, *, actor: Actor) -> VisitRecord:
    """Those who came scanned the code again and leave: the departure, once."""
    booking = find_visit(token, TEAM)
    record = lock_record(booking.id) if booking else None
    if booking is None or record is None:
        raise NotFound()
    return _leave(booking, record, actor)


def confirm_visit(booking: str, reason: str = "", *, actor: Actor) -> VisitRecord:
    """Somebody of the department confirms the visit, from an hour before its start; after the end with a reason, for
    some working days. Twice is once, whoever was first.

    Raises NotFound, Conflict (`not_a_visit`, `booking_not_active`, `door_not_yet`, `sign_in_over`), Invalid for a
    missing reason.
    """
    found = get_booking(booking, visible_to=actor)
    authorize(actor, Permission.CHECK_IN, found.slot.scope)
    return _confirm(found, VisitSide.TEAM, actor.name, reason, actor)


def _confirm(
    booking: Booking, side: VisitSide, who: str, reason: str, actor: Actor, *, team: list[str] | None = None
) -> VisitRecord:
    slot, existing = booking.slot, find_record(booking.id)
    if existing is not None:
        return existing
    if slot.format is not SlotFormat.VISIT:
        raise Conflict("not_a_visit")
    if booking.state is not BookingState.CONFIRMED or slot.state is not SlotState.PUBLISHED:
        raise Conflict("booking_not_active", state=booking.state.value)
    if now() < slot.starts_at - SELF_OPENS_BEFORE:
        raise Conflict("door_not_yet", opens_at=slot.starts_at - SELF_OPENS_BEFORE)
    is_late = now() > slot.ends_at
    if is_late and now() >= last_sign_in(slot):
        raise Conflict("sign_in_over", until=last_sign_in(slot))
    if is_late and not reason.strip():
        raise Invalid("required", field="reason")
    row = VisitRecord(
        booking_id=booking.id,
        slot_id=slot.id,
        confirmed_as=side,
        confirmed_by=who[:NAME_MAX],
        confirmed_at=now(),
        reason=clean_line(reason, "reason", REASON_MAX) if is_late else "",
        arrived_at=slot.starts_at if is_late else now(),
        team=team or [person.name for person in slot.staff],
        hosts=[attendee.name for attendee in booking.valid_attendees],
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
            db.session.flush()
    except IntegrityError:  # host and team pressed at once
        first = find_record(booking.id)
        assert first is not None
        return first
    take_back_no_show(booking, actor=actor)
    after = {"as": side.value, "by": row.confirmed_by}
    audit.record(actor, "visit.confirmed", "booking", booking.public_id, after=after, reason=row.reason)
    return row


def leave_visit(booking: str, *, actor: Actor) -> VisitRecord:
    """The team has left: the departure, once."""
    found = get_booking(booking, visible_to=actor)
    authorize(actor, Permission.CHECK_IN, found.slot.scope)
    record = lock_record(found.id)
    if record is None:
        raise NotFound()
    return _leave(found, record, actor)


def _leave(booking: Booking, record: VisitRecord, actor: Actor) -> VisitRecord:
    if record.departed_at is None:
        record.departed_at = max(now(), record.arrived_at)
        record.version += 1
        audit.record(actor, "visit.left", "booking", booking.public_id)
    return record


def write_record(booking: str, notes: VisitNotes, *, version: int | None, actor: Actor) -> VisitRecord:
    """Write what the visit was about. Raises Conflict `stale_edit` when somebody wrote since `version`, NotFound before
    the visit is confirmed, Invalid for a field."""
    found = get_booking(booking, visible_to=actor)
    authorize(actor, Permission.CHECK_IN, found.slot.scope)
    record = lock_record(found.id)
    if record is None:
        raise NotFound()
    record.require_version(version)
    check_visit_times(notes, found.slot.starts_at, now())
    record.arrived_at, record.departed_at = notes.arrived_at, notes.departed_at
    record.team, record.hosts = _names(notes.team, "team"), _names(notes.hosts, "hosts")
    record.topics = clean_text(notes.topics, "topics", NOTES_MAX)
    record.asked = clean_text(notes.asked, "asked", NOTES_MAX)
    if len(notes.promises) > PROMISES_MAX:
        raise Invalid("too_many_items", field="promises", limit=PROMISES_MAX)
    record.promises = [_promise(promise, number) for number, promise in enumerate(notes.promises)]
    audit.record(actor, "visit.recorded", "booking", found.public_id, after={"promises": len(record.promises)})
    return record


def _names(names: tuple[str, ...], field: str) -> list[str]:
    if len(names) > NAMES_MAX:
        raise Invalid("too_many_items", field=field, limit=NAMES_MAX)
    return [clean_line(name, field, NAME_MAX, required=True) for name in names]


def _promise(promise: Promise, number: int) -> dict[str, str]:
    return {
        "what": clean_line(promise.what, f"promises-{number}-what", REASON_MAX, required=True),
        "who": clean_line(promise.who, f"promises-{number}-who", NAME_MAX),
        "due": promise.due.isoformat() if promise.due else "",
    }
