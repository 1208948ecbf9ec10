"""Check in: judge what was read, and log it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from eventsys.bookings.keys import public_key
from eventsys.bookings.models import Attendee
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.bookings.services import take_back_no_show
from eventsys.bookings.tickets import CodeFault, bare_code, typed_code, verify
from eventsys.checkin.merge import Reading
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import (
    GateFacts,
    Known,
    find_by_nonce,
    find_gate,
    find_known,
    lock_for_scan,
    meaning_of,
)
from eventsys.checkin.rules import (
    CLOCK_TOLERANCE,
    CODE_MAX,
    NONCE_MAX,
    REASON_MAX,
    TYPED_FAILURES_A_MINUTE,
    TYPED_WINDOW,
    CheckIn,
    ScanResult,
    TicketFacts,
    at_the_door,
    judge,
    passing,
)
from eventsys.checkin.services.answers import Answer, answer_of
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound, TooMany
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState


def check_in(command: CheckIn, *, actor: Actor) -> Answer:
    """Judge one scan and log it. The same nonce gets the same answer; only malformed single codes are an Invalid.

    Raises Invalid (`malformed`, `clock_off`, a field), NotFound for a gate that is not the actor's, TooMany for
    guessing typed codes.
    """
    command = _cleaned(command)
    at = _judged_at(command)
    read = _read(command, has_gate=actor.gate is not None or bool(command.gate))
    attendee, gate = _find(command, read, at, actor)
    if gate is None and attendee is not None:
        _authorize(actor, attendee.booking.slot.scope)
    if read.fault is not None or attendee is None:
        return _log_stranger(command, gate, read.fault or ScanResult.UNKNOWN, at, actor, typed=bool(read.typed))
    known = find_known(attendee, command.nonce, gate.slots | {attendee.slot_id} if gate else {attendee.slot_id})
    repeated = next((scan for scan in known.scans if scan.nonce == command.nonce), None)
    if repeated is not None:
        return _answer_again(repeated, attendee, known)
    return _log(command, gate, attendee, known, at, actor)


def log_unknown(code: str, gate: GateFacts, *, actor: Actor) -> Answer:
    """Log what names nobody at the gate; it counts among the guesses there."""
    command = CheckIn(code, new_public_id())
    return _log_stranger(command, gate, ScanResult.UNKNOWN, now(), actor, typed=True)


def _cleaned(command: CheckIn) -> CheckIn:
    nonce = clean_line(command.nonce, "nonce", NONCE_MAX, required=True)
    if nonce.startswith("annul-"):
        raise Invalid("bad_choice", field="nonce")
    return replace(
        command,
        code=clean_line(command.code, "code", CODE_MAX, required=not command.is_history),
        nonce=nonce,
        override_reason=clean_line(command.override_reason, "override", REASON_MAX),
        device=clean_line(command.device, "device", 60),
        shown=(command.shown or passing(command.direction)) if command.is_history else None,
    )


def _judged_at(command: CheckIn) -> datetime:
    """The instant the scan is judged at; off by more than two minutes only as a gate's queued history."""
    at = command.scanned_at or now()
    if not command.is_history and abs(at - now()) > CLOCK_TOLERANCE:
        raise Invalid("clock_off", field="scanned_at")
    return min(at, now() + CLOCK_TOLERANCE)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a code says by itself: why it is none of ours, or a ticket and its slot (public ids), or a typed code."""

    fault: ScanResult | None = None
    ticket: str | None = None
    slot: str = ""
    typed: str | None = None


def _read(command: CheckIn, *, has_gate: bool) -> _Read:
    typed = typed_code(command.code)
    if typed is not None:
        if not has_gate:
            raise Invalid("no_gate", field="gate")
        return _Read(typed=typed)
    genuine = verify(command.code, public_key)
    if genuine is CodeFault.MALFORMED:
        if not command.is_history:
            raise Invalid("malformed", field="code")
        return _Read(ScanResult.INVALID)
    if isinstance(genuine, CodeFault):
        return _Read(ScanResult.FORGED)
    return _Read(ticket=genuine.ticket, slot=genuine.slot)


def _find(command: CheckIn, read: _Read, at: datetime, actor: Actor) -> tuple[Attendee | None, GateFacts | None]:
    """The attendee, locked, and the gate of the token or the one named, which the actor may use."""
    attendee, gate = None, None
    wanted = None if actor.gate is not None else command.gate or None
    if read.fault is None:
        attendee, gate = lock_for_scan(ticket=read.ticket, typed=read.typed, gate_key=actor.gate, gate=wanted)
    if actor.gate is None and wanted is None:
        gate = None
    else:
        gate = gate or find_gate(key=actor.gate, public_id=wanted)
        _check_gate(gate, command, at, actor)
    if read.typed and gate is not None and gate.typed_failures >= TYPED_FAILURES_A_MINUTE:
        raise TooMany("too_many", retry_after=int(TYPED_WINDOW.total_seconds()))
    if attendee is not None and read.ticket and attendee.booking.slot.public_id != read.slot:
        attendee = None
    return attendee, gate


def _check_gate(gate: GateFacts | None, command: CheckIn, at: datetime, actor: Actor) -> None:
    """Raise Invalid unless the actor may use the gate; a closed one takes only what was queued before."""
    if gate is None or not is_allowed(actor, Permission.CHECK_IN, gate.scope):
        raise Invalid("unknown_gate", field="gate")
    if gate.revoked_at is not None and not (command.is_history and at < gate.revoked_at):
        raise Invalid("unknown_gate", field="gate")


def _authorize(actor: Actor, scope: Scope) -> None:
    if not is_allowed(actor, Permission.CHECK_IN, scope):
        raise NotFound()


def _log_stranger(
    command: CheckIn, gate: GateFacts | None, result: ScanResult, at: datetime, actor: Actor, *, typed: bool
) -> Answer:
    """Log a code that names nobody. Nothing is locked, so the same scan sent twice at once meets here."""
    code = command.code if typed else bare_code(command.code)
    try:
        with db.session.begin_nested():
            return Answer(_add_scan(command, code, gate, None, result, at, actor), result)
    except IntegrityError:
        first = find_by_nonce(command.nonce)
        assert first is not None
        return _answer_again(first, None, Known(()))


def _log(
    command: CheckIn, gate: GateFacts | None, attendee: Attendee, known: Known, at: datetime, actor: Actor
) -> Answer:
    booking, slot = attendee.booking, attendee.booking.slot
    facts = TicketFacts(
        ticket=TicketState.VALID if _is_before(at, attendee.ended_at) else attendee.state,
        booking=BookingState.CONFIRMED if _is_before(at, booking.cancelled_at) else booking.state,
        slot=SlotState.PUBLISHED if _is_before(at, slot.called_off_at) else slot.state,
        opens_at=slot.door_opens_at,
        ends_at=slot.ends_at,
        is_gates_slot=gate is None or slot.id in gate.slots,
    )
    verdict = judge(facts, at, command.direction, override=_overrides(command, gate, slot, actor))
    shown = command.shown or at_the_door(verdict, is_inside=meaning_of(known.scans).is_inside)
    meaning = meaning_of(known.scans, Reading(command.nonce, at, command.direction, verdict, shown))
    result = meaning.results[command.nonce] if command.is_history else shown
    code = typed_code(command.code) or bare_code(command.code)
    row = _add_scan(command, code, gate, attendee, result, at, actor)
    if meaning.first is not None and (slot.ends_at <= now() or booking.state is BookingState.CANCELLED):
        take_back_no_show(booking, actor=actor)  # a gate that was offline, or signed in afterwards
    return answer_of(row, attendee, known)


def _is_before(at: datetime, ended_at: datetime | None) -> bool:
    """Whether the code was read before what ended it: who came to an offline gate in time had a place."""
    return ended_at is not None and at < ended_at


def _overrides(command: CheckIn, gate: GateFacts | None, slot: Slot, actor: Actor) -> bool:
    """Whether the reason given lets in what time or state would refuse. History by who may not is kept without it."""
    if not command.override_reason:
        return False
    scope = replace(slot.scope, gate=gate.id if gate and slot.id in gate.slots else None)
    if not command.is_history:
        authorize(actor, Permission.OVERRIDE_CHECK_IN, scope)
        return True
    return is_allowed(actor, Permission.OVERRIDE_CHECK_IN, scope)


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
        shown=command.shown,
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


def _answer_again(repeated: Scan, attendee: Attendee | None, known: Known) -> Answer:
    """The answer again; a nonce that another code used belongs to somebody else."""
    if repeated.attendee_id != (attendee.id if attendee else None):
        raise Conflict("nonce_taken")
    return Answer(repeated, repeated.result) if attendee is None else answer_of(repeated, attendee, known)
