"""The pages of booking: what a contact and a clerk do in a browser, and what strangers cannot."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import get_booking
from eventsys.bookings.rules import BookingChannel, BookingState, NewAttendee, TicketState
from eventsys.bookings.services import call_off_slot, name_yourself, share_token
from eventsys.core.db import Base, db, unit_of_work
from eventsys.directory.models import Enterprise, Membership
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox, render_mail
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, QuestionKind
from tests import cast
from tests.factories import code_for, make_booking, make_slot

NAUGHTY = (
    "Robert'); DROP TABLE bookings;--",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} ${7*7} %(name)s %s",
    "👩‍👩‍👧‍👦🇨🇳",
    "𠮷野家",
    "مرحبا \u202e cba",
    "Ω≈ç√∫˜µ≤≥÷",
    "../../etc/passwd",
    "1;2,3\t4".replace("\t", " "),
    "null",
    "０１２３",
)
UNSTORABLE = ("a\0b", "a\x1bb", "a\x7fb")


def stored():
    """How many rows each table holds, sign-ins apart."""
    db.session.rollback()
    tables = [table for table in Base.metadata.sorted_tables if table.name != "sign_ins"]
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables}


def digest():
    """Every row of every table but sign-ins, so that any change shows."""
    db.session.rollback()
    return {
        table.name: sorted(map(repr, db.session.execute(sa.select(table)).all()))
        for table in Base.metadata.sorted_tables
        if table.name != "sign_ins"
    }


def bookings():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Booking).order_by(Booking.id)).all()


def reread(booking):
    """The booking as it stands now."""
    db.session.rollback()
    db.session.expire_all()
    return get_booking(booking.public_id, visible_to=cast.COORDINATOR.actor)


def rows(*people):
    """The fields of attendee rows: (name,), (name, phone) or (name, phone, email)."""
    sent = {}
    for number, person in enumerate(people):
        for part, value in zip(("name", "phone", "email"), person, strict=False):
            sent[f"attendees-{number}-{part}"] = value
    return sent


def book(client, slot, *people, **more):
    return client.post(f"/slots/{slot.public_id}/book", data={"party": "1", "action": "book", **rows(*people), **more})


def test_a_visitor_signs_in_first_and_comes_back(client):
    slot = make_slot()
    answer = client.get(f"/slots/{slot.public_id}/book")
    assert answer.status_code == 302
    assert f"next=/slots/{slot.public_id}/book" in answer.location.replace("%2F", "/")


def test_books_two_people_and_shows_their_codes(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    answer = book(client, slot, ("王一", "138 0013 8000", "w@example.com"), ("李二",), asks="如何申报？\n谢谢")
    assert answer.status_code == 303
    (booking,) = bookings()
    assert (booking.party, [a.name for a in booking.attendees], booking.asks) == (
        2,
        ["王一", "李二"],
        "如何申报？\n谢谢",
    )
    page = client.get(answer.location).text
    assert page.count('<svg class="qr"') >= 2
    for attendee in booking.attendees:
        assert attendee.typed_code in page
    assert "如何申报？<br>谢谢" in page


def test_books_first_and_names_later(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    location = book(client, slot, party="3").location
    (booking,) = bookings()
    assert (booking.party, booking.attendees) == (3, [])
    page = client.get(location).text
    assert f"/b/{share_token(booking)}" in page


def test_one_more_row_changes_nothing_and_keeps_what_was_typed(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    before = stored()
    answer = book(client, slot, ("王一",), ("李二",), asks="问题", action="add_row")
    assert answer.status_code == 200
    assert 'name="attendees-2-name"' in answer.text
    assert 'value="李二"' in answer.text
    assert "问题</textarea>" in answer.text
    assert stored() == before


def test_pressed_twice_is_one_booking_and_leads_to_it(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    first, second = book(client, slot, ("王一",)), book(client, slot, ("王一",))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert len(bookings()) == 1


def test_a_colleague_who_books_again_is_led_to_the_booking(client):
    slot = make_slot()
    booking = make_booking(slot)
    client.sign_in(cast.COLLEAGUE)
    answer = book(client, slot, ("李二",))
    assert answer.status_code == 409
    assert f"/bookings/{booking.public_id}/attendees" in answer.text
    assert cast.CONTACT.name in answer.text
    assert f"/bookings/{booking.public_id}" in client.get(f"/slots/{slot.public_id}/book").text


def test_a_full_slot_names_the_rule_and_offers_another(client):
    slot, other = make_slot(capacity=1), make_slot(title="另一场政策辅导")
    client.sign_in(cast.CONTACT)
    client.get(f"/slots/{slot.public_id}/book")
    make_booking(slot, cast.STRANGER)
    answer = book(client, slot, ("王一",), asks="仍想问的事")
    assert answer.status_code == 409
    assert "另一场政策辅导" in answer.text
    assert f"/slots/{other.public_id}/book" in answer.text
    assert "仍想问的事</textarea>" in answer.text
    assert 'value="王一"' in answer.text
    page = client.get(f"/slots/{slot.public_id}/book?lang=en")
    assert page.status_code == 200
    assert 'value="book"' not in page.text  # what is left is to wait
    assert "Join the waiting list" in page.text
    assert f"/slots/{other.public_id}/book" in page.text


def test_every_problem_stands_at_its_field(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    answer = book(client, slot, ("王一", "12"), ("李二", "", "not a mail"), ("", "13800138000"))
    assert answer.status_code == 422
    for field in ("attendees-0-phone", "attendees-1-email", "attendees-2-name"):
        assert f'id="{field}-error"' in answer.text
        assert f'href="#{field}"' in answer.text
    assert bookings() == []


def test_a_blank_row_between_does_not_shift_the_errors(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    answer = book(client, slot, ("王一",), ("",), ("李二", "12"))
    assert 'id="attendees-2-phone-error"' in answer.text
    assert 'id="attendees-1-phone-error"' not in answer.text


@pytest.mark.parametrize("party", ["0", "-1", "", "abc", "²", "1e9", "9" * 30, "501", "٣x"])
def test_a_party_that_is_no_number_is_refused(client, party):
    slot = make_slot(attendee_capacity=None, party_max=None)
    client.sign_in(cast.CONTACT)
    answer = book(client, slot, party=party)
    assert answer.status_code == 422
    assert 'id="party-error"' in answer.text
    assert bookings() == []


def test_a_party_beyond_what_each_may_bring_says_how_many_to_remove(client):
    slot = make_slot(party_max=2)
    client.sign_in(cast.CONTACT)
    answer = book(client, slot, party="3")
    assert answer.status_code == 409
    assert bookings() == []


def test_strange_row_numbers_break_nothing(client):
    slot = make_slot(party_max=None, attendee_capacity=None)
    client.sign_in(cast.CONTACT)
    odd = {"attendees-²-name": "甲", f"attendees-{'9' * 5000}-name": "乙", "attendees--name": "丙", "attendees": "丁"}
    assert book(client, slot, ("王一",), **odd).status_code == 303
    assert [a.name for a in bookings()[0].attendees] == ["王一"]


def test_questions_are_asked_and_required(client):
    questions = (NewQuestion("主要产品", is_required=True), NewQuestion("是否出口", QuestionKind.YES_NO))
    slot = make_slot(questions=questions)
    client.sign_in(cast.CONTACT)
    text, yes_no = (f"answer_{item['id']}" for item in slot.questions)
    assert "主要产品" in client.get(f"/slots/{slot.public_id}/book").text
    answer = book(client, slot, ("王一",), **{yes_no: "yes"})
    assert answer.status_code == 422
    assert f'id="{text}-error"' in answer.text
    answer = book(client, slot, ("王一",), **{text: "软件", yes_no: "maybe"})
    assert answer.status_code == 422
    assert f'id="{yes_no}-error"' in answer.text
    answer = book(client, slot, ("王一",), **{text: "软件", yes_no: "yes"})
    assert set(bookings()[0].answers.values()) == {"软件", "yes"}
    page = client.get(answer.location).text
    assert "主要产品" in page
    assert "软件" in page


def test_a_contact_of_two_enterprises_chooses(client):
    with unit_of_work():
        db.session.add(
            Membership(
                id=900, public_id=cast.fixed_id("m", 900), person_id=4, role=cast.Role.CONTACT, enterprise_id=cast.OTHER
            )
        )
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    assert 'name="enterprise"' in client.get(f"/slots/{slot.public_id}/book").text
    assert book(client, slot, ("王一",)).status_code == 422
    assert book(client, slot, ("王一",), enterprise=cast.fixed_id("e", cast.THIRD)).status_code == 404
    assert book(client, slot, ("王一",), enterprise=cast.fixed_id("e", cast.OTHER)).status_code == 303
    assert [booking.enterprise_id for booking in bookings()] == [cast.OTHER]


@pytest.mark.parametrize("enterprise", ["exxxxxxxaaaca", "nonsense", "a\0b", "1"])
def test_a_contact_cannot_book_for_another_enterprise(client, enterprise):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    assert book(client, slot, ("王一",), enterprise=enterprise).status_code == 404
    assert bookings() == []


def test_who_may_not_book(client):
    slot = make_slot()
    for member, status in ((cast.AUDITOR, 403), (cast.STEWARD, 403), (cast.STRANGER_CLERK, 403), (cast.VOLUNTEER, 403)):
        client.sign_in(member)
        assert client.get(f"/slots/{slot.public_id}/book").status_code == status
        assert book(client, slot, ("王一",)).status_code == status
    draft = make_slot(publish=False)
    client.sign_in(cast.CONTACT)
    assert client.get(f"/slots/{draft.public_id}/book").status_code == 404
    assert book(client, draft, ("王一",)).status_code == 404
    hidden = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.OTHER,)))
    assert client.get(f"/slots/{hidden.public_id}/book").status_code == 404
    assert book(client, hidden, ("王一",)).status_code == 404
    assert client.get("/slots/aaaaaaaaaaaaa/book").status_code == 404
    assert client.get("/slots/a%00b/book").status_code == 404
    assert bookings() == []


def test_a_clerk_finds_the_enterprise_and_books_on_behalf(client):
    slot = make_slot()
    client.sign_in(cast.CLERK)
    page = f"/slots/{slot.public_id}/book"
    answer = client.post(page, data={"party": "2", "action": "find", "search": "网络", "reason": "电话预约"})
    assert answer.status_code == 200
    for name in ("甲网络公司", "乙网络公司", "丙网络公司"):
        assert name in answer.text
    assert 'value="电话预约"' in answer.text
    for words in ("jiawangluo", "jwlgs", "91350299MA00000019", "甲"):
        found = client.post(page, data={"action": "find", "search": words}).text
        assert "甲网络公司" in found, words
        assert "乙网络公司" not in found, words
    assert bookings() == []
    acme = cast.fixed_id("e", cast.ACME)
    sent = {"enterprise": acme, "channel": "wechat", "reason": "群里报名", "search": "甲"}
    answer = book(client, slot, ("王一",), party="2", **sent)
    assert answer.status_code == 303
    (booking,) = bookings()
    assert (booking.enterprise_id, booking.channel, booking.party) == (cast.ACME, BookingChannel.WECHAT, 2)
    assert booking.on_behalf_reason == "群里报名"
    assert "群里报名" in client.get(answer.location).text


def test_a_search_alone_chooses_nobody(client):
    slot = make_slot()
    client.sign_in(cast.CLERK)
    answer = book(client, slot, ("王一",), search="甲", channel="phone", reason="电话")
    assert answer.status_code == 422
    assert "甲网络公司" in answer.text
    assert book(client, slot, ("王一",), search="没有这家", channel="phone", reason="电话").status_code == 422
    assert book(client, slot, search="a\0b%_'", action="find").status_code == 200
    assert bookings() == []


@pytest.mark.parametrize("wrong", [{"channel": "carrier pigeon"}, {"channel": ""}, {"reason": " "}])
def test_on_behalf_needs_channel_and_reason(client, wrong):
    slot = make_slot()
    client.sign_in(cast.CLERK)
    sent = {"enterprise": cast.fixed_id("e", cast.ACME), "channel": "phone", "reason": "电话", **wrong}
    assert book(client, slot, ("王一",), **sent).status_code == 422
    assert bookings() == []


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_strings_come_back_equal(client, text):
    slot = make_slot(questions=(NewQuestion("主要产品"),))
    (question,) = slot.questions
    client.sign_in(cast.CLERK)
    sent = {"enterprise": cast.fixed_id("e", cast.ACME), "channel": "phone", "reason": text, "asks": text}
    answer = book(client, slot, (text,), **sent, **{f"answer_{question['id']}": text})
    assert answer.status_code == 303
    (booking,) = bookings()
    assert (booking.attendees[0].name, booking.asks, booking.on_behalf_reason) == (text, text, text)
    assert booking.answers == {question["id"]: text}
    page = client.get(answer.location)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    answer = client.post(f"{answer.location}/cancel", data={"reason": text})
    assert answer.status_code == 303
    assert bookings()[0].cancel_reason == text
    assert client.get(answer.location).status_code == 200
    for message in db.session.scalars(select(Message)):
        assert render_mail(message, district="示范区").text
        assert all(render_inbox(message))


@pytest.mark.parametrize("text", UNSTORABLE)
def test_what_cannot_be_stored_is_refused_at_its_field(client, text):
    slot = make_slot(questions=(NewQuestion("主要产品"),))
    name = f"answer_{slot.questions[0]['id']}"
    client.sign_in(cast.CLERK)
    good = {"enterprise": cast.fixed_id("e", cast.ACME), "channel": "phone", "reason": "电话"}
    for field in ("attendees-0-name", "asks", "reason", name):
        answer = book(client, slot, ("王一",), **{**good, field: text})
        assert answer.status_code == 422, field
        assert f'id="{field}-error"' in answer.text, field
    assert bookings() == []


def test_overlong_texts_are_refused_and_kept(client):
    slot = make_slot()
    client.sign_in(cast.CONTACT)
    answer = book(client, slot, ("王" * 61,), asks="问" * 1001)
    assert answer.status_code == 422
    assert "问" * 1001 in answer.text
    assert bookings() == []


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
