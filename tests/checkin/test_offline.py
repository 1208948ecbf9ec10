"""Gates that were offline: what they upload, in any order and however often, means the same."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import call_off_slot, cancel_booking, replace_attendee
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import aftermath, list_conflicts, list_roster
from eventsys.checkin.rules import CheckIn, Direction, ScanResult
from eventsys.checkin.services import annul, check_in
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot

ADMITTED, ALREADY = ScanResult.ADMITTED, ScanResult.ALREADY_ADMITTED


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一", "李二", "赵三"))


@pytest.fixture
def others(slot):
    return make_booking(slot, cast.STRANGER)


@pytest.fixture
def gates(slot):
    return [make_gate(slot)[0] for _ in range(3)]


@pytest.fixture
def afterwards(slot, booking, others, gates):
    """Half an hour after the start, when the gates find their network again."""
    with time_machine.travel(slot.starts_at + timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def history(code, gate, minutes_ago, nonce, **more):
    at = now() - timedelta(minutes=minutes_ago)
    return CheckIn(code, nonce, gate=gate.public_id, scanned_at=at, is_history=True, device=f"手机{nonce}", **more)


def upload(*commands, actor=cast.STEWARD.actor):
    results = []
    for command in commands:
        with unit_of_work():
            results.append(check_in(command, actor=actor).result)
    return results


def queued(booking, gates):
    """What three gates admitted: the first of the party at each, the second at one, the third in, out and in."""
    one, two, three = (code_for(booking, number) for number in range(3))
    return [
        history(one, gates[0], 20, "north"),
        history(one, gates[1], 25, "south"),
        history(one, gates[2], 15, "east"),
        history(two, gates[1], 10, "second"),
        history(three, gates[0], 24, "in"),
        history(three, gates[0], 14, "out", direction=Direction.EXIT),
        history(three, gates[1], 4, "again"),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_three_gates_shuffled_and_repeated_mean_the_same(slot, booking, gates, afterwards, seed):
    scans = queued(booking, gates)
    random = Random(seed)
    sent = scans * 2
    random.shuffle(sent)
    upload(*sent)
    assert db.session.scalar(select(func.count()).select_from(Scan)) == len(scans)
    assert [is_in for _, is_in in list_roster(slot.id)] == [False, True, True, True]
    told = dict(zip([scan.nonce for scan in scans], upload(*scans), strict=True))
    assert told == {
        "north": ALREADY,
        "south": ADMITTED,
        "east": ALREADY,
        "second": ADMITTED,
        "in": ADMITTED,
        "out": ScanResult.EXITED,
        "again": ADMITTED,
    }
    conflicts = [(item.scan.nonce, item.result, item.admission.nonce) for item in list_conflicts(slot)]
    assert conflicts == [("north", ALREADY, "south"), ("east", ALREADY, "south")]


def test_a_scan_that_comes_late_but_was_earlier_is_the_admission(slot, booking, gates, afterwards):
    code = code_for(booking)
    assert upload(CheckIn(code, "online", gate=gates[0].public_id)) == [ADMITTED]
    assert upload(history(code, gates[1], 20, "offline")) == [ADMITTED]
    with unit_of_work():
        again = check_in(CheckIn(code, "again", gate=gates[0].public_id), actor=cast.STEWARD.actor)
    assert (again.result, again.first.nonce, again.first.gate.id) == (ALREADY, "offline", gates[1].id)
    (conflict,) = list_conflicts(slot)
    assert (conflict.scan.nonce, conflict.admission.nonce) == ("online", "offline")


def test_nobody_is_let_in_twice_at_the_same_instant(slot, booking, gates, afterwards):
    code = code_for(booking)
    assert upload(CheckIn(code, "zz", gate=gates[0].public_id)) == [ADMITTED]
    assert upload(CheckIn(code, "aa", gate=gates[1].public_id)) == [ALREADY]
    earlier = now() - timedelta(seconds=90)  # a request that waited, or a clock that is behind
    assert upload(CheckIn(code, "bb", gate=gates[1].public_id, scanned_at=earlier)) == [ALREADY]
    assert upload(CheckIn(code, "zz", gate=gates[0].public_id)) == [ADMITTED]
    assert list_conflicts(slot) == []


def test_a_code_is_judged_as_it_was_when_it_was_read(slot, booking, others, gates, afterwards):
    afterwards.move_to(slot.starts_at - timedelta(minutes=30))
    one, two, three = code_for(booking), code_for(booking, 1), code_for(others)
    with unit_of_work():
        replace_attendee(booking.attendees[0].public_id, NewAttendee("孙四"))
    with unit_of_work():
        cancel_booking(others.public_id, actor=cast.STRANGER.actor)
    before = [history(one, gates[0], 5, "a"), history(three, gates[0], 5, "c")]
    afterwards.shift(60)
    after = [history(one, gates[1], 0, "d"), history(three, gates[1], 0, "e")]
    assert upload(*after, *before) == [ScanResult.REVOKED, ScanResult.CANCELLED, ADMITTED, ADMITTED]
    with unit_of_work():
        call_off_slot(slot.public_id, "停电", actor=cast.CLERK.actor)
    assert upload(history(two, gates[0], 5, "b")) == [ADMITTED]
    wrongly = [(item.scan.nonce, item.result, item.admission) for item in list_conflicts(slot)]
    assert wrongly == [("d", ScanResult.REVOKED, None), ("e", ScanResult.CANCELLED, None)]


def test_what_an_offline_gate_refused_admits_nobody(slot, booking, gates, afterwards):
    refused = history(code_for(booking), gates[0], 20, "refused", shown=ScanResult.WRONG_SLOT)
    assert upload(refused) == [ScanResult.WRONG_SLOT]
    assert [is_in for _, is_in in list_roster(slot.id)] == [False] * 4
    assert list_conflicts(slot) == []


def test_taking_back_one_of_two_admissions_leaves_the_other(slot, booking, gates, afterwards):
    code = code_for(booking)
    upload(history(code, gates[0], 20, "first"), history(code, gates[1], 10, "second"))
    scans = {scan.nonce: scan.public_id for scan in db.session.scalars(select(Scan))}
    with unit_of_work():
        annul(scans["first"], actor=cast.STEWARD.actor)
    assert upload(history(code, gates[1], 10, "second")) == [ADMITTED]
    assert list_conflicts(slot) == []
    with unit_of_work():
        annul(scans["second"], actor=cast.STEWARD.actor)
    assert [is_in for _, is_in in list_roster(slot.id)] == [False] * 4


def test_a_refused_duplicate_is_no_admission_to_take_back(slot, booking, gates, afterwards):
    code = code_for(booking)
    upload(CheckIn(code, "first", gate=gates[0].public_id), CheckIn(code, "twice", gate=gates[0].public_id))
    scans = {scan.nonce: scan.public_id for scan in db.session.scalars(select(Scan))}
    with pytest.raises(Conflict, match="not_an_admission"), unit_of_work():
        annul(scans["twice"], actor=cast.STEWARD.actor)
    with unit_of_work():
        annul(scans["first"], actor=cast.STEWARD.actor)
    assert not any(is_in for _, is_in in list_roster(slot.id))


def test_an_override_in_history_needs_who_may_override(slot, booking, gates, afterwards):
    afterwards.move_to(slot.ends_at + timedelta(hours=1))
    late = history(code_for(booking), gates[0], 30, "late", override_reason="堵车")
    assert upload(late) == [ScanResult.EXPIRED]  # kept, with its reason, as a conflict
    (conflict,) = list_conflicts(slot)
    assert (conflict.result, conflict.scan.reason) == (ScanResult.EXPIRED, "堵车")
    assert upload(replace(late, nonce="by the clerk"), actor=cast.CLERK.actor) == [ADMITTED]


def test_codes_that_name_nobody_are_told_to_the_slots_of_the_gate(slot, booking, gates, afterwards):
    assert upload(history("222222", gates[0], 20, "typed"), history("hello", gates[0], 19, "photo")) == [
        ScanResult.UNKNOWN,
        ScanResult.INVALID,
    ]
    assert [(item.scan.nonce, item.attendee) for item in list_conflicts(slot)] == [("typed", None), ("photo", None)]
    assert list_conflicts(make_slot(title="另一场")) == []


def test_the_desk_is_told_of_slots_in_conflict(slot, booking, gates, afterwards):
    code = code_for(booking)
    upload(history(code, gates[0], 20, "first"))
    assert aftermath(cast.CLERK.actor).in_conflict == []
    upload(history(code, gates[1], 10, "second"))
    for member in (cast.CLERK, cast.COORDINATOR):
        assert [item.id for item in aftermath(member.actor).in_conflict] == [slot.id]
    for member in (cast.STRANGER_CLERK, cast.CONTACT, cast.STEWARD):
        assert aftermath(member.actor).in_conflict == []
    afterwards.shift(timedelta(days=15))
    assert aftermath(cast.CLERK.actor).in_conflict == []


def test_the_report_names_gate_time_and_device(slot, booking, gates, afterwards, client):
    code = code_for(booking)
    upload(history(code, gates[0], 20, "甲"), history(code, gates[1], 10, "乙"), history("222222", gates[1], 5, "丙"))
    client.sign_in(cast.CLERK)
    page = client.get(f"/slots/{slot.public_id}/conflicts")
    assert (page.status_code, page.text.count("<tr>")) == (200, 3)
    for shown in ("王一", "手机乙", "手机甲", "222222", booking.enterprise.name):
        assert shown in page.text
    assert f"/slots/{slot.public_id}/conflicts" in client.get(f"/slots/{slot.public_id}/roster").text
    assert f"/slots/{slot.public_id}/conflicts" in client.get("/desk").text


def test_nobody_else_reads_the_report(slot, booking, gates, afterwards, client):
    for member in (cast.STRANGER_CLERK, cast.CONTACT):
        assert client.sign_in(member).get(f"/slots/{slot.public_id}/conflicts").status_code in {403, 404}


def test_a_batch_says_what_its_gate_showed(slot, booking, gates, afterwards, client, api):
    at = (now() - timedelta(minutes=9)).isoformat()
    sent = [
        {"code": code_for(booking), "nonce": "a", "gate": gates[0].public_id, "scanned_at": at, "shown": "not_yet"},
        {"code": code_for(booking), "nonce": "b", "gate": gates[0].public_id, "scanned_at": at, "shown": "nonsense"},
        {"code": code_for(booking), "nonce": "c", "gate": gates[0].public_id, "scanned_at": at},
        {"code": code_for(booking), "nonce": "d", "gate": gates[1].public_id, "scanned_at": at},
    ]
    told = api(cast.STEWARD).post("/checkins/batch", sent).json["results"]
    assert [item["result"] for item in told] == ["not_yet", "invalid", "admitted", "already_admitted"]
    (conflict,) = api(cast.STEWARD).get(f"/slots/{slot.public_id}/conflicts").json["items"]
    assert (conflict["result"], conflict["first_scan"]["gate"]) == ("already_admitted", "南门")
