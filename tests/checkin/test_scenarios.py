"""The scenarios of check-in by the names that other systems' suites give them, online and as queued history."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import cancel_booking, replace_attendee
from eventsys.checkin.queries import venue_token
from eventsys.checkin.rules import CheckIn, Direction, ScanResult
from eventsys.checkin.services import annul, check_in, check_in_yourself
from eventsys.core.actor import ANYBODY
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot
from tests.support import counted_statements

R = ScanResult
STEWARD, CLERK = cast.STEWARD.actor, cast.CLERK.actor


class Door:
    """A gate of two slots, half an hour before the first begins; the second begins an hour later."""

    def __init__(self):
        self.slot = make_slot(title="第一场")
        self.second = make_slot(title="第二场", starts_at=self.slot.starts_at + timedelta(minutes=60))
        self.elsewhere = make_slot(title="别处")
        self.booking = make_booking(self.slot, names=("王𠮷", "李 二", "O'Brien <b>"), party=3)
        self.other = make_booking(self.second, cast.STRANGER, names=("赵三",))
        self.third = make_booking(self.elsewhere, cast.STRANGER, names=("钱四",))
        self.gate = make_gate(self.slot, self.second)[0]
        self.away = make_gate(self.slot)[0]
        self.count = 0

    def code(self, position=0):
        return code_for(self.booking, position)

    def scan(self, code, *, gate=None, actor=STEWARD, is_history=False, **more):
        self.count += 1
        nonce = more.pop("nonce", f"s{self.count}")
        command = CheckIn(code, nonce, gate=(gate or self.gate).public_id, is_history=is_history, **more)
        with unit_of_work():
            return check_in(command, actor=actor).result


@pytest.fixture(params=["online", "history"])
def door(app, request):
    made = Door()
    with time_machine.travel(made.slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        made.traveller = traveller
        if request.param == "history":  # what a gate queued while it was offline is judged alike
            plain = made.scan
            made.scan = lambda code, **more: plain(code, is_history=True, scanned_at=more.pop("at", now()), **more)
        yield made


def test_by_code_only_once(door):
    assert [door.scan(door.code()), door.scan(door.code())] == [R.ADMITTED, R.ALREADY_ADMITTED]


def test_by_typed_code(door):
    typed = door.booking.attendees[0].typed_code
    assert door.scan(f" {typed[:3].lower()}-{typed[3:]} ") is R.ADMITTED


@pytest.mark.parametrize("shape", ["{0}", "http://x.test/t/{0}", "{1}", " {0} ", "https://x.test/T/{1}?a=b#c"])
def test_special_characters_around_the_code_and_in_the_name(door, shape):
    code = door.code(2)
    assert door.scan(shape.format(code, code.lower())) is R.ADMITTED


def test_reupload_of_the_same_nonce(door):
    assert [door.scan(door.code(), nonce="n"), door.scan(door.code(), nonce="n")] == [R.ADMITTED, R.ADMITTED]


def test_several_lists(door):
    assert door.scan(code_for(door.other)) is R.ADMITTED
    assert door.scan(code_for(door.other), gate=door.away) is R.WRONG_SLOT
    assert door.scan(door.code(), gate=door.away) is R.ADMITTED


def test_wrong_event(door):
    assert door.scan(code_for(door.third)) is R.WRONG_SLOT


def test_forced(door):
    code = code_for(door.third)
    assert door.scan(code, actor=CLERK, override_reason="部门同意") is R.ADMITTED
    assert door.scan("A" * 132, actor=CLERK, override_reason="部门同意") is R.FORGED


def test_unknown_and_invalid_signature(door):
    altered = door.code()[:-40] + ("A" if door.code()[-40] != "A" else "B") + door.code()[-39:]
    assert door.scan(altered) is R.FORGED
    assert door.scan("222222") is R.UNKNOWN


def test_revoked(door):
    code = door.code()
    with unit_of_work():
        replace_attendee(door.booking.attendees[0].public_id, NewAttendee("新人"))
    door.traveller.shift(1)
    assert door.scan(code) is R.REVOKED


def test_cancelled(door):
    code = door.code()
    with unit_of_work():
        cancel_booking(door.booking.public_id, actor=cast.CONTACT.actor)
    door.traveller.shift(1)
    assert door.scan(code) is R.CANCELLED


def test_not_yet_and_no_longer_valid(door):
    door.traveller.move_to(door.slot.starts_at - timedelta(hours=3))
    assert door.scan(door.code()) is R.NOT_YET
    door.traveller.move_to(door.slot.ends_at + timedelta(minutes=1))
    assert door.scan(door.code()) is R.EXPIRED


def test_redeemed_elsewhere(door):
    assert [door.scan(door.code()), door.scan(door.code(), gate=door.away)] == [R.ADMITTED, R.ALREADY_ADMITTED]


def test_entry_after_exit(door):
    directions = (Direction.ENTRY, Direction.EXIT, Direction.ENTRY, Direction.ENTRY)
    results = []
    for direction in directions:
        door.traveller.shift(10)
        results.append(door.scan(door.code(), direction=direction))
    assert results == [R.ADMITTED, R.EXITED, R.ADMITTED, R.ALREADY_ADMITTED]


class TestAnnul:
    @pytest.fixture
    def admitted(self, door):
        with unit_of_work():
            return check_in(CheckIn(door.code(), "a", gate=door.gate.public_id), actor=STEWARD).scan.public_id

    def test_simple(self, door, admitted):
        with unit_of_work():
            assert annul(admitted, actor=STEWARD).result is R.ANNULLED
        door.traveller.shift(5)
        assert door.scan(door.code()) is R.ADMITTED

    def test_too_late(self, door, admitted):
        door.traveller.shift(16 * 60)
        with pytest.raises(Conflict, match="too_late_to_undo"), unit_of_work():
            annul(admitted, actor=STEWARD)

    def test_without_permission(self, door, admitted):
        for actor in (cast.STRANGER_CLERK.actor, cast.CONTACT.actor):
            with pytest.raises(NotFound), unit_of_work():
                annul(admitted, actor=actor)


def test_without_permission(door):
    for actor in (cast.STRANGER_CLERK.actor, cast.CONTACT.actor, replace(STEWARD, grants=frozenset())):
        with pytest.raises(Invalid, match="unknown_gate"):
            door.scan(door.code(), actor=actor)


def test_query_load(door):
    code, gate = door.code(), door.gate.public_id
    door.scan(door.code(1))
    with counted_statements() as seen, unit_of_work():
        check_in(CheckIn(code, "load", gate=gate), actor=STEWARD)
    assert len(seen) == 3


@pytest.mark.parametrize(("minutes", "before", "by_themselves"), [(15, 15, 15), (180, 180, 60), (0, 0, 0)])
def test_a_slot_says_when_its_door_opens(app, minutes, before, by_themselves):
    slot = make_slot(door_minutes=minutes)
    booking = make_booking(slot, names=("王一", "李二"), party=2)
    gate = make_gate(slot)[0]
    for position, at, admit in (
        (0, before, lambda code, nonce: check_in(CheckIn(code, nonce, gate=gate.public_id), actor=STEWARD)),
        (1, by_themselves, lambda code, _nonce: check_in_yourself(venue_token(gate), code, actor=ANYBODY)),
    ):
        code, results = code_for(booking, position), []
        for early in (1, 0):
            with time_machine.travel(slot.starts_at - timedelta(minutes=at, seconds=early), tick=False):
                try:
                    with unit_of_work():
                        results.append(admit(code, f"{position}-{early}").result)
                except Conflict as refused:
                    results.append({"door_not_yet": R.NOT_YET}[refused.code])
        assert results == [R.NOT_YET, R.ADMITTED]
