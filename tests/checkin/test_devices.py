"""Phones at a gate: paired by a link, with what they need to judge codes without a network, and taken out again."""

import base64
import json
from datetime import timedelta

import pytest
import time_machine
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select

from eventsys.bookings.keys import rotate_signing_key
from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import replace_attendee
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import list_devices, load_device_actor
from eventsys.checkin.rules import DEVICES_MAX, PAIRING_FOR
from eventsys.checkin.sealing import seal, unseal
from eventsys.checkin.services import offer_pairing, pair_device, revoke_device, revoke_gate
from eventsys.core.actor import ANYBODY
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.core.ids import id_to_bytes
from eventsys.core.permissions import GATE_OVERRIDE
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot
from tests.support import Api, counted_statements


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
def at_the_door(slot, gate):
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def offer(gate, *, may_override=False, may_search=False, actor=cast.CLERK.actor):
    with unit_of_work():
        return offer_pairing(gate.public_id, may_override=may_override, may_search=may_search, actor=actor)[1]


def device(app, gate, name="前台手机", **more):
    """The API of a phone at the gate."""
    secret = offer(gate, **more)
    with unit_of_work():
        _device, token = pair_device(secret, name, actor=ANYBODY)
    return Api(app, token=token)


def test_a_link_makes_phones_devices_of_the_gate_for_some_hours(app, gate, booking, at_the_door):
    secret = offer(gate)
    for name in ("一号", "二号"):
        with unit_of_work():
            _device, token = pair_device(secret, name, actor=ANYBODY)
        answer = Api(app, token=token).post("/checkins", {"code": code_for(booking), "nonce": name})
        assert answer.status_code == 200, answer.text
    assert db.session.scalars(select(Scan.actor_name).order_by(Scan.id)).all() == ["南门 · 一号", "南门 · 二号"]
    at_the_door.shift(PAIRING_FOR + timedelta(seconds=1))
    with pytest.raises(NotFound), unit_of_work():
        pair_device(secret, "三号", actor=ANYBODY)
    for nonsense in ("", "x" * 400, "𠮷"):
        with pytest.raises(NotFound), unit_of_work():
            pair_device(nonsense, "三号", actor=ANYBODY)


def test_a_device_needs_a_name_and_there_are_not_too_many(gate):
    secret = offer(gate)
    with pytest.raises(Invalid, match="required"), unit_of_work():
        pair_device(secret, "  ", actor=ANYBODY)
    for number in range(DEVICES_MAX):
        with unit_of_work():
            pair_device(secret, f"{number}", actor=ANYBODY)
    with pytest.raises(Conflict, match="too_many_devices"), unit_of_work():
        pair_device(secret, "多了", actor=ANYBODY)


def test_only_the_departments_people_offer_a_link(gate):
    for member in (cast.STRANGER_CLERK, cast.CONTACT, cast.AUDITOR):
        with pytest.raises(NotFound), unit_of_work():
            offer_pairing(gate.public_id, may_override=False, may_search=False, actor=member.actor)
    with pytest.raises(NotAllowed), unit_of_work():  # a steward cannot give what a steward has not
        offer_pairing(gate.public_id, may_override=True, may_search=False, actor=cast.STEWARD.actor)


def test_a_lost_phone_is_taken_out(app, gate, booking, at_the_door):
    phone = device(app, gate)
    assert phone.get("/gates/self/roster").status_code == 200
    with pytest.raises(NotFound), unit_of_work():
        revoke_device(gate.public_id, gate.public_id, actor=cast.CLERK.actor)
    (found,) = list_devices([gate.id])
    for member in (cast.STRANGER_CLERK, cast.CONTACT):
        with pytest.raises(NotFound), unit_of_work():
            revoke_device(gate.public_id, found.public_id, actor=member.actor)
    for _ in range(2):
        with unit_of_work():
            revoke_device(gate.public_id, found.public_id, actor=cast.STEWARD.actor)
    assert phone.get("/gates/self/roster").status_code == 401
    assert phone.post("/checkins/batch", []).status_code == 401


def test_a_closed_gate_still_takes_what_its_devices_had_queued(app, slot, gate, booking, at_the_door):
    phone = device(app, gate)
    before = (now() - timedelta(minutes=5)).isoformat()
    with unit_of_work():
        revoke_gate(gate.public_id, actor=cast.CLERK.actor)
    at_the_door.shift(60)
    sent = [
        {"code": code_for(booking), "nonce": "before", "scanned_at": before},
        {"code": code_for(booking, 1), "nonce": "after", "scanned_at": now().isoformat()},
    ]
    told = phone.post("/checkins/batch", sent).json["results"]
    assert [(item["result"], item.get("code")) for item in told] == [("admitted", None), ("invalid", "unknown_gate")]
    assert phone.post("/checkins", {"code": code_for(booking), "nonce": "now"}).json["code"] == "unknown_gate"
    assert phone.get("/gates/self/roster").status_code == 404
    assert phone.get(f"/slots/{slot.public_id}/roster").status_code in {403, 404}
    at_the_door.shift(timedelta(days=2))
    assert phone.post("/checkins/batch", sent).status_code == 401


def test_the_roster_names_nobody_but_to_who_holds_the_code(app, slot, gate, booking, at_the_door):
    phone = device(app, gate)
    told = phone.get("/gates/self/roster")
    assert "王一" not in told.text
    assert booking.enterprise.name not in told.text
    assert phone.get(f"/slots/{slot.public_id}/roster").status_code == 403
    roster = told.json
    assert (roster["gate"], roster["parties"], roster["may"]) == ({"id": gate.public_id, "name": "南门"}, [3], [])
    assert [item["id"] for item in roster["slots"]] == [slot.public_id]
    first, second = roster["tickets"]
    assert (first["state"], first["slot"], first["booking"], first["admission"]) == ("valid", 0, 0, None)
    opened = unseal(first["sealed"], code_for(booking), id_to_bytes(first["id"]))
    assert json.loads(opened) == ["王一", booking.enterprise.name]
    with pytest.raises(InvalidTag):
        unseal(second["sealed"], code_for(booking), id_to_bytes(second["id"]))
    assert set(roster["keys"]) == {"1"}
    assert len(base64.b64decode(roster["keys"]["1"])) == 32


def test_a_seal_is_the_same_for_the_same_text_and_no_other(booking):
    code, ticket = code_for(booking), id_to_bytes(booking.attendees[0].public_id)
    assert seal("王一", code, ticket) == seal("王一", code, ticket)
    assert seal("王一", code, ticket)[:16] != seal("王二", code, ticket)[:16]  # the nonce
    assert unseal(seal("𠮷👍" * 20, code, ticket), code, ticket) == "𠮷👍" * 20


def test_the_roster_changes_with_what_it_says(app, slot, gate, booking, at_the_door):
    phone = device(app, gate)
    seen = set()

    def told():
        answer = phone.get("/gates/self/roster")
        tag = answer.headers["ETag"]
        assert phone.get("/gates/self/roster", If_None_Match=tag).status_code == 304
        assert tag not in seen
        seen.add(tag)
        return answer.json["tickets"]

    told()
    phone.post("/checkins", {"code": code_for(booking), "nonce": "n"})
    (first, _second) = told()
    assert (first["admission"]["gate"], first["admission"]["is_inside"]) == ("南门", True)
    with unit_of_work():
        replace_attendee(booking.attendees[1].public_id, NewAttendee("孙三"))
    assert [ticket["state"] for ticket in told()] == ["valid", "revoked", "valid"]
    with unit_of_work():
        rotate_signing_key(actor=cast.ADMINISTRATOR.actor)
    told()


def test_the_roster_costs_few_statements_however_many_tickets(app, slot, gate, booking, at_the_door):
    phone = device(app, gate)
    with counted_statements() as seen:
        assert phone.get("/gates/self/roster").status_code == 200
    assert len(seen) <= 7, seen


def test_names_are_found_by_who_may_on_record_and_not_too_often(app, slot, gate, booking, at_the_door):
    assert device(app, gate).post("/gates/self/search", {"q": "王一"}).status_code == 403
    phone = device(app, gate, "主管手机", may_search=True)
    (found,) = phone.post("/gates/self/search", {"q": "王一"}).json["items"]
    assert (found["name"], found["is_admitted"]) == ("王一", False)
    admitted = phone.post("/checkins", {"code": found["typed_code"], "nonce": "by name"})
    assert admitted.json["result"] == "admitted"
    assert len(phone.post("/gates/self/search", {"q": booking.enterprise.name[:2]}).json["items"]) == 2
    assert phone.post("/gates/self/search", {"q": "王"}).json["errors"][0]["code"] == "too_short"
    assert phone.post("/gates/self/search", {"q": "%%"}).json["items"] == []
    searches = db.session.scalar(select(func.count()).where(AuditEntry.action == "gate.searched"))
    assert searches == 3
    for _ in range(17):
        assert phone.post("/gates/self/search", {"q": "王一"}).status_code == 200
    assert phone.post("/gates/self/search", {"q": "王一"}).status_code == 429
    at_the_door.shift(61)
    assert phone.post("/gates/self/search", {"q": "王一"}).status_code == 200


def test_a_supervisors_phone_overrides_with_a_reason(app, slot, gate, booking, at_the_door):
    at_the_door.move_to(slot.ends_at + timedelta(minutes=1))
    late = {"code": code_for(booking), "nonce": "late", "override": "堵车"}
    assert device(app, gate).post("/checkins", late).status_code == 403
    phone = device(app, gate, "主管手机", may_override=True)
    assert load_device_actor(phone.token).scopes >= {GATE_OVERRIDE}
    assert phone.post("/checkins", late).json["result"] == "admitted"
    at_the_door.move_to(slot.starts_at - timedelta(days=1))
    elsewhere = make_booking(make_slot(title="另一场"), cast.STRANGER)
    refused = phone.post("/checkins", {"code": code_for(elsewhere), "nonce": "else", "override": "堵车"})
    assert refused.status_code == 403


def test_the_party_of_a_ticket_that_was_read_is_told_at_its_gate_only(app, slot, gate, booking, at_the_door):
    phone = device(app, gate)
    stranger = device(app, make_gate(make_slot(title="另一场"))[0])
    read = phone.post("/checkins", {"code": code_for(booking), "nonce": "n1"}).json
    found = phone.get(f"/checkins/{read['scan']}/party").json["items"]
    assert {item["name"]: item["is_admitted"] for item in found} == {"王一": True, "李二": False}
    assert stranger.get(f"/checkins/{read['scan']}/party").status_code == 404
    assert phone.get("/checkins/nothing/party").status_code == 404
