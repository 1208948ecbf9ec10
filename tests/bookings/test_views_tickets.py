"""The ticket's page: looks, dead codes, somebody else, not coming."""

from datetime import timedelta

import pytest
import time_machine
import zxingcpp
from PIL import Image
from sqlalchemy import func, select

from eventsys.bookings.keys import ticket_url
from eventsys.bookings.models import Attendee
from eventsys.bookings.rules import TicketState
from eventsys.bookings.services import call_off_slot, cancel_booking
from eventsys.core.db import db, unit_of_work
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import code_for, make_booking, make_slot

WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}
DEAD = 'class="qr"'


@pytest.fixture
def booking(app):
    return make_booking(make_slot(), names=("王一", "李二"))


@pytest.fixture
def page(booking):
    return f"/t/{code_for(booking)}"


def attendees():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Attendee).order_by(Attendee.id)).all()


def read_qr(page):
    """What a camera reads from the first code on the page."""
    picture = page[page.index('<svg class="qr"') :]
    size = int(picture.split('viewBox="0 0 ')[1].split(" ")[0])
    image = Image.new("L", (size, size), 255)
    for run in picture.split(' d="')[1].split('"')[0].split("M")[1:]:
        start, rest = run.split("h", 1)
        x, y = map(int, start.split(" "))
        for dx in range(int(rest.split("v")[0])):
            image.putpixel((x + dx, y), 0)
    (found,) = zxingcpp.read_barcodes(image.resize((size * 6, size * 6), Image.Resampling.NEAREST))
    return found.text


def test_shows_a_code_a_camera_can_read(client, booking, page):
    answer = client.get(page)
    assert answer.status_code == 200
    attendee, slot = booking.attendees[0], booking.slot
    for text in (attendee.name, attendee.typed_code, slot.title, "第一活动中心", f"{page}/replace", f"{page}/decline"):
        assert text in answer.text
    assert booking.attendees[1].name not in answer.text
    assert read_qr(answer.text) == ticket_url(code_for(booking))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get(page.lower()).status_code == 200


def test_inside_wechat_the_calendar_is_explained(client, page):
    assert ".ics" in client.get(page).text
    inside = client.get(f"{page}?lang=zh_CN", headers=WECHAT)
    assert inside.status_code == 200
    assert ".ics" not in inside.text


def test_an_online_slot_is_joined_by_who_has_a_ticket(client):
    slot = make_slot(format=SlotFormat.ONLINE, online_url="https://meet.example.com/1", place=None)
    page = f"/t/{code_for(make_booking(slot))}"
    assert f'action="{page}/join"' in client.get(page).text


@pytest.mark.parametrize("code", ["x", "A" * 132, "A" * 131, "a" * 5000, "%00", "💥", "..", "A" * 132 + "%0a"])
def test_what_we_never_signed_does_not_exist(client, booking, code):
    for path in (f"/t/{code}", f"/t/{code}/replace", f"/t/{code}/decline"):
        assert client.get(path).status_code == 404
    assert client.post(f"/t/{code}/replace", data={"name": "赵三"}).status_code == 404
    assert client.post(f"/t/{code}/decline").status_code == 404


def test_one_altered_character_is_a_forgery(client, page):
    altered = page[:20] + ("A" if page[20] != "A" else "B") + page[21:]
    assert client.get(altered).status_code == 404


def test_somebody_else_comes(client, booking, page):
    answer = client.post(f"{page}/replace", data={"name": "赵三", "phone": "138 0013 8003", "email": ""})
    assert answer.status_code == 303
    assert answer.location != page
    assert "赵三" in client.get(answer.location).text
    old = client.get(page)
    assert old.status_code == 200
    assert DEAD not in old.text
    assert "赵三" not in old.text
    assert client.get(f"{page}/replace").status_code == 303
    assert [(a.name, a.state) for a in attendees()] == [
        ("王一", TicketState.REPLACED),
        ("李二", TicketState.VALID),
        ("赵三", TicketState.VALID),
    ]


def test_the_form_sent_twice_leads_to_the_same_new_code(client, booking, page):
    first = client.post(f"{page}/replace", data={"name": "赵三"})
    again = client.post(f"{page}/replace", data={"name": "赵三"})
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.location == again.location
    other = client.post(f"{page}/replace", data={"name": "钱四"})
    assert other.status_code == 409
    assert 'value="钱四"' in other.text
    with time_machine.travel(booking.slot.starts_at - timedelta(hours=1)):
        late = client.post(f"{page}/replace", data={"name": "赵三"})
        assert late.status_code == 409
        assert first.location not in late.text
    assert len(attendees()) == 3


@pytest.mark.parametrize(
    "bad", [{}, {"name": " "}, {"name": "赵\0三"}, {"name": "赵三", "email": "x"}, {"name": "赵" * 61}]
)
def test_a_wrong_name_is_shown_at_its_field(client, page, bad):
    answer = client.post(f"{page}/replace", data=bad)
    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert len(attendees()) == 2


@pytest.mark.parametrize("name", ["<b>赵</b>", "𠮷野", "👨‍👩‍👧", "'; --", "\u202eabc"])
def test_odd_names_are_kept_as_they_are(client, page, name):
    location = client.post(f"{page}/replace", data={"name": name}).location
    assert attendees()[-1].name == name
    assert "<b>赵" not in client.get(location).text


def test_not_coming_asks_first_and_twice_is_once(client, page):
    assert client.get(f"{page}/decline").status_code == 200
    assert attendees()[0].state is TicketState.VALID
    for _press in range(2):
        assert client.post(f"{page}/decline").status_code == 303
    assert attendees()[0].state is TicketState.DECLINED
    assert DEAD not in client.get(page).text


def test_after_the_start_nothing_can_be_changed(client, booking, page):
    with time_machine.travel(booking.slot.starts_at + timedelta(minutes=1)):
        looks = client.get(page).text
        assert DEAD in looks
        assert "/decline" not in looks
        assert client.post(f"{page}/decline").status_code == 409
        assert client.post(f"{page}/replace", data={"name": "赵三"}).status_code == 409
    with time_machine.travel(booking.slot.ends_at + timedelta(minutes=1)):
        assert DEAD not in client.get(page).text
    assert [a.state for a in attendees()] == [TicketState.VALID] * 2


def test_a_cancelled_booking_and_a_slot_called_off_kill_the_code(client, booking, page):
    other = make_booking(make_slot(title="另一场"))
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CONTACT.actor)
    with unit_of_work():
        call_off_slot(other.slot.public_id, "台风", actor=cast.CLERK.actor)
    for path, words in ((page, "The booking was cancelled"), (f"/t/{code_for(other)}", "台风")):
        answer = client.get(f"{path}?lang=en")
        assert answer.status_code == 200
        assert words in answer.text
        assert DEAD not in answer.text
        assert client.post(f"{path}/replace", data={"name": "赵三"}).status_code == 409
        assert client.get(f"{path}/decline").status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Attendee)) == 3


def test_a_code_drawn_twice_is_a_request_to_ask_again(app, monkeypatch):
    from eventsys.bookings.services import booking as service
    from eventsys.core.db import Busy

    monkeypatch.setattr(service, "new_typed_code", lambda taken: "ABCDEF")
    slot = make_slot()
    make_booking(slot)
    with pytest.raises(Busy):
        make_booking(slot, cast.STRANGER)
