"""Holds, the waiting list, offers, approval and moves by the API."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from eventsys.core.clock import now
from tests import cast
from tests.factories import make_booking, make_slot, soon


def book(api, slot, **body):
    return api.post("/bookings", {"slot": slot.public_id, "party": 1, **body}, Idempotency_Key=uuid4().hex)


def test_a_hold_becomes_the_booking(api):
    slot = make_slot(capacity=1)
    contact = api(cast.CONTACT)
    held = contact.post("/holds", {"slot": slot.public_id})
    assert held.status_code == 201
    assert held.json["state"] == "held"
    assert book(api(cast.STRANGER), slot).json["code"] == "slot_full"
    booked = book(contact, slot, hold=held.json["id"], attendees=[{"name": "王一"}])
    assert (booked.status_code, booked.json["id"], booked.json["state"]) == (201, held.json["id"], "confirmed")
    assert len(booked.json["tickets"]) == 1
    again = book(contact, slot, hold=held.json["id"])
    assert (again.status_code, again.json["code"]) == (409, "already_booked")


def test_the_hold_of_somebody_else_is_none(api):
    slot = make_slot(capacity=2)
    held = api(cast.CONTACT).post("/holds", {"slot": slot.public_id}).json["id"]
    refused = book(api(cast.STRANGER), slot, hold=held)
    assert (refused.status_code, refused.json["code"]) == (409, "hold_expired")
    assert api(cast.STRANGER).post("/holds", {"slot": "aaaaaaaaaaaaa"}).status_code == 404
    assert api(cast.STEWARD).post("/holds", {"slot": slot.public_id}).status_code == 403


def test_waiting_offer_and_confirmation(api):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    stranger = api(cast.STRANGER)
    full = book(stranger, slot)
    assert (full.status_code, full.json["code"], full.json["ahead"]) == (409, "slot_full", 0)
    assert "wording" not in full.json
    waiting = book(stranger, slot, waitlist=True, ask_first=True, party=2, party_min=1)
    assert (waiting.status_code, waiting.json["state"], waiting.json["place_in_queue"]) == (201, "waitlisted", 1)
    assert stranger.get(f"/bookings/{waiting.json['id']}").json["place_in_queue"] == 1
    assert stranger.get(f"/slots/{slot.public_id}").json["waiting"] == 1
    assert api(cast.CONTACT).post(f"/bookings/{first.public_id}/cancel").status_code == 200
    offered = stranger.get(f"/bookings/{waiting.json['id']}").json
    assert (offered["state"], offered["place_in_queue"]) == ("offered", None)
    assert offered["lapses_at"] > now().isoformat()[:10]
    assert api(cast.CONTACT).post(f"/bookings/{waiting.json['id']}/confirm").status_code == 404
    taken = stranger.post(f"/bookings/{waiting.json['id']}/confirm")
    assert (taken.status_code, taken.json["state"]) == (200, "confirmed")
    assert stranger.post(f"/bookings/{waiting.json['id']}/confirm").status_code == 409


def test_a_queue_comes_first(api):
    slot = make_slot(capacity=2, attendee_capacity=2, party_max=None)
    make_booking(slot)
    book(api(cast.STRANGER), slot, waitlist=True, party=2)
    refused = api(cast.COORDINATOR).post(
        "/bookings",
        {"slot": slot.public_id, "party": 1, "on_behalf_of": cast.fixed_id("e", cast.THIRD), "reason": "来电"},
        Idempotency_Key="a",
    )
    assert (refused.status_code, refused.json["code"], refused.json["ahead"]) == (409, "queue_ahead", 1)


def test_the_department_confirms(api):
    slot = make_slot(needs_approval=True)
    pending = book(api(cast.CONTACT), slot)
    assert (pending.status_code, pending.json["state"]) == (201, "pending")
    path = f"/bookings/{pending.json['id']}/confirm"
    assert api(cast.CONTACT).post(path).status_code == 403
    assert api(cast.STRANGER_CLERK).post(path).status_code == 404
    assert api(cast.CLERK).post(path).json["state"] == "confirmed"


def test_moving_answers_the_new_booking(api):
    slot, other = make_slot(), make_slot(starts_at=soon(9), title="另一场")
    contact = api(cast.CONTACT)
    booked = book(contact, slot, attendees=[{"name": "王一"}]).json
    stale = contact.post(f"/bookings/{booked['id']}/move", {"slot": other.public_id}, If_Match='"99"')
    assert stale.status_code == 412
    moved = contact.post(f"/bookings/{booked['id']}/move", {"slot": other.public_id})
    assert (moved.status_code, moved.json["slot"], moved.json["state"]) == (200, other.public_id, "confirmed")
    assert moved.json["tickets"][0]["code"] != booked["tickets"][0]["code"]
    assert contact.get(f"/bookings/{booked['id']}").json["state"] == "cancelled"
    assert contact.post(f"/bookings/{moved.json['id']}/move", {"slot": "nonsense"}).status_code in {404, 422}


def test_quotas_of_a_slot_are_set_and_told(api):
    start = soon(12)
    body = {
        "title": "专场",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(hours=1)).isoformat(),
        "format": "session",
        "capacity": 5,
        "publish": True,
    }
    plain = api(cast.CLERK).post("/slots", body)
    assert plain.json["quota"] == {"month": None, "edition": None, "open": None}
    limited = api(cast.CLERK).post("/slots", body | {"quota": {"month": 1}, "needs_approval": False}).json
    assert limited["quota"]["month"] == 1
    contact = api(cast.CONTACT)
    first = contact.post("/bookings", {"slot": plain.json["id"], "party": 1}, Idempotency_Key="1")
    assert first.status_code == 201
    refused = contact.post("/bookings", {"slot": limited["id"], "party": 1}, Idempotency_Key="2")
    assert (refused.status_code, refused.json["code"], refused.json["used"]) == (409, "quota_reached", 1)
    bad = api(cast.CLERK).post("/slots", body | {"quota": {"month": 0}})
    assert (bad.status_code, bad.json["errors"][0]["field"]) == (422, "quota.month")


def test_a_larger_party_by_patch(api):
    booking = make_booking(make_slot())
    contact = api(cast.CONTACT)
    people = [{"id": booking.attendees[0].public_id, "name": "王一"}, {"name": "李二"}]
    changed = contact.patch(f"/bookings/{booking.public_id}", {"attendees": people, "party": 2})
    assert (changed.status_code, changed.json["party"], len(changed.json["tickets"])) == (200, 2, 2)
    too_many = contact.patch(f"/bookings/{booking.public_id}", {"attendees": [], "party": 9})
    assert (too_many.status_code, too_many.json["code"]) == (409, "party_too_large")
