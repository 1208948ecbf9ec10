"""What the stateful model found at the edges of the waiting list, said plainly."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, NoShow
from eventsys.bookings.queries import get_booking
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import change_slot, confirm_booking, name_attendees
from eventsys.bookings.tasks import keep_queues
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict
from eventsys.directory.models import District, Enterprise
from tests import cast
from tests.bookings.test_waiting import THIRD, cancel, kinds, slot_now, state_of, wait
from tests.factories import make_booking, make_slot, new_slot, people, soon


def change(slot, **changes):
    with unit_of_work():
        command = new_slot(**{"starts_at": slot.starts_at, **changes})
        change_slot(slot.public_id, command, version=None, actor=cast.CLERK.actor)


def resize(booking, party):
    with unit_of_work():
        name_attendees(booking.public_id, (), actor=cast.CONTACT.actor, party=party)


def test_a_new_title_brings_no_queue_back(app):
    slot = make_slot(capacity=1)
    first, eve = make_booking(slot), slot.queue_until
    second = wait(slot)
    with time_machine.travel(eve + timedelta(hours=1), tick=False):
        change(slot, capacity=1, title="研发费用加计扣除")
        assert slot_now(slot).queue_until == eve
        cancel(first)
        assert state_of(second) is BookingState.WAITLISTED  # the place is open to all
        assert wait(slot, cast.THIRD, THIRD, waits=False).booking.state is BookingState.CONFIRMED


def tickets_of(booked):
    db.session.rollback()
    booking = get_booking(booked.booking.public_id, visible_to=cast.STRANGER.actor)
    return {attendee.public_id: attendee.name for attendee in booking.valid_attendees}


@pytest.mark.parametrize(("names", "party", "left"), [(("乙二", "乙三"), 2, 1), ((), 1, 1), ((), 2, 2)])
def test_who_waited_and_books_has_a_ticket_a_person(app, names, party, left):
    """Whoever is named again keeps the ticket; nobody has two, and there are never more than the party."""
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    waiting = wait(slot, party=2, attendees=people("乙一", "乙二"))
    before = tickets_of(waiting)
    with time_machine.travel(slot.queue_until + timedelta(hours=1), tick=False):
        cancel(first)
        wait(slot, party=party, attendees=people(*names), waits=False)
        after = tickets_of(waiting)
        assert list(after.values()) == (list(names) or ["乙一", "乙二"][:party])
        assert len(before.items() & after.items()) == left


def test_a_full_slot_has_no_room_for_one_more_of_a_party(app):
    slot = make_slot(attendee_capacity=2)
    booking = make_booking(slot, names=("甲一", "甲二"))
    other = make_slot(starts_at=slot.starts_at + timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        resize(booking, 3)
    assert refused.value.code == "party_too_large"
    change(slot, attendee_capacity=3)
    make_booking(slot, cast.STRANGER)
    with pytest.raises(Conflict) as refused:
        resize(booking, 3)
    assert refused.value.code == "slot_full"
    assert [item.public_id for item in refused.value.fields["nearest"]] == [other.public_id]


def test_a_slot_that_moves_orders_its_queue_until_the_eve_of_the_new_day(app):
    slot = make_slot(capacity=1)
    eve = slot.queue_until
    change(slot, capacity=1, starts_at=slot.starts_at + timedelta(days=7))
    assert slot_now(slot).queue_until == eve + timedelta(days=7)


def one_waits_for_all(slot):
    """Two places for three people: a party of three waits, and was passed over until places gather for it."""
    first = make_booking(slot, names=("甲一", "甲二", "甲三"))
    large = wait(slot, party=3)
    resize(first, 2)
    with unit_of_work():
        db.session.get_one(Booking, large.booking.id).passed_over = 3
    return first, large


def test_places_gather_for_nobody_who_may_not_come(app):
    slot = make_slot(capacity=2, attendee_capacity=3, quota_month=1)
    one_waits_for_all(slot)
    small = wait(slot, cast.THIRD, THIRD)
    keep_queues()
    assert state_of(small) is BookingState.WAITLISTED
    make_booking(make_slot(starts_at=slot.starts_at + timedelta(hours=3)), cast.STRANGER)  # now they have their one
    keep_queues()
    assert state_of(small) is BookingState.CONFIRMED


def test_places_gather_for_nobody_the_slot_cannot_hold_any_more(app):
    slot = make_slot(capacity=2, attendee_capacity=3)
    first, _ = one_waits_for_all(slot)
    change(slot, capacity=2, attendee_capacity=2)
    small = wait(slot, cast.THIRD, THIRD)
    resize(first, 1)
    assert state_of(small) is BookingState.CONFIRMED


def test_an_offer_leads_past_no_approval(app):
    """Who missed slots needs the department's word, also for a place that was offered."""
    slot = make_slot(capacity=1)
    missed, first = make_booking(make_slot(), cast.STRANGER), make_booking(slot)
    waiting = wait(slot, asks_first=True)
    cancel(first)
    with unit_of_work():
        db.session.add(NoShow(booking_id=missed.id, enterprise_id=cast.OTHER, at=now() - timedelta(days=3)))
        db.session.get_one(District, 1).settings = {"no_show_rule": True, "no_show_count": 1}
    with unit_of_work():
        confirmed = confirm_booking(waiting.booking.public_id, actor=cast.STRANGER.actor)
    assert confirmed.state is BookingState.PENDING
    assert confirmed.approve_by is not None


def test_no_offer_outlives_the_queue_of_a_slot_that_moves(app):
    slot = make_slot(capacity=1, starts_at=soon(days=14))
    first, waiting = make_booking(slot), wait(slot, asks_first=True)
    cancel(first)
    with unit_of_work():
        db.session.get_one(Booking, waiting.booking.id).lapses_at = soon(days=5)
    change(slot, capacity=1, starts_at=soon(days=3))
    moved = slot_now(slot)
    assert db.session.get_one(Booking, waiting.booking.id).lapses_at == moved.queue_until == moved.lapses_at
    with time_machine.travel(moved.queue_until, tick=False):
        with pytest.raises(Conflict) as refused, unit_of_work():
            confirm_booking(waiting.booking.public_id, actor=cast.STRANGER.actor)
        assert refused.value.code == "offer_expired"


def test_nobody_is_told_of_places_without_room_for_a_person(app):
    slot = make_slot(capacity=2, attendee_capacity=2)
    first = make_booking(slot, names=("甲一", "甲二"))
    wait(slot)
    with time_machine.travel(slot.queue_until + timedelta(hours=1), tick=False):
        keep_queues()
        assert "places_reopened" not in kinds()
        resize(first, 1)
        keep_queues()
        assert kinds().count("places_reopened") == 1


def test_the_department_is_reminded_of_who_waited_and_then_booked(app):
    """To have been told that places are open again is not to have been reminded."""
    slot = make_slot(capacity=1, needs_approval=True)
    first = make_booking(slot)
    waiting = wait(slot)
    with time_machine.travel(slot.queue_until + timedelta(hours=1), tick=False):
        cancel(first)
        assert db.session.get_one(Booking, waiting.booking.id).reminded_at is not None
        assert wait(slot, waits=False).booking.state is BookingState.PENDING
        db.session.rollback()
        assert db.session.get_one(Booking, waiting.booking.id).reminded_at is None


def feed_revision(enterprise):
    db.session.rollback()
    return db.session.scalar(select(Enterprise.feed_revision).where(Enterprise.id == enterprise))


def test_the_worker_leaves_no_trace_of_a_place_it_did_not_give(app):
    """A calendar that says it changed each second would be fetched each second."""
    slot = make_slot(capacity=1, quota_month=1)
    first = make_booking(slot)
    waiting = wait(slot)
    make_booking(make_slot(starts_at=slot.starts_at + timedelta(hours=3)), cast.STRANGER)
    cancel(first)
    before = feed_revision(cast.OTHER)
    keep_queues()
    assert state_of(waiting) is BookingState.WAITLISTED
    assert feed_revision(cast.OTHER) == before
