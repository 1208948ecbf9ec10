"""The form of a booking: what a contact and a clerk do in a browser, and what strangers cannot."""

import pytest
from sqlalchemy import select

from eventsys.bookings.rules import BookingChannel
from eventsys.bookings.services import share_token
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import Membership
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox, render_mail
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, QuestionKind
from tests import cast
from tests.bookings.pages import book, bookings, stored
from tests.factories import make_booking, make_slot

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
