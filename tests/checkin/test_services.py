"""What a scan results in, and that the log alone says who is in."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from eventsys.bookings.keys import code_of, ticket_url
from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import call_off_slot, cancel_booking, replace_attendee
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import list_roster
from eventsys.checkin.rules import CheckIn, Direction, ScanResult
from eventsys.checkin.services import annul, check_in, create_gate, revoke_gate
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from eventsys.core.ids import new_public_id
from eventsys.slots.models import Slot
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot
from tests.support import counted_statements

_nonces = iter(range(10**9))


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一", "李二"))


@pytest.fixture
def at_the_door(slot, booking):
    """Half an hour before the start."""
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def scan(code, gate=None, actor=cast.STEWARD.actor, nonce=None, **more):
    command = CheckIn(code, nonce or f"nonce-{next(_nonces)}", gate=gate.public_id if gate else None, **more)
    with unit_of_work():
        return check_in(command, actor=actor)


def test_admits_once_and_says_who_did(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    first = scan(ticket_url(code_for(booking)), gate)
    assert (first.result, first.arrived, first.party) == (ScanResult.ADMITTED, 1, 2)
    assert (first.attendee.name, first.counters.admitted, first.counters.expected) == ("王一", 1, 2)
    at_the_door.shift(60)
    second = scan(code_for(booking).lower(), gate)
    assert second.result is ScanResult.ALREADY_ADMITTED
    assert (second.first.scanned_at, second.first.gate.name) == (now() - timedelta(seconds=60), "南门")
    assert (second.arrived, second.counters.admitted) == (1, 1)


def test_the_same_nonce_is_one_row_and_one_answer(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    first = scan(code_for(booking), gate, nonce="same")
    again = scan(code_for(booking), gate, nonce="same")
    assert (again.result, again.scan.id) == (ScanResult.ADMITTED, first.scan.id)
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 1
    with pytest.raises(Conflict, match="nonce_taken"):
        scan(code_for(booking, 1), gate, nonce="same")


def test_costs_few_statements(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    code, command = code_for(booking), CheckIn("", "counted", gate=gate.public_id)
    typed = booking.attendees[1].typed_code
    for read in (code, typed):
        with counted_statements() as seen, unit_of_work():
            check_in(replace(command, code=read, nonce=f"counted-{read[:6]}"), actor=cast.STEWARD.actor)
        assert len(seen) == 3, seen


def test_typed_code_counts_at_a_gate_of_its_slot(app, slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    other, _token = make_gate(make_slot(title="另一场"))
    typed = booking.attendees[0].typed_code
    assert scan(typed, other).result is ScanResult.UNKNOWN
    with pytest.raises(Invalid, match="no_gate"):
        scan(typed)
    assert scan(f"{typed[:3]}-{typed[3:].lower()}", gate).result is ScanResult.ADMITTED


def test_guessing_typed_codes_is_stopped(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    for _ in range(10):
        assert scan("222222", gate).result is ScanResult.UNKNOWN
    with pytest.raises(TooMany):
        scan("222222", gate)
    assert scan(code_for(booking), gate).result is ScanResult.ADMITTED  # signed codes still pass
    at_the_door.shift(61)
    assert scan(booking.attendees[1].typed_code, gate).result is ScanResult.ADMITTED


def test_codes_that_name_nobody(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    code = code_for(booking)
    altered = code[:20] + ("A" if code[20] != "A" else "B") + code[21:]
    assert scan(altered, gate).result is ScanResult.FORGED
    for nonsense in ("hello", "x" * 399, "http://example.com/", "二维码"):
        with pytest.raises(Invalid) as refused:
            scan(nonsense, gate)
        assert (refused.value.code, refused.value.field) == ("malformed", "code")
    booking.attendees[0].public_id = new_public_id()  # never stored: a genuine signature of no ticket
    assert scan(code_of(booking.attendees[0], slot.public_id), gate).result is ScanResult.UNKNOWN
    db.session.rollback()


def test_replaced_cancelled_and_called_off_codes_are_dead(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    old = code_for(booking)
    with unit_of_work():
        replace_attendee(booking.attendees[0].public_id, NewAttendee("孙三"))
    assert scan(old, gate).result is ScanResult.REVOKED
    other = make_booking(slot, cast.STRANGER)
    with unit_of_work():
        cancel_booking(other.public_id, actor=cast.STRANGER.actor)
    assert scan(code_for(other), gate).result is ScanResult.CANCELLED
    with unit_of_work():
        call_off_slot(slot.public_id, "停电", actor=cast.CLERK.actor)
    assert scan(code_for(booking, 1), gate).result is ScanResult.CANCELLED


def test_wrong_slot_and_times(slot, booking, at_the_door):
    other, _token = make_gate(make_slot(title="另一场"))
    gate, _token = make_gate(slot)
    assert scan(code_for(booking), other).result is ScanResult.WRONG_SLOT
    at_the_door.move_to(slot.starts_at - timedelta(hours=2, seconds=1))
    assert scan(code_for(booking), gate).result is ScanResult.NOT_YET
    at_the_door.move_to(slot.ends_at + timedelta(seconds=1))
    assert scan(code_for(booking), gate).result is ScanResult.EXPIRED
    at_the_door.move_to(slot.ends_at)
    assert scan(code_for(booking), gate).result is ScanResult.ADMITTED


def test_clocks_may_be_two_minutes_off(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    for off in (timedelta(minutes=2, seconds=1), -timedelta(minutes=2, seconds=1)):
        with pytest.raises(Invalid, match="clock_off"):
            scan(code_for(booking), gate, scanned_at=now() + off)
    history = scan(code_for(booking), gate, scanned_at=now() - timedelta(minutes=20), is_history=True)
    assert (history.result, history.scan.scanned_at) == (ScanResult.ADMITTED, now() - timedelta(minutes=20))


def test_exit_and_entry_again(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    results = []
    for direction in (Direction.ENTRY, Direction.EXIT, Direction.ENTRY):
        at_the_door.shift(60)
        results.append(scan(code_for(booking), gate, direction=direction).result)
    assert results == [ScanResult.ADMITTED, ScanResult.EXITED, ScanResult.ADMITTED]


def test_override_is_for_the_clerk_and_never_for_a_dead_code(slot, booking, at_the_door):
    at_the_door.move_to(slot.ends_at + timedelta(minutes=5))
    gate, _token = make_gate(slot)
    with pytest.raises(NotAllowed):
        scan(code_for(booking), gate, override_reason="领导同意")
    late = scan(code_for(booking), gate, actor=cast.CLERK.actor, override_reason="迟到")
    assert (late.result, late.scan.is_override, late.scan.reason) == (ScanResult.ADMITTED, True, "迟到")
    with unit_of_work():
        call_off = db.session.get(Slot, slot.id)
        call_off.ends_at = now() + timedelta(hours=1)
    with unit_of_work():
        call_off_slot(slot.public_id, "停电", actor=cast.CLERK.actor)
    assert scan(code_for(booking, 1), gate, actor=cast.CLERK.actor, override_reason="x").result is ScanResult.CANCELLED


def test_an_admission_is_taken_back_within_fifteen_minutes(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    first = scan(code_for(booking), gate).scan.public_id
    for _ in range(2):
        with unit_of_work():
            assert annul(first, actor=cast.STEWARD.actor).result is ScanResult.ANNULLED
    assert [admitted for _, admitted in list_roster(slot.id)] == [False, False]
    second = scan(code_for(booking), gate)
    assert second.result is ScanResult.ADMITTED
    at_the_door.shift(timedelta(minutes=15, seconds=1))
    with pytest.raises(Conflict, match="too_late_to_undo"), unit_of_work():
        annul(second.scan.public_id, actor=cast.STEWARD.actor)
    for member in (cast.STRANGER_CLERK, cast.CONTACT, cast.AUDITOR):
        with pytest.raises(NotFound), unit_of_work():
            annul(second.scan.public_id, actor=member.actor)


def test_only_the_departments_own_gates(slot, booking, at_the_door):
    gate, _token = make_gate(slot)
    for member in (cast.STRANGER_CLERK, cast.CONTACT, cast.VOLUNTEER, cast.AUDITOR):
        with pytest.raises(Invalid, match="unknown_gate"):
            scan(code_for(booking), gate, actor=member.actor)
        with pytest.raises(NotFound):
            scan(code_for(booking), actor=member.actor)
        with pytest.raises(Invalid, match="unknown_slot"), unit_of_work():
            create_gate("门", [slot.public_id], actor=member.actor)
    with unit_of_work():
        revoke_gate(gate.public_id, actor=cast.CLERK.actor)
    with pytest.raises(Invalid, match="unknown_gate"):
        scan(code_for(booking), gate)


@pytest.mark.parametrize("statement", ["UPDATE scans SET result = 'admitted'", "DELETE FROM scans"])
def test_the_log_is_append_only(slot, booking, at_the_door, statement):
    scan(code_for(booking))
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
        db.session.execute(text(statement))
