"""A slot is moved in the editor; the contact reads why and says yes on the booking's page."""

from __future__ import annotations

from datetime import timedelta

from eventsys.bookings.models import Booking
from eventsys.core.db import db
from tests import cast
from tests.factories import ZONE, make_booking, make_slot
from tests.pages.test_slot_editor import sent_by


def moved(app, slot, **changes):
    clerk = app.test_client().sign_in(cast.CLERK)
    fields = sent_by(clerk.get(f"/slots/{slot.public_id}/edit"))
    later = slot.starts_at.astimezone(ZONE) + timedelta(hours=2)
    fields |= {"starts_at": f"{later:%Y-%m-%dT%H:%M}", "reason": "会议室调整 𠮷", **changes}
    return clerk.post(f"/slots/{slot.public_id}/edit", data=fields)


def test_the_contact_reads_why_and_says_yes(app, client):
    slot = make_slot()
    booking = make_booking(slot)
    assert moved(app, slot).status_code == 303
    client.sign_in(cast.CONTACT)
    page = f"/bookings/{booking.public_id}"
    assert "场次时间有变动" in client.get(page).text
    assert "会议室调整 𠮷" in client.get("/inbox").text
    for _ in range(2):
        assert client.post(f"{page}/reconfirm").location == page
    assert "已确认新的时间" in client.get(page).text
    assert "场次时间有变动" not in client.get(page).text


def test_nobody_else_says_it(app, client):
    slot = make_slot()
    booking = make_booking(slot)
    moved(app, slot)
    client.sign_in(cast.STRANGER)
    assert client.post(f"/bookings/{booking.public_id}/reconfirm").status_code == 404
    db.session.rollback()
    assert db.session.get_one(Booking, booking.id, populate_existing=True).moved_from is not None


def test_the_page_of_a_booking_cancelled_meanwhile_says_so(app, client):
    slot = make_slot()
    booking = make_booking(slot)
    moved(app, slot)
    client.sign_in(cast.CONTACT)
    client.post(f"/bookings/{booking.public_id}/cancel", data={})
    answer = client.post(f"/bookings/{booking.public_id}/reconfirm", follow_redirects=True)
    assert answer.status_code == 200
    assert "谢谢，已确认新的时间" not in answer.text


def test_an_overlong_reason_keeps_what_was_typed(app):
    slot = make_slot()
    answer = moved(app, slot, reason="x" * 201)
    assert answer.status_code == 422
    assert "x" * 201 in answer.text
