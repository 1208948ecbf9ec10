"""The pages of holding, waiting, answering, rebooking and handing over, as a person presses through them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, QuotaException
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import cancel_booking
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from tests import cast
from tests.bookings.test_waiting import THIRD, wait
from tests.factories import make_booking, make_slot

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def contact(client):
    return client.sign_in(cast.CONTACT)


def form(action="book", party=1, **fields):
    return {"party": str(party), "action": action, **fields}


def only():
    db.session.rollback()
    newest = select(Booking).order_by(Booking.id.desc()).execution_options(populate_existing=True)
    return db.session.scalars(newest).first()


def path(slot, end=""):
    return f"/slots/{slot.public_id}/{end}"


class TestHolding:
    def test_pressing_holds_and_the_form_counts_down(self, contact):
        slot = make_slot(capacity=1)
        assert contact.get(path(slot, "book")).status_code == 200
        assert only() is None  # looking holds nothing
        answer = contact.post(path(slot, "holds"))
        assert (answer.status_code, answer.location) == (303, path(slot, "book"))
        page = contact.get(path(slot, "book"))
        assert "data-countdown=" in page.text
        assert "名额保留中" in page.text
        booked = contact.post(path(slot, "book"), data=form())
        assert booked.location == f"/bookings/{only().public_id}"
        assert only().state is BookingState.CONFIRMED

    def test_a_colleague_goes_on_with_what_was_typed(self, contact, app):
        slot = make_slot()
        contact.post(path(slot, "holds"))
        contact.post(path(slot, "book"), data=form("add_row", asks="研发费用𠮷") | {"attendees-0-name": "王一"})
        colleague = app.test_client().sign_in(cast.COLLEAGUE)
        page = colleague.get(path(slot, "book"))
        assert "研发费用𠮷</textarea>" in page.text
        assert 'value="王一"' in page.text

    def test_over_its_time_the_entries_are_kept_and_it_can_be_booked_again(self, contact):
        slot = make_slot(capacity=1)
        contact.post(path(slot, "holds"))
        contact.post(path(slot, "book"), data=form("add_row", asks="没写完"))
        with time_machine.travel(now() + timedelta(minutes=11)):
            page = contact.get(path(slot, "book"))
            assert "您填写的内容已保存" in page.text
            assert "没写完</textarea>" in page.text
            assert contact.post(path(slot, "holds")).status_code == 303
            assert "没写完</textarea>" in contact.get(path(slot, "book")).text

    def test_the_slot_page_knows_that_it_lapsed_without_anybody_noting_it(self, contact, app):
        slot = make_slot(capacity=1)
        contact.post(path(slot, "holds"))
        stranger = app.test_client().sign_in(cast.STRANGER)
        assert "Full." in stranger.get(path(slot)[:-1] + "?lang=en").text
        with time_machine.travel(now() + timedelta(minutes=11)):
            assert path(slot, "holds") in stranger.get(path(slot)[:-1]).text
            assert only().state is BookingState.HELD  # a GET changes nothing

    def test_it_can_be_given_back(self, contact):
        slot = make_slot(capacity=1)
        contact.post(path(slot, "holds"))
        assert contact.post(path(slot, "holds/give-up")).status_code == 303
        assert only().state is BookingState.EXPIRED

    def test_a_full_slot_leads_to_the_form_which_offers_to_wait(self, contact):
        slot = make_slot(capacity=1)
        make_booking(slot, cast.STRANGER)
        assert contact.post(path(slot, "holds")).location == path(slot, "book")
        page = contact.get(path(slot, "book"))
        assert 'value="wait"' in page.text


class TestWaiting:
    def test_joining_says_the_number(self, contact):
        slot = make_slot(capacity=1)
        make_booking(slot, cast.STRANGER)
        wait(slot, cast.THIRD, THIRD)
        answer = contact.post(path(slot, "book"), data=form("wait", 2, party_min="1", asks_first="y"))
        page = contact.get(answer.location + "?lang=en")
        assert "Waiting, number 2" in page.text
        assert (only().party_min, only().asks_first) == (1, True)
        assert "number 2" in contact.get("/my?lang=en").text

    def test_the_place_that_went_meanwhile_leads_to_the_list_with_all_that_was_typed(self, contact):
        slot = make_slot(capacity=1)
        make_booking(slot, cast.STRANGER)
        page = contact.post(path(slot, "book"), data=form(asks="仍想问"))
        assert page.status_code == 409
        assert 'value="wait"' in page.text
        assert "仍想问</textarea>" in page.text

    def test_an_offer_is_a_page_with_one_button(self, contact):
        slot = make_slot(capacity=1)
        first = make_booking(slot, cast.STRANGER)
        contact.post(path(slot, "book"), data=form("wait", asks_first="y"))
        with unit_of_work():
            cancel_booking(first.public_id, actor=cast.STRANGER.actor)
        offer = f"/bookings/{only().public_id}/offer"
        assert contact.get(offer).status_code == 200
        assert only().state is BookingState.OFFERED  # looking takes nothing
        assert contact.post(offer, data={"action": "take"}).status_code == 303
        assert contact.post(offer, data={"action": "take"}).status_code == 303  # pressed twice
        assert only().state is BookingState.CONFIRMED
        assert "This offer is over." in contact.get(offer + "?lang=en").text

    def test_an_offer_may_be_let_go(self, contact):
        slot = make_slot(capacity=1)
        first = make_booking(slot, cast.STRANGER)
        contact.post(path(slot, "book"), data=form("wait", asks_first="y"))
        wait(slot, cast.THIRD, THIRD)
        with unit_of_work():
            cancel_booking(first.public_id, actor=cast.STRANGER.actor)
        mine = db.session.scalars(select(Booking).where(Booking.enterprise_id == cast.ACME)).one()
        contact.post(f"/bookings/{mine.public_id}/offer", data={"action": "pass"})
        db.session.rollback()
        assert {b.enterprise_id: b.state for b in db.session.scalars(select(Booking))}[cast.THIRD] == "confirmed"


class TestAnswering:
    def test_the_clerk_finds_it_on_the_desk_and_confirms(self, client):
        booking = make_booking(make_slot(needs_approval=True))
        client.sign_in(cast.CLERK)
        assert f"/bookings/{booking.public_id}/approve" in client.get("/desk").text
        assert client.post(f"/bookings/{booking.public_id}/approve").status_code == 303
        assert client.post(f"/bookings/{booking.public_id}/approve").status_code == 303
        assert only().state is BookingState.CONFIRMED

    def test_or_says_why_not(self, client):
        booking = make_booking(make_slot(needs_approval=True))
        client.sign_in(cast.CLERK)
        url = f"/bookings/{booking.public_id}/decline"
        assert client.get(url).status_code == 200
        assert client.post(url, data={"reason": ""}).status_code == 422
        assert client.post(url, data={"reason": "已满额"}).status_code == 303
        assert only().cancel_reason == "已满额"
        assert client.post(url, data={"reason": "再次"}).status_code == 409

    @pytest.mark.parametrize("member", [cast.CONTACT, cast.STRANGER_CLERK, cast.STEWARD])
    def test_nobody_else_answers(self, client, member):
        booking = make_booking(make_slot(needs_approval=True))
        client.sign_in(member)
        assert client.post(f"/bookings/{booking.public_id}/approve").status_code in {403, 404}
        assert client.post(f"/bookings/{booking.public_id}/decline", data={"reason": "x"}).status_code in {403, 404}
        assert only().state is BookingState.PENDING


class TestChanging:
    def test_rebooking_offers_slots_with_room(self, contact):
        booking, other = make_booking(make_slot()), make_slot(title="另一场", starts_at=make_time())
        url = f"/bookings/{booking.public_id}/move"
        assert other.public_id in contact.get(url).text
        assert contact.post(url, data={}).status_code == 422
        answer = contact.post(url, data={"slot": other.public_id})
        assert answer.location == f"/bookings/{only().public_id}"
        assert only().slot_id == other.id
        old = contact.get(f"/bookings/{booking.public_id}")
        assert answer.location in old.text

    def test_a_slot_that_filled_up_meanwhile_keeps_the_old_place(self, contact):
        booking = make_booking(make_slot())
        other = make_slot(capacity=1, starts_at=make_time())
        make_booking(other, cast.STRANGER)
        answer = contact.post(f"/bookings/{booking.public_id}/move", data={"slot": other.public_id})
        assert answer.status_code == 409
        assert contact.post(f"/bookings/{booking.public_id}/move", data={"slot": "nonsense"}).status_code == 422
        db.session.rollback()
        assert db.session.get(Booking, booking.id).state is BookingState.CONFIRMED

    def test_handing_over(self, contact):
        booking = make_booking(make_slot())
        url = f"/bookings/{booking.public_id}/hand-over"
        assert cast.COLLEAGUE.name in contact.get(url).text
        assert contact.post(url, data={"person": cast.STRANGER.public_id}).status_code == 422
        assert contact.post(url, data={"person": cast.COLLEAGUE.public_id}).status_code == 303
        assert only().contact_name == cast.COLLEAGUE.name

    def test_the_party_is_changed_with_the_names(self, contact):
        booking = make_booking(make_slot(), names=("王一", "王二"))
        url = f"/bookings/{booking.public_id}/attendees"
        data = {"version": "1", "party": "1", "attendees-0-name": "王一", "attendees-0-ticket": ""}
        data["attendees-0-ticket"] = booking.attendees[0].public_id
        assert contact.post(url, data=data).status_code == 303
        assert only().party == 1

    def test_a_coordinator_books_beyond_the_limit_on_record(self, client):
        start = make_time()
        make_booking(make_slot(quota_month=1, starts_at=start))
        slot = make_slot(quota_month=1, starts_at=start + timedelta(hours=4))
        client.sign_in(cast.COORDINATOR)
        enterprise = cast.fixed_id("e", cast.ACME)
        data = form(enterprise=enterprise, channel="phone", reason="重点企业")
        page = client.post(path(slot, "book"), data=data)
        assert page.status_code == 409
        assert 'value="exception"' in page.text
        assert client.post(path(slot, "book"), data=data | {"action": "exception"}).status_code == 303
        assert db.session.scalars(select(QuotaException.reason)).one() == "重点企业"

    def test_a_clerk_cannot(self, client):
        start = make_time()
        make_booking(make_slot(quota_month=1, starts_at=start))
        slot = make_slot(quota_month=1, starts_at=start + timedelta(hours=4))
        client.sign_in(cast.CLERK)
        data = form("exception", enterprise=cast.fixed_id("e", cast.ACME), channel="phone", reason="重点企业")
        assert client.post(path(slot, "book"), data=data).status_code == 403
        assert db.session.scalars(select(QuotaException)).all() == []


def make_time():
    return (now() + timedelta(days=9)).replace(hour=1, minute=0, second=0, microsecond=0)
