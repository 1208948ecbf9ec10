"""The pages at the door: gates, scans by script and by form, the roster."""

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.checkin.models import Gate, Scan
from eventsys.checkin.rules import ScanResult
from eventsys.checkin.services import revoke_gate
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一", "李二"), party=3)


@pytest.fixture
def gate(slot, booking):
    return make_gate(slot)[0]


@pytest.fixture
def door(client, slot, gate):
    """A steward's browser at the gate, half an hour before the start."""
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False):
        yield client.sign_in(cast.STEWARD)


def count(model):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


def scan(client, gate, code, nonce="n1", at=None):
    body = {"code": code, "nonce": nonce, "scanned_at": (at or now()).isoformat()}
    return client.post(f"/gates/{gate.public_id}/checkins", json=body, headers={"Accept": "application/json"})


def typed(client, gate, code, nonce="n1"):
    return client.post(f"/gates/{gate.public_id}/checkins", data={"code": code, "nonce": nonce})


def test_the_gates_page_speaks_the_scripts_language(door, gate):
    page = door.get(f"/gates/{gate.public_id}").text
    assert f'data-checkin-url="/gates/{gate.public_id}/checkins"' in page
    assert f'data-undo-url="/gates/{gate.public_id}/checkins/{{scan}}/annul"' in page
    texts = json.loads(page.split("data-texts='")[1].split("'")[0])
    assert set(texts["results"]) >= {"admitted", "already_admitted", "wrong_slot", "cancelled", "unknown"}
    assert "data-admitted>0<" in page
    assert "data-expected>2<" in page
    assert 'name="nonce"' in page


def test_the_script_admits_once_and_takes_back(door, gate, booking):
    first = scan(door, gate, code_for(booking)).json
    assert (first["result"], first["attendee"]["name"], first["enterprise"]) == ("admitted", "王一", "甲网络公司")
    assert first["counters"] == {"admitted": 1, "expected": 2}
    assert scan(door, gate, code_for(booking)).json == first
    again = scan(door, gate, code_for(booking), nonce="n2").json
    assert (again["result"], again["first_scan"]["gate"]) == ("already_admitted", "南门")
    undo = door.post(f"/gates/{gate.public_id}/checkins/{first['scan']}/annul", json={})
    assert (undo.status_code, undo.json["counters"]) == (200, {"admitted": 0, "expected": 2})
    assert scan(door, gate, code_for(booking), nonce="n3").json["result"] == "admitted"


def test_a_scan_kept_while_offline_is_judged_at_its_time(door, slot, gate, booking):
    at = now() - timedelta(minutes=20)
    answer = scan(door, gate, code_for(booking), at=at)
    assert (answer.status_code, answer.json["result"]) == (200, "admitted")
    assert db.session.scalars(select(Scan)).one().scanned_at == at


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ("{", 400),
        ('{"code": 1, "nonce": "n"}', 422),
        ('{"code": "AB", "nonce": "n"}', 422),
        ('{"code": "", "nonce": "n"}', 422),
        ('{"code": "ABCDEF", "nonce": ""}', 422),
        ('{"code": "ABCDEF", "nonce": "n", "scanned_at": "yesterday"}', 422),
        ('{"code": "ABCDEF", "nonce": "n", "scanned_at": "2026-12-03T14:00:00"}', 422),
        ('{"code": "ABCDEF", "nonce": "n", "scanned_at": "2999-12-03T14:00:00Z"}', 422),
        ('{"code": "a\\u0000b", "nonce": "n"}', 422),
        ('{"code": "%s", "nonce": "n"}' % ("A" * 9999), 422),
    ],
)
def test_what_is_no_scan_is_refused(door, gate, body, status):
    answer = door.post(f"/gates/{gate.public_id}/checkins", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json["detail"]
    assert count(Scan) == 0


def test_without_a_script_the_typed_code_admits(door, gate, booking):
    code = booking.attendees[0].typed_code
    page = typed(door, gate, code.lower())
    assert page.status_code == 200
    assert "王一" in page.text
    assert "data-admitted>1<" in page.text
    assert typed(door, gate, code).status_code == 200
    assert count(Scan) == 1
    found = db.session.scalars(select(Scan)).one()
    undo = door.post(f"/gates/{gate.public_id}/checkins/{found.public_id}/annul")
    assert undo.status_code == 200
    assert "data-admitted>0<" in undo.text
    wrong = typed(door, gate, "ZZZZZZ", nonce="n9")
    assert wrong.status_code == 200
    assert 'is-stop" data-result' in wrong.text
    nonsense = typed(door, gate, "<script>", nonce="n10")
    assert nonsense.status_code == 422
    assert 'is-stop" data-result' in nonsense.text
    assert typed(door, gate, "a\0b", nonce="n11").status_code == 422


def test_too_late_to_undo_says_so(door, gate, booking):
    taken = scan(door, gate, code_for(booking)).json["scan"]
    with time_machine.travel(now() + timedelta(minutes=16)):
        path = f"/gates/{gate.public_id}/checkins/{taken}/annul"
        assert door.post(path, json={}).status_code == 409
        assert door.post(path).status_code == 409
        assert door.post(f"/gates/{gate.public_id}/checkins/aaaaaaaaaaaaa/annul", json={}).status_code == 404


def test_other_departments_and_enterprises_do_not_see_the_gate(client, gate, slot, booking):
    for member, status in ((cast.STRANGER_CLERK, 404), (cast.CONTACT, 403), (cast.AUDITOR, 403), (cast.VOLUNTEER, 403)):
        client.sign_in(member)
        assert client.get(f"/gates/{gate.public_id}").status_code == status
        assert scan(client, gate, code_for(booking)).status_code == status
        assert typed(client, gate, code_for(booking)).status_code == status
        assert client.post(f"/gates/{gate.public_id}/revoke").status_code == status
        assert gate.name not in client.get("/gates").text
        sees_roster = {cast.STRANGER_CLERK: 404, cast.AUDITOR: 200}.get(member, 403)
        assert client.get(f"/slots/{slot.public_id}/roster").status_code == sees_roster
    assert count(Scan) == 0


def test_who_is_signed_out_hears_it_as_json(client, gate, booking):
    assert scan(client, gate, code_for(booking)).status_code == 401
    assert client.get(f"/gates/{gate.public_id}").status_code == 302


def test_a_steward_makes_a_gate_and_sees_its_token_once(client, slot):
    other, draft = (
        make_slot(title="科信局的场次", department=cast.SCIENCE, actor=cast.COORDINATOR.actor),
        make_slot(publish=False, title="草稿场次"),
    )
    client.sign_in(cast.STEWARD)
    page = client.get("/gates").text
    assert slot.public_id in page
    assert other.public_id not in page
    assert draft.public_id not in page
    made = client.post("/gates", data={"name": "东门 𠮷", "slots": [slot.public_id]})
    assert made.status_code == 200
    assert "evg_" in made.text
    assert "东门 𠮷" in client.get("/gates").text
    assert "evg_" not in client.get("/gates").text
    gate = db.session.scalars(select(Gate)).one()
    assert client.post(f"/gates/{gate.public_id}/revoke").status_code == 303
    assert client.get(f"/gates/{gate.public_id}").status_code == 404


@pytest.mark.parametrize(
    ("name", "slots"),
    [("", ["own"]), (" ", ["own"]), ("门" * 61, ["own"]), ("a\0b", ["own"]), ("门", []), ("门", ["x"])],
)
def test_a_gate_needs_a_name_and_slots_of_ours(client, slot, name, slots):
    client.sign_in(cast.STEWARD)
    sent = [slot.public_id if key == "own" else key for key in slots]
    answer = client.post("/gates", data={"name": name, "slots": sent})
    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert count(Gate) == 0


def test_a_gate_cannot_take_another_departments_slot(client):
    other = make_slot(department=cast.SCIENCE, actor=cast.COORDINATOR.actor)
    client.sign_in(cast.STEWARD)
    assert client.post("/gates", data={"name": "门", "slots": [other.public_id]}).status_code == 422
    assert count(Gate) == 0


def test_the_roster_counts_who_is_here(door, slot, gate, booking):
    make_booking(make_slot(title="别场"), cast.STRANGER, names=("钱四",))
    scan(door, gate, code_for(booking))
    page = door.get(f"/slots/{slot.public_id}/roster?lang=en")
    assert page.status_code == 200
    for text in ("甲网络公司", "王一", "李二", booking.attendees[0].typed_code, "1 of 3 here", "Not named yet: 1"):
        assert text in page.text
    assert "钱四" not in page.text


def test_looking_changes_nothing(door, slot, gate, booking):
    scan(door, gate, code_for(booking))
    before = (count(Scan), count(Gate), db.session.scalar(select(Scan.result)))
    for path in ("/gates", f"/gates/{gate.public_id}", f"/slots/{slot.public_id}/roster"):
        for lang in ("zh_CN", "en"):
            assert door.get(f"{path}?lang={lang}").status_code == 200
    assert door.get(f"/gates/{gate.public_id}/checkins").status_code == 405
    assert (count(Scan), count(Gate), db.session.scalar(select(Scan.result))) == before
    assert before[2] is ScanResult.ADMITTED


def test_a_revoked_gate_reads_nothing(door, gate, booking):
    with unit_of_work():
        revoke_gate(gate.public_id, actor=cast.CLERK.actor)
    assert scan(door, gate, code_for(booking)).status_code == 404
    assert count(Scan) == 0


def test_the_gates_page_lists_the_party_of_a_ticket(app, client):
    slot = make_slot()
    booking = make_booking(slot, names=("王一", "李二"), party=2)
    gate = make_gate(slot)[0]
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False):
        client.sign_in(cast.STEWARD)
        read = client.post(f"/gates/{gate.public_id}/checkins", json={"code": code_for(booking), "nonce": "n1"}).json
        address = f"/gates/{gate.public_id}/checkins/{read['scan']}/party"
        assert [item["is_admitted"] for item in client.get(address).json["items"]].count(True) == 1
        client.sign_in(cast.STRANGER_CLERK)
        assert client.get(address).status_code == 404
