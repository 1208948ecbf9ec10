"""The door over the API: gates and their tokens, scans, undo, queued history, the roster."""

from datetime import timedelta

import pytest
import time_machine

from eventsys.checkin.models import Scan
from eventsys.core.clock import now
from eventsys.core.db import db
from tests import cast
from tests.api.conftest import problem_fields
from tests.factories import code_for, make_booking, make_gate, make_slot
from tests.support import Api, counted_statements


@pytest.fixture
def door(app):
    """A slot that began, its booking of two and a gate: (slot, booking, gate's public id, gate's API)."""
    slot = make_slot()
    booking = make_booking(slot, names=("王一", "李二"))
    gate, token = make_gate(slot)
    with time_machine.travel(slot.starts_at + timedelta(minutes=5), tick=True):
        yield slot, booking, gate.public_id, Api(app, token=token)


def count_scans():
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count(Scan.id)))


def test_a_gate_admits_once(door):
    slot, booking, _gate, api = door
    code = code_for(booking)
    answer = api.post("/checkins", {"code": code, "nonce": "n1", "device": "前台平板"})
    assert answer.status_code == 200, answer.text
    told = answer.json
    assert told["result"] == "admitted"
    assert told["attendee"] == {"name": "王一", "enterprise": "甲网络公司"}
    assert (told["arrived"], told["party"], told["counters"]) == (1, 2, {"admitted": 1, "expected": 2})
    assert told["first_scan"] is None
    assert told["slot"]["id"] == slot.public_id
    assert told["message"] == "Checked in (1 of 2)" or "签到成功" in told["message"]
    again = api.post("/checkins", {"code": f"http://127.0.0.1:8000/t/{code.lower()}", "nonce": "n2"}).json
    assert again["result"] == "already_admitted"
    assert (again["first_scan"]["gate"], again["first_scan"]["device"]) == ("南门", "前台平板")
    assert again["first_scan"]["at"].endswith("+08:00")
    assert "南门" in again["message"]


def test_the_same_nonce_gives_the_same_answer(door):
    _slot, booking, _gate, api = door
    body = {"code": code_for(booking), "nonce": "n1"}
    first, again = api.post("/checkins", body).json, api.post("/checkins", body).json
    assert first == again
    assert count_scans() == 1
    other = api.post("/checkins", {"code": code_for(booking, 1), "nonce": "n1"})
    assert (other.status_code, other.json["code"]) == (409, "nonce_taken")


def test_costs_three_statements_beyond_authentication(door):
    _slot, booking, _gate, api = door
    api.post("/checkins", {"code": code_for(booking, 1), "nonce": "warm"})
    with counted_statements() as seen:
        assert api.post("/checkins", {"code": code_for(booking), "nonce": "n1"}).status_code == 200
    assert len(seen) == 3 + 1, "\n".join(seen)  # and one that finds the gate of the token


def test_a_steward_names_the_gate(door, steward):
    _slot, booking, gate, _api = door
    typed = booking.attendees[0].typed_code
    assert problem_fields(steward.post("/checkins", {"code": typed, "nonce": "n1"})) == ["gate"]
    assert problem_fields(steward.post("/checkins", {"code": typed, "nonce": "n1", "gate": "nowhere"})) == ["gate"]
    answer = steward.post("/checkins", {"code": typed.lower(), "nonce": "n2", "gate": gate})
    assert answer.json["result"] == "admitted"
    without = steward.post("/checkins", {"code": code_for(booking, 1), "nonce": "n3"})
    assert without.json["result"] == "admitted"


def test_who_may_not_check_in(door, api, contact):
    _slot, booking, gate, _api = door
    body = {"code": code_for(booking), "nonce": "n1", "gate": gate}
    assert api.post("/checkins", body).status_code == 401
    assert contact.post("/checkins", body).status_code == 403
    assert api(cast.STEWARD, ("bookings:read",)).post("/checkins", body).status_code == 403
    assert problem_fields(api(cast.STRANGER_CLERK).post("/checkins", body)) == ["gate"]
    assert api(cast.STRANGER_CLERK).post("/checkins", {**body, "gate": None}).status_code == 404
    assert count_scans() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "hello"}, "code"),
        ({"code": ""}, "code"),
        ({"code": "A" * 401}, "code"),
        ({"code": 5}, "code"),
        ({"nonce": ""}, "nonce"),
        ({"nonce": "n" * 65}, "nonce"),
        ({"nonce": "annul-x"}, "nonce"),
        ({"scanned_at": "2026-12-03T14:00:00"}, "scanned_at"),
        ({"scanned_at": "2020-12-03T14:00:00Z"}, "scanned_at"),
        ({"direction": "sideways"}, "direction"),
        ({"override": " "}, "override"),
        ({"override": True}, "override"),
        ({"device": "x" * 61}, "device"),
        ({"result": "admitted"}, "result"),
        ({"is_history": True}, "is_history"),
    ],
)
def test_what_cannot_be_right_is_named_and_nothing_logged(door, change, field):
    _slot, booking, _gate, api = door
    assert problem_fields(api.post("/checkins", {"code": code_for(booking), "nonce": "n", **change})) == [field]
    assert count_scans() == 0


def test_override_is_for_the_clerk(door, clerk):
    _slot, _booking, _gate, api = door
    other = make_booking(make_slot(starts_at=now() + timedelta(days=3)), cast.STRANGER)
    body = {"code": code_for(other), "nonce": "n1", "override": "领导同意"}
    assert api.post("/checkins", body).status_code == 403
    answer = clerk.post("/checkins", {**body, "nonce": "n2"})
    assert answer.json["result"] == "admitted"


def test_undo(door, steward, api):
    _slot, booking, _gate, gate_api = door
    scan = gate_api.post("/checkins", {"code": code_for(booking), "nonce": "n1"}).json["scan"]
    assert api(cast.STRANGER_CLERK).post(f"/checkins/{scan}/annul").status_code == 404
    answer = gate_api.post(f"/checkins/{scan}/annul")
    assert (answer.status_code, answer.json["result"]) == (200, "annulled")
    again = gate_api.post(f"/checkins/{scan}/annul")
    assert again.json["scan"] == answer.json["scan"]
    assert gate_api.post("/checkins", {"code": code_for(booking), "nonce": "n2"}).json["result"] == "admitted"
    assert steward.post("/checkins/aaaaaaaaaaaaa/annul").status_code == 404


def test_queued_history_is_never_rejected(door):
    slot, booking, _gate, api = door
    early = (slot.starts_at - timedelta(minutes=30)).isoformat()
    scans = [
        {"code": code_for(booking), "nonce": "a", "scanned_at": early},
        {"code": code_for(booking), "nonce": "b", "scanned_at": (slot.starts_at).isoformat()},
        {"code": "rubbish", "nonce": "c"},
        {"nonce": "d"},
        "nothing",
        {"code": code_for(booking, 1), "nonce": "a", "scanned_at": early},
        {"code": code_for(booking, 1), "nonce": "e", "scanned_at": "yesterday"},
        {"code": code_for(booking, 1), "nonce": "f", "scanned_at": early},
    ]
    answer = api.post("/checkins/batch", scans)
    assert answer.status_code == 200, answer.text
    results = answer.json["results"]
    expected = ["admitted", "already_admitted", "invalid", "invalid", "invalid", "invalid", "invalid", "admitted"]
    assert [item["result"] for item in results] == expected
    assert [item["nonce"] for item in results] == ["a", "b", "c", "d", None, "a", "e", "f"]
    assert results[3]["code"] == "required"
    again = api.post("/checkins/batch", scans).json["results"]
    assert [item["result"] for item in again] == expected
    assert count_scans() == 4


def test_a_batch_is_a_list_of_some(door):
    _slot, _booking, _gate, api = door
    assert api.post("/checkins/batch", {"code": "x"}).status_code == 422
    assert api.post("/checkins/batch", [{}] * 501).status_code == 422
    assert api.post("/checkins/batch", []).json == {"results": []}


def test_the_roster(door, api, contact, steward):
    slot, booking, _gate, gate_api = door
    gate_api.post("/checkins", {"code": code_for(booking), "nonce": "n1"})
    path = f"/slots/{slot.public_id}/roster"
    for who in (gate_api, steward, api(cast.AUDITOR)):
        told = who.get(path).json
        assert [(item["name"], item["is_admitted"]) for item in told["items"]] == [("李二", False), ("王一", True)]
        assert told["counters"] == {"admitted": 1, "expected": 2}
    assert api.get(path).status_code == 401
    assert contact.get(path).status_code == 403
    assert api(cast.STRANGER_CLERK).get(path).status_code == 404
    other = make_slot(starts_at=now() + timedelta(days=3))
    assert gate_api.get(f"/slots/{other.public_id}/roster").status_code == 404


def test_places_nobody_claims_are_released(door, api, contact, steward):
    slot, booking, _gate, gate_api = door
    later = make_slot(starts_at=now() + timedelta(days=3))
    path = f"/slots/{slot.public_id}/release"
    early = steward.post(path)
    assert (early.status_code, early.json["code"]) == (409, "door_not_yet")
    with time_machine.travel(slot.starts_at + timedelta(minutes=15), tick=False):
        assert gate_api.post(path).status_code == 403  # a gate admits and does nothing else
        assert contact.post(path).status_code == 403
        assert api(cast.STRANGER_CLERK).post(path).status_code == 404
        assert steward.post(f"/slots/{later.public_id}/release").json["code"] == "door_not_yet"
        told = steward.post(path)
        assert told.json == {"bookings": [booking.public_id], "places_left": 3, "attendee_places_left": 6}
        assert steward.post(path).json["bookings"] == []
        ended = contact.get(f"/bookings/{booking.public_id}").json
    assert (ended["state"], ended["cancel_reason"], ended["is_late_cancellation"]) == ("cancelled", "released", False)


def test_gates(app, api, steward, contact):
    slot = make_slot()
    answer = steward.post("/gates", {"name": "南门", "slots": [slot.public_id]})
    assert answer.status_code == 201, answer.text
    gate = answer.json
    assert (gate["name"], gate["slots"]) == ("南门", [slot.public_id])
    (listed,) = steward.get("/gates").json["items"]
    assert listed == {key: gate[key] for key in ("id", "name", "slots")}
    own = Api(app, token=gate["token"])
    assert own.get("/gates").json["items"] == [listed]
    assert own.post("/gates", {"name": "x", "slots": [slot.public_id]}).status_code == 403
    assert api(cast.STRANGER_CLERK).get("/gates").json["items"] == []
    assert contact.get("/gates").status_code == 403
    for bad, field in (
        ({"name": "x", "slots": ["nothing"]}, "slots"),
        ({"name": "", "slots": [slot.public_id]}, "name"),
    ):
        assert problem_fields(steward.post("/gates", bad)) == [field]
    foreign = api(cast.STRANGER_CLERK)
    assert problem_fields(foreign.post("/gates", {"name": "x", "slots": [slot.public_id]})) == ["slots"]
    assert foreign.call("DELETE", f"/gates/{gate['id']}").status_code == 404
    assert steward.call("DELETE", f"/gates/{gate['id']}").status_code == 204
    assert own.get("/gates").status_code == 401
    assert steward.get("/gates").json["items"] == []


def test_every_answer_tells_the_time_to_the_millisecond(door):
    _slot, booking, _gate, api = door
    answer = api.post("/checkins", {"code": code_for(booking), "nonce": "n1"})
    assert abs(int(answer.headers["X-Served-At"]) - now().timestamp() * 1000) < 60_000
