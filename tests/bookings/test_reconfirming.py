"""A slot that moves far: those who booked are asked again, and keep their place whatever they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import pytest
import time_machine
from hypothesis import given
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.bookings.rules.moves import agreed_start
from eventsys.bookings.services import (
    Told,
    cancel_booking,
    change_slot,
    chase_reconfirmations,
    confirm_booking,
    move_booking,
    reconfirm_booking,
)
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.models import Department
from eventsys.notifications.models import Message
from eventsys.slots.queries import command_of
from eventsys.slots.queries.support import confirmed_support
from eventsys.slots.services import confirm_support
from tests import cast
from tests.factories import make_booking, make_slot, soon

CLERK, CONTACT = cast.CLERK.actor, cast.CONTACT.actor
START = soon()


def moved(slot, by, reason=""):
    """The slot so much later, windows with it."""
    db.session.rollback()
    command = command_of(db.session.merge(slot))
    names = ("starts_at", "ends_at", "closes_at", "cancel_until", "names_until")
    later = replace(command, **{name: getattr(command, name) + by for name in names})
    with unit_of_work():
        return change_slot(slot.public_id, later, version=None, actor=CLERK, told=Told(reason))


def booking_now(booking):
    db.session.rollback()
    return db.session.get_one(Booking, booking.id, populate_existing=True)


def messages(kind, person=cast.CONTACT.id):
    query = select(Message).where(Message.kind == kind, Message.person_id == person).order_by(Message.id)
    return db.session.scalars(query).all()


class TestAsking:
    def test_a_large_move_asks_with_the_reason_and_one_message(self, app):
        slot = make_slot()
        was_at = slot.starts_at
        booking = make_booking(slot)
        moved(slot, timedelta(days=1), "讲师换了日期")
        (told,) = messages("slot_moved")
        assert told.context["reason"] == "讲师换了日期"
        assert "answer_until" in told.context
        assert booking_now(booking).moved_from == was_at
        assert booking_now(booking).state is BookingState.CONFIRMED

    @pytest.mark.parametrize("minutes", [60, -60, 5])
    def test_a_small_move_only_tells(self, app, minutes):
        slot = make_slot()
        booking = make_booking(slot)
        moved(slot, timedelta(minutes=minutes))
        (told,) = messages("slot_moved")
        assert "answer_until" not in told.context
        assert booking_now(booking).moved_from is None

    def test_until_they_answer_the_start_they_agreed_to_stays(self, app):
        slot = make_slot()
        was_at, booking = slot.starts_at, make_booking(slot)
        moved(slot, timedelta(minutes=61))
        moved(slot, timedelta(minutes=30))
        assert booking_now(booking).moved_from == was_at

    def test_moved_back_nothing_is_left_to_answer(self, app):
        slot = make_slot()
        booking = make_booking(slot)
        moved(slot, timedelta(days=1))
        moved(slot, timedelta(days=-1))
        row = booking_now(booking)
        assert (row.moved_from, row.reconfirm_by) == (None, None)
        assert "answer_until" not in messages("slot_moved")[-1].context

    def test_the_department_may_switch_it_off(self, app):
        with unit_of_work():
            db.session.get_one(Department, cast.TAX).settings = {"reconfirm_minutes": 0}
        slot = make_slot()
        booking = make_booking(slot)
        moved(slot, timedelta(days=5))
        assert booking_now(booking).moved_from is None

    def test_who_waits_is_told_and_not_asked(self, app):
        slot = make_slot(capacity=1)
        make_booking(slot)
        waiting = make_booking(slot, cast.STRANGER, waits=True)
        moved(slot, timedelta(days=1))
        assert booking_now(waiting).moved_from is None
        assert "answer_until" not in messages("slot_moved", cast.STRANGER.id)[0].context

    def test_supporting_departments_confirm_anew(self, app):
        slot = make_slot(supporting=(cast.SCIENCE,))
        science = cast.fixed_id("d", cast.SCIENCE)
        with unit_of_work():
            confirm_support([slot.public_id], science, actor=cast.STRANGER_CLERK.actor)
        moved(slot, timedelta(minutes=10))
        assert confirmed_support(slot)[cast.SCIENCE] is not None
        assert messages("support_changed", cast.STRANGER_CLERK.id)[0].context["what"] == "moved"
        moved(slot, timedelta(days=1))
        assert confirmed_support(slot)[cast.SCIENCE] is None
        assert len(messages("support_wanted", cast.STRANGER_CLERK.id)) == 2
        assert len(messages("support_changed", cast.STRANGER_CLERK.id)) == 1

    def test_an_overlong_reason_changes_nothing(self, app):
        slot = make_slot()
        before = slot.starts_at
        with pytest.raises(Invalid):
            moved(slot, timedelta(days=1), "x" * 201)
        db.session.rollback()
        assert db.session.merge(slot).starts_at == before


class TestAnswering:
    @pytest.fixture
    def asked(self, app):
        slot = make_slot()
        booking = make_booking(slot)
        moved(slot, timedelta(days=1))
        return booking

    def test_yes_twice_is_once(self, asked):
        for _ in range(2):
            with unit_of_work():
                reconfirm_booking(asked.public_id, actor=CONTACT)
        row = booking_now(asked)
        assert (row.moved_from, row.reconfirm_by, row.state) == (None, None, BookingState.CONFIRMED)

    def test_the_api_says_it_by_confirm(self, asked):
        with unit_of_work():
            confirm_booking(asked.public_id, actor=CONTACT)
        assert booking_now(asked).moved_from is None
        with pytest.raises(Conflict, match="booking_state"), unit_of_work():
            confirm_booking(asked.public_id, actor=CONTACT)

    def test_a_stranger_cannot(self, asked):
        with pytest.raises(NotFound), unit_of_work():
            reconfirm_booking(asked.public_id, actor=cast.STRANGER.actor)

    def test_a_cancelled_booking_has_nothing_to_confirm(self, asked):
        with unit_of_work():
            cancel_booking(asked.public_id, actor=CONTACT)
        with pytest.raises(Conflict, match="booking_state"), unit_of_work():
            reconfirm_booking(asked.public_id, actor=CONTACT)
        assert booking_now(asked).reconfirm_by is None

    @pytest.mark.parametrize("answers", [False, True])
    def test_cancelling_is_late_only_for_who_agreed(self, asked, answers):
        if answers:
            with unit_of_work():
                reconfirm_booking(asked.public_id, actor=CONTACT)
        with time_machine.travel(asked.slot.starts_at - timedelta(hours=2), tick=False):
            with unit_of_work():
                cancel_booking(asked.public_id, actor=CONTACT)
            assert booking_now(asked).is_late_cancellation is answers

    def test_rebooking_is_not_late_either(self, asked):
        other = make_slot(starts_at=soon(12))
        with time_machine.travel(asked.slot.starts_at - timedelta(hours=2), tick=False), unit_of_work():
            move_booking(asked.public_id, other.public_id, actor=CONTACT)
        assert booking_now(asked).is_late_cancellation is False


def test_silence_is_told_to_the_department_once_and_the_place_stays(app):
    slot = make_slot(starts_at=soon(14))
    booking = make_booking(slot)
    moved(slot, timedelta(days=1))
    with unit_of_work():
        assert chase_reconfirmations() == 0
    with time_machine.travel(booking_now(booking).reconfirm_by, tick=False):
        for expected in (1, 0):
            with unit_of_work():
                assert chase_reconfirmations() == expected
    assert len(messages("reconfirmation_missing", cast.CLERK.id)) == 1
    row = booking_now(booking)
    assert row.state is BookingState.CONFIRMED
    assert row.moved_from is not None


moves = st.lists(st.integers(-300, 300), min_size=1, max_size=8)


@given(moves, st.integers(0, 120))
def test_whoever_need_not_answer_has_agreed_to_about_that_time(steps, minutes):
    agreed, at, due = START, START, None
    for step in steps:
        before, at = at, at + timedelta(minutes=step)
        due = agreed_start(due, before, at, minutes)
        if due is None:
            if minutes:
                assert abs(at - agreed) <= timedelta(minutes=minutes)
            agreed = at
        else:
            assert due == agreed
