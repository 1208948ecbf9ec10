"""The pages of bookings that are made: names, cancelling, the list, the history, and what is told."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Attendee
from eventsys.bookings.rules import BookingState, NewAttendee, TicketState
from eventsys.bookings.services import call_off_slot, name_yourself, share_token
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import Enterprise
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_mail
from eventsys.slots.rules import NewQuestion
from tests import cast
from tests.bookings.pages import book, bookings, digest, reread
from tests.factories import code_for, make_booking, make_slot


def test_a_booking_is_nobody_elses(client):
    booking = make_booking(make_slot())
    for member in (cast.STRANGER, cast.STRANGER_CLERK):
        client.sign_in(member)
        for path in ("", "/cancel", "/attendees"):
            assert client.get(f"/bookings/{booking.public_id}{path}").status_code == 404
        for path in ("/cancel", "/attendees", "/link"):
            assert client.post(f"/bookings/{booking.public_id}{path}", data={}).status_code == 404
        assert booking.public_id not in client.get("/bookings").text
    client.sign_in(cast.AUDITOR)
    page = client.get(f"/bookings/{booking.public_id}")
    assert page.status_code == 200
    assert "/t/" not in page.text
    assert "/b/" not in page.text
    assert client.get(f"/bookings/{booking.public_id}/cancel").status_code == 403
    assert client.post(f"/bookings/{booking.public_id}/cancel").status_code == 403
    assert bookings()[0].state is BookingState.CONFIRMED


def test_cancels_after_asking_and_twice_is_once(client):
    slot = make_slot()
    booking = make_booking(slot)
    client.sign_in(cast.CONTACT)
    page = client.get(f"/bookings/{booking.public_id}/cancel?lang=zh_CN")
    assert page.status_code == 200
    for _press in range(2):
        answer = client.post(f"/bookings/{booking.public_id}/cancel", data={"reason": "有冲突"})
        assert answer.status_code == 303
    (cancelled,) = bookings()
    assert (cancelled.state, cancelled.cancel_reason) == (BookingState.CANCELLED, "有冲突")
    page = client.get(answer.location).text
    assert "有冲突" in page
    assert "/t/" not in page
    assert f"/bookings/{booking.public_id}/cancel" not in page


def test_says_when_a_cancellation_is_late(client):
    slot = make_slot()
    booking = make_booking(slot)
    client.sign_in(cast.CONTACT)
    assert "no no-show" not in client.get(f"/bookings/{booking.public_id}/cancel?lang=en").text
    with time_machine.travel(slot.starts_at - timedelta(hours=2)):
        assert "no no-show" in client.get(f"/bookings/{booking.public_id}/cancel?lang=en").text
        client.post(f"/bookings/{booking.public_id}/cancel", data={})
    assert bookings()[0].is_late_cancellation
    second = make_booking(make_slot(title="第二场"))
    with time_machine.travel(second.slot.starts_at + timedelta(minutes=1)):
        page = client.get(f"/bookings/{second.public_id}/cancel")
        assert '<form method="post" novalidate>' not in page.text
        assert client.post(f"/bookings/{second.public_id}/cancel", data={}).status_code == 409
    assert bookings()[1].state is BookingState.CONFIRMED


def name_all(client, booking, *people, version):
    sent = {"version": str(version)}
    for number, (ticket, name) in enumerate(people):
        sent |= {f"attendees-{number}-ticket": ticket, f"attendees-{number}-name": name}
    return client.post(f"/bookings/{booking.public_id}/attendees", data=sent)


def test_names_changes_and_takes_off(client):
    booking = make_booking(make_slot(), names=("王一", "李二"), party=3)
    first, second = (attendee.public_id for attendee in booking.attendees)
    client.sign_in(cast.CONTACT)
    page = client.get(f"/bookings/{booking.public_id}/attendees").text
    assert f'value="{first}"' in page
    answer = name_all(client, booking, (first, "王一"), (second, ""), ("", "赵三"), version=booking.version)
    assert answer.status_code == 303
    found = reread(booking)
    state = {attendee.name: attendee.state for attendee in found.attendees}
    assert state == {"王一": TicketState.VALID, "李二": TicketState.REPLACED, "赵三": TicketState.VALID}
    page = client.get(answer.location).text
    assert "赵三" in page


def test_an_old_page_keeps_what_was_typed_and_loses_nobody(client):
    booking = make_booking(make_slot(), names=("王一",), party=3)
    ticket = booking.attendees[0].public_id
    seen = booking.version
    with unit_of_work():
        name_yourself(share_token(booking), NewAttendee("李二"))
    client.sign_in(cast.CONTACT)
    answer = name_all(client, booking, (ticket, "王一"), ("", "赵三"), version=seen)
    assert answer.status_code == 409
    for name in ("王一", "李二", "赵三"):
        assert f'value="{name}"' in answer.text
    found = reread(booking)
    assert [a.name for a in found.attendees if a.state is TicketState.VALID] == ["王一", "李二"]
    assert f'name="version" type="hidden" value="{found.version}"' in answer.text


def test_more_names_than_places_and_another_bookings_ticket(client):
    booking = make_booking(make_slot(), names=("王一",))
    strange = make_booking(make_slot(title="另一场"), cast.STRANGER, names=("钱四",)).attendees[0].public_id
    client.sign_in(cast.CONTACT)
    answer = name_all(client, booking, ("", "王一"), ("", "李二"), version=booking.version)
    assert answer.status_code == 422
    answer = name_all(client, booking, (strange, "钱四"), version=booking.version)
    assert answer.status_code == 422
    answer = name_all(client, booking, ("a\0b", "王一"), version="9" * 40)
    assert answer.status_code == 409
    assert db.session.scalar(select(Attendee.state).where(Attendee.public_id == strange)) is TicketState.VALID


def test_colleagues_name_themselves_until_it_is_full(client):
    booking = make_booking(make_slot(), names=("王一",), party=2)
    path = f"/b/{share_token(booking)}"
    assert client.get(path).status_code == 200
    person = {"name": "李二", "phone": "13800138009"}
    first, again = client.post(path, data=person), client.post(path, data=person)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.location == again.location
    assert "李二" in client.get(first.location).text
    full = client.post(path, data={"name": "赵三"})
    assert full.status_code == 409
    assert 'value="赵三"' in full.text
    assert '<form method="post" novalidate>' not in client.get(path).text
    for headers in (full.headers, client.get(path).headers):
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]


@pytest.mark.parametrize("bad", [{"name": ""}, {"name": "李二", "phone": "12"}, {"name": "a\0b"}, {"name": "李" * 99}])
def test_a_colleagues_mistakes_stand_at_their_field(client, bad):
    booking = make_booking(make_slot(), names=(), party=2)
    answer = client.post(f"/b/{share_token(booking)}", data=bad)
    assert answer.status_code == 422
    assert "field-error" in answer.text


def test_a_renewed_link_kills_the_old_one(client):
    booking = make_booking(make_slot(), names=(), party=2)
    old = share_token(booking)
    client.sign_in(cast.CONTACT)
    assert client.post(f"/bookings/{booking.public_id}/link").status_code == 303
    for path in (f"/b/{old}", "/b/x", "/b/" + "a" * 39, "/b/%00"):
        assert client.get(path).status_code == 404
        assert client.post(path, data={"name": "李二"}).status_code == 404
    assert bookings()[0].attendees == []


def test_the_list_pages_through_and_refuses_a_false_cursor(client, monkeypatch):
    monkeypatch.setattr("eventsys.bookings.views.detail.PAGE_SIZE", 2)
    titles = [f"第{number}场" for number in range(3)]
    for title in titles:
        make_booking(make_slot(title=title))
    make_booking(make_slot(title="别家的"), cast.STRANGER)
    client.sign_in(cast.CONTACT)
    first = client.get("/bookings").text
    assert titles[2] in first
    assert titles[0] not in first
    assert "别家的" not in first
    cursor = first.split("/bookings?cursor=")[1].split('"')[0]
    second = client.get(f"/bookings?cursor={cursor}").text
    assert titles[0] in second
    assert client.get("/bookings?cursor=x").status_code == 422
    assert client.get("/bookings?cursor=%00").status_code == 400


def test_the_history_is_told_in_words(client):
    booking = make_booking(make_slot(), names=("王一",), party=2)
    with unit_of_work():
        name_yourself(share_token(booking), NewAttendee("李二"))
    with unit_of_work():
        call_off_slot(booking.slot.public_id, "台风", actor=cast.CLERK.actor)
    client.sign_in(cast.CONTACT)
    page = client.get(f"/bookings/{booking.public_id}?lang=en").text
    history = page[page.index("history-title") :]
    assert history.index("Booked for a party of 2") < history.index("Named: 李二") < history.index("台风")
    assert "booking." not in history


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_looking_changes_nothing(client, lang):
    slot = make_slot(questions=(NewQuestion("主要产品"),))
    booking = make_booking(slot, names=("王一",), party=2)
    code = code_for(booking)
    paths = [
        f"/slots/{make_slot().public_id}/book",
        f"/slots/{slot.public_id}/book",
        "/bookings",
        f"/bookings/{booking.public_id}",
        f"/bookings/{booking.public_id}/attendees",
        f"/bookings/{booking.public_id}/cancel",
        f"/b/{share_token(booking)}",
        f"/t/{code}",
        f"/t/{code}/replace",
        f"/t/{code}/decline",
        "/inbox",
    ]
    client.sign_in(cast.CONTACT)
    before = digest()
    for path in paths:
        for _look in range(2):
            assert client.get(f"{path}?lang={lang}").status_code == 200, path
            assert client.head(path).status_code == 200, path
    assert client.get(f"/bookings/{booking.public_id}/link").status_code == 405
    assert digest() == before


def test_without_the_token_of_the_form_nothing_is_done(app, client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert book(client, slot, ("王一",)).status_code == 400
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert bookings() == []


def test_messages_read_well(client):
    """Every message of bookings has words in both languages, without gaps or blank runs."""
    slot, other = make_slot(), make_slot(title="改约场次")
    booking = make_booking(slot, names=("王一",), party=2)
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
    assert booking.party == 2
    for message in db.session.scalars(select(Message)):
        for locale in ("zh_CN", "en"):
            message.locale = locale
            wording = render_mail(message, district="示范区")
            assert slot.title in wording.subject
            assert "\n\n\n" not in wording.text.split("\n-- \n")[0].rstrip()
            assert "{" not in wording.text
            if message.kind == "slot_called_off":
                assert "台风" in wording.text
                assert other.title in wording.text
    db.session.rollback()


def test_a_disabled_enterprise_is_not_booked_for(client):
    slot = make_slot()
    with unit_of_work():
        db.session.get(Enterprise, cast.ACME).active = False
    client.sign_in(cast.CLERK)
    sent = {"enterprise": cast.fixed_id("e", cast.ACME), "channel": "phone", "reason": "电话"}
    assert book(client, slot, ("王一",), **sent).status_code == 403
    assert bookings() == []
