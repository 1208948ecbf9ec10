"""Handing a slot over on the pages, and choosing who waits when it gets smaller."""

from __future__ import annotations

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.core.db import db
from eventsys.slots.models import Slot
from tests import cast
from tests.factories import make_booking, make_slot
from tests.pages.test_slot_editor import sent_by

SCIENCE = cast.fixed_id("d", cast.SCIENCE)


def lead(slot):
    db.session.rollback()
    return db.session.get_one(Slot, slot.id, populate_existing=True).department_id


def test_offered_seen_at_the_desk_and_taken(app, client):
    slot = make_slot(publish=False)
    page = f"/slots/{slot.public_id}"
    client.sign_in(cast.CLERK)
    form = client.get(f"{page}/hand-over").text
    assert f'value="{SCIENCE}"' in form
    assert f'value="{cast.fixed_id("d", cast.TAX)}"' not in form
    assert client.post(f"{page}/hand-over", data={"department": ""}).status_code == 422
    assert client.post(f"{page}/hand-over", data={"department": "nothing"}).status_code == 422
    sent = client.post(f"{page}/hand-over", data={"department": SCIENCE, "note": "请协助 𠮷"})
    assert sent.location == page
    assert "尚未答复" in client.get(page).text
    client.sign_in(cast.STRANGER_CLERK)
    assert "转给本部门的场次" in client.get("/desk").text
    assert f'action="{page}/hand-over/take"' in client.get(page).text
    assert client.post(f"{page}/hand-over/take").location == page
    assert lead(slot) == cast.SCIENCE
    assert client.get(f"{page}/edit").status_code == 200
    assert client.post(f"{page}/hand-over/take").status_code == 404
    client.sign_in(cast.CLERK)
    assert client.get(page).status_code == 404  # a draft of another department by now


def test_declining_says_why_and_keeping_takes_it_back(app, client):
    slot = make_slot()
    page = f"/slots/{slot.public_id}"
    client.sign_in(cast.CLERK).post(f"{page}/hand-over", data={"department": SCIENCE})
    helper = app.test_client().sign_in(cast.STRANGER_CLERK)
    assert helper.get(f"{page}/hand-over/decline").status_code == 200
    assert helper.post(f"{page}/hand-over/decline", data={"reason": ""}).status_code == 422
    assert helper.post(f"{page}/hand-over/decline", data={"reason": "当月已满"}).status_code == 303
    assert helper.get(f"{page}/hand-over/decline").status_code == 404
    client.post(f"{page}/hand-over", data={"department": SCIENCE})
    assert client.post(f"{page}/hand-over/withdraw").location == page
    assert "尚未答复" not in client.get(page).text
    assert lead(slot) == cast.TAX


def test_strangers_find_no_such_page(app, client):
    slot = make_slot()
    page = f"/slots/{slot.public_id}/hand-over"
    client.sign_in(cast.STRANGER_CLERK)
    for path in (page, f"{page}/decline"):
        assert client.get(path).status_code == 404
    for path in (page, f"{page}/withdraw", f"{page}/take", f"{page}/decline"):
        assert client.post(path, data={"department": SCIENCE, "reason": "x"}).status_code == 404
    client.sign_in(cast.CONTACT)
    assert client.post(page, data={"department": SCIENCE}).status_code == 403


def test_a_smaller_slot_asks_who_waits(app, client):
    slot = make_slot(capacity=2)
    one, other = make_booking(slot), make_booking(slot, cast.STRANGER)
    client.sign_in(cast.CLERK)
    path = f"/slots/{slot.public_id}/edit"
    fields = sent_by(client.get(path)) | {"capacity": "1"}
    refused = client.post(path, data=fields)
    assert refused.status_code == 422
    text = refused.text
    assert text.index(f'id="waits-{other.public_id}"') < text.index(f'id="waits-{one.public_id}"')  # last booked first
    assert client.post(path, data=fields | {"waits": [other.public_id], "reason": "场地变小"}).status_code == 303
    db.session.rollback()
    states = {item.id: item.state for item in db.session.query(Booking).populate_existing()}
    assert states == {one.id: BookingState.CONFIRMED, other.id: BookingState.WAITLISTED}
