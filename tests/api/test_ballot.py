"""Draws over the API: set with the slot, its hash told from publication on, kept as announced."""

import time_machine

from eventsys.bookings.tasks import draw_due
from eventsys.core.db import db
from eventsys.slots.models import Ballot, Slot
from tests import cast
from tests.api.conftest import problem_fields, slot_body
from tests.factories import make_booking, make_slot, soon


def drawn_body(**changes):
    return slot_body(draw_at=soon(2, 10).isoformat(), draw_weighted=True, **changes)


def test_a_slot_that_is_drawn_tells_the_hash_once_it_is_published(clerk, api):
    draft = clerk.post("/slots", drawn_body(publish=False)).json
    assert (draft["draw_at"], draft["ballot"]) == (soon(2, 10).isoformat(), None)
    told = clerk.post(f"/slots/{draft['id']}/publish").json
    slot = db.session.scalars(db.select(Slot).where(Slot.public_id == draft["id"])).one()
    ballot = db.session.get_one(Ballot, slot.id)
    assert told["ballot"] == {"seed_hash": ballot.seed_hash, "weighted": True, "registered": 0}
    make_booking(slot)
    public = api.get(f"/slots/{draft['id']}")
    assert public.json["ballot"]["registered"] == 1
    assert [item["ballot"] for item in api.get("/slots").json["items"]] == [public.json["ballot"]]
    assert ballot.seed not in public.text
    with time_machine.travel(soon(2, 11), tick=False):
        draw_due()
        make_booking(slot, cast.STRANGER)
        after = api.get(f"/slots/{draft['id']}").json
    assert after["drawn_at"] == soon(2, 11).isoformat()
    assert after["ballot"] == public.json["ballot"]


def test_published_at_once(clerk):
    made = clerk.post("/slots", drawn_body())
    assert made.status_code == 201, made.text
    assert len(made.json["ballot"]["seed_hash"]) == 64
    assert clerk.post("/slots", slot_body()).json["ballot"] is None


def test_registering_says_that_it_waits_for_the_draw(clerk, contact, stranger):
    slot = clerk.post("/slots", drawn_body()).json
    body = {"slot": slot["id"], "attendees": [{"name": "王一"}]}
    answer = contact.post("/bookings", body, Idempotency_Key="one")
    assert (answer.status_code, answer.json["state"], answer.json["place_in_queue"]) == (201, "waitlisted", None)
    assert contact.post("/bookings", body, Idempotency_Key="one").json == answer.json
    again = contact.post("/bookings", body, Idempotency_Key="two")
    assert (again.status_code, again.json["code"]) == (409, "already_booked")
    held = contact.post("/holds", {"slot": slot["id"]})
    assert (held.status_code, held.json["code"]) == (409, "draw_needs_no_hold")
    with time_machine.travel(soon(2, 10), tick=False):
        late = stranger.post("/bookings", body, Idempotency_Key="three")
        assert (late.status_code, late.json["code"]) == (409, "draw_under_way")


def test_what_was_announced_is_kept(clerk, api):
    slot = make_slot(draw_at=soon(2, 10))
    path = f"/slots/{slot.public_id}"
    for body, field in (
        ({"draw_at": soon(-1).isoformat()}, "draw_at"),
        ({"draw_at": soon(6, 17).isoformat()}, "draw_at"),
        ({"draw_at": "tomorrow"}, "draw_at"),
    ):
        assert problem_fields(clerk.patch(path, body, If_Match="*")) == [field]
    make_booking(slot)
    for body, field in (
        ({"draw_at": None}, "draw_at"),
        ({"draw_at": soon(1, 10).isoformat()}, "draw_at"),
        ({"draw_weighted": True}, "draw_weighted"),
    ):
        assert problem_fields(clerk.patch(path, body, If_Match="*")) == [field]
    assert clerk.patch(path, {"draw_at": soon(3, 10).isoformat()}, If_Match="*").status_code == 200
    assert api(cast.STRANGER_CLERK).patch(path, {"draw_at": None}, If_Match="*").status_code == 404
    assert api(cast.CONTACT).patch(path, {"draw_at": None}, If_Match="*").status_code == 403
