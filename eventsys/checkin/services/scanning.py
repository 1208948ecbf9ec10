"""Check in, and take an admission back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from eventsys.bookings.keys import public_key
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import take_back_no_show
from eventsys.bookings.tickets import CodeFault, bare_code, typed_code, verify
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import (
    Counters,
    GateFacts,
    count_arrivals,
    find_gate,
    find_scans,
    lock_attendee_by_ticket,
    lock_attendee_by_typed_code,
    lock_scan,
)
from eventsys.checkin.rules import (
    CLOCK_TOLERANCE,
    CODE_MAX,
    NONCE_MAX,
    OPENS_BEFORE,
    REASON_MAX,
    TYPED_FAILURES_A_MINUTE,
    TYPED_WINDOW,
    UNDO_WITHIN,
    CheckIn,
    ScanResult,
    TicketFacts,
    judge,
)
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound, TooMany
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line
from eventsys.slots.models import Slot


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate shows. `first` is the admission that stands; `slot` is the ticket's own, for wrong_slot."""

    scan: Scan | None
    result: ScanResult
    attendee: Attendee | None = None
    first: Scan | None = None
    arrived: int = 0
    party: int = 0
    counters: Counters | None = None

    @property
    def slot(self) -> Slot | None:
        """The ticket's slot."""
        return self.attendee.booking.slot if self.attendee else None

    @property
    def opens_at(self) -> datetime | None:
        """From when the ticket's slot admits."""
        return self.slot.starts_at - OPENS_BEFORE if self.slot else None


def check_in(command: CheckIn, *, actor: Actor) -> Answer:
    """Judge one scan and log it. The same nonce gets the same answer; only malformed single codes are an Invalid.

    Raises Invalid (`malformed`, `clock_off`, a field), NotFound for a gate that is not the actor's, TooMany for
    guessing typed codes.
    """
    command = _cleaned(command)
    at = _judged_at(command)
    gate = _gate_of(command, actor)
    fault, attendee, typed = _find(command, gate)
    if gate is None and attendee is not None:
        _authorize(actor, attendee.booking.slot.scope)
    scans = find_scans(attendee, command.nonce)
    repeated = next((scan for scan in scans if scan.nonce == command.nonce), None)
    if repeated is not None:
        return _answer_again(repeated, attendee, scans, gate)
    if fault is not None or attendee is None:
        return _log_stranger(command, gate, fault or ScanResult.UNKNOWN, at, actor, typed=typed)
    return _log(command, gate, attendee, scans, at, actor)


def annul(scan: str, *, actor: Actor) -> Answer:
    """Take an admission back within fifteen minutes: a row that names it. Twice is once."""
    found = lock_scan(scan)
    if found is None:
        raise NotFound()
    taken, department = found
    departments = frozenset() if department is None else frozenset({department})
    scope = Scope(departments=departments, gate=taken.gate_id)
    if not is_allowed(actor, Permission.CHECK_IN, scope):
        raise NotFound()
    if taken.result not in {ScanResult.ADMITTED, ScanResult.EXITED}:
        raise Conflict("not_an_admission")
    existing = db.session.scalar(select(Scan).where(Scan.annuls_id == taken.id))
    if existing is not None:
        return Answer(existing, ScanResult.ANNULLED)
    if now() - taken.received_at > UNDO_WITHIN:
        raise Conflict("too_late_to_undo", minutes=int(UNDO_WITHIN.total_seconds()) // 60)
    row = Scan(
        public_id=new_public_id(),
        nonce=f"annul-{taken.public_id}",
        code=taken.code,
        gate_id=taken.gate_id,
        slot_id=taken.slot_id,
        attendee_id=taken.attendee_id,
        direction=taken.direction,
        result=ScanResult.ANNULLED,
        scanned_at=now(),
        received_at=now(),
        actor_id=actor.person,
        actor_name=actor.name,
        annuls_id=taken.id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "scan.annulled", "scan", taken.public_id)
    return Answer(row, ScanResult.ANNULLED)


def _cleaned(command: CheckIn) -> CheckIn:
    nonce = clean_line(command.nonce, "nonce", NONCE_MAX, required=True)
    if nonce.startswith("annul-"):
        raise Invalid("bad_choice", field="nonce")
    code = clean_line(command.code, "code", CODE_MAX, required=not command.is_history)
    return CheckIn(
        code=code,
        nonce=nonce,
        gate=command.gate,
        scanned_at=command.scanned_at,
        direction=command.direction,
        override_reason=clean_line(command.override_reason, "override", REASON_MAX),
        device=clean_line(command.device, "device", 60),
        is_history=command.is_history,
    )


def _judged_at(command: CheckIn) -> datetime:
    """The instant the scan is judged at; off by more than two minutes only as a gate's queued history."""
    at = command.scanned_at or now()
    if not command.is_history and abs(at - now()) > CLOCK_TOLERANCE:
        raise Invalid("clock_off", field="scanned_at")
    return min(at, now() + CLOCK_TOLERANCE)


def _gate_of(command: CheckIn, actor: Actor) -> GateFacts | None:
    """The gate of the token or the one named, which the actor may use."""
    if actor.gate is None and not command.gate:
        return None
    gate = find_gate(key=actor.gate) if actor.gate is not None else find_gate(public_id=command.gate)
    if gate is None:
        raise Invalid("unknown_gate", field="gate")
    if not is_allowed(actor, Permission.CHECK_IN, gate.scope):
        raise Invalid("unknown_gate", field="gate")
    return gate


def _authorize(actor: Actor, scope: Scope) -> None:
    if not is_allowed(actor, Permission.CHECK_IN, scope):
        raise NotFound()


def _find(command: CheckIn, gate: GateFacts | None) -> tuple[ScanResult | None, Attendee | None, bool]:
    """(why the code is none of ours, the attendee it names, whether it was typed)."""
    typed = typed_code(command.code)
    if typed is not None:
        if gate is None:
            raise Invalid("no_gate", field="gate")
        if gate.typed_failures >= TYPED_FAILURES_A_MINUTE:
            raise TooMany("too_many", retry_after=int(TYPED_WINDOW.total_seconds()))
        return None, lock_attendee_by_typed_code(typed, gate.slots), True
    genuine = verify(command.code, public_key)
    if genuine is CodeFault.MALFORMED:
        if not command.is_history:
            raise Invalid("malformed", field="code")
        return ScanResult.INVALID, None, False
    if isinstance(genuine, CodeFault):
        return ScanResult.FORGED, None, False
    attendee = lock_attendee_by_ticket(genuine.ticket)
    if attendee is not None and attendee.booking.slot.public_id != genuine.slot:
        return ScanResult.UNKNOWN, None, False
    return None, attendee, False


def _log_stranger(
    command: CheckIn, gate: GateFacts | None, result: ScanResult, at: datetime, actor: Actor, *, typed: bool
) -> Answer:
    """Log a code that names nobody. Nothing is locked, so the same scan sent twice at once meets here."""
    code = command.code if typed else bare_code(command.code)
    try:
        with db.session.begin_nested():
            return Answer(_add_scan(command, code, gate, None, result, at, actor), result)
    except IntegrityError:
        (first,) = find_scans(None, command.nonce)
        return _answer_again(first, None, (), gate)


def _log(
    command: CheckIn, gate: GateFacts | None, attendee: Attendee, scans: Sequence[Scan], at: datetime, actor: Actor
) -> Answer:
    booking, slot = attendee.booking, attendee.booking.slot
    standing = _standing(scans)
    override = bool(command.override_reason)
    if override:
        authorize(actor, Permission.OVERRIDE_CHECK_IN, slot.scope)
    facts = TicketFacts(
        ticket=attendee.state,
        booking=_state_at(booking, at),
        slot=slot.state,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        is_gates_slot=gate is None or slot.id in gate.slots,
        is_inside=bool(standing) and standing[-1].result is ScanResult.ADMITTED,
        was_admitted=any(scan.result is ScanResult.ADMITTED for scan in standing),
    )
    result = judge(facts, at, command.direction, override=override)
    code = typed_code(command.code) or bare_code(command.code)
    row = _add_scan(command, code, gate, attendee, result, at, actor)
    if result is ScanResult.ADMITTED and (slot.ends_at <= now() or booking.state is BookingState.CANCELLED):
        take_back_no_show(booking, actor=actor)  # a gate that was offline, or signed in afterwards
    return _answer(row, attendee, standing, gate)


def _state_at(booking: Booking, at: datetime) -> BookingState:
    """The booking's state when the code was read: who came before the release, at an offline gate, had a place."""
    if booking.is_released and booking.cancelled_at is not None and at < booking.cancelled_at:
        return BookingState.CONFIRMED
    return booking.state


def _add_scan(
    command: CheckIn,
    code: str,
    gate: GateFacts | None,
    attendee: Attendee | None,
    result: ScanResult,
    at: datetime,
    actor: Actor,
) -> Scan:
    row = Scan(
        public_id=new_public_id(),
        nonce=command.nonce,
        code=code[:CODE_MAX],
        gate_id=gate.id if gate else None,
        slot_id=attendee.slot_id if attendee else None,
        attendee_id=attendee.id if attendee else None,
        direction=command.direction,
        result=result,
        scanned_at=at,
        received_at=now(),
        actor_id=actor.person,
        actor_name=actor.name,
        device=command.device,
        is_override=bool(command.override_reason),
        reason=command.override_reason,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _standing(scans: Sequence[Scan]) -> list[Scan]:
    """Entries and exits that nobody took back, by time."""
    taken_back = {scan.annuls_id for scan in scans}
    passed = [scan for scan in scans if scan.result in {ScanResult.ADMITTED, ScanResult.EXITED}]
    return sorted((scan for scan in passed if scan.id not in taken_back), key=lambda scan: (scan.scanned_at, scan.id))


def _answer_again(repeated: Scan, attendee: Attendee | None, scans: Sequence[Scan], gate: GateFacts | None) -> Answer:
    """The answer of the first time; a nonce that another code used belongs to somebody else."""
    if repeated.attendee_id != (attendee.id if attendee else None):
        raise Conflict("nonce_taken")
    if attendee is None:
        return Answer(repeated, repeated.result)
    return _answer(repeated, attendee, _standing(scans), gate)


def _answer(row: Scan, attendee: Attendee, standing: Sequence[Scan], gate: GateFacts | None) -> Answer:
    first = next((scan for scan in standing if scan.result is ScanResult.ADMITTED), None)
    slots = gate.slots | {attendee.slot_id} if gate else {attendee.slot_id}
    arrived, counters = count_arrivals(attendee.booking_id, slots)
    return Answer(row, row.result, attendee, first, arrived, attendee.booking.party, counters)
