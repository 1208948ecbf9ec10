"""The waiting list: who comes first comes first, nobody is lost, nothing free stays idle."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import get_booking, place_in_queue
from eventsys.bookings.rules import BookingState, NewBooking
from eventsys.bookings.services import (
    book_slot,
    call_off_slot,
    cancel_booking,
    change_slot,
    confirm_booking,
    hold_slot,
    name_attendees,
    rejoin,
)
from eventsys.bookings.tasks import keep_queues
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from tests import cast
from tests.factories import make_booking, make_slot, new_slot, people

THIRD = Actor(name="丙方", grants=frozenset({Grant(Role.CONTACT, enterprise=cast.THIRD)}))


def wait(slot, enterprise=cast.OTHER, actor=None, **options):
    command = NewBooking(slot.public_id, enterprise, **{"party": 1, "waits": True, **options})
    with unit_of_work():
        return book_slot(command, actor=actor or cast.STRANGER.actor)


def state_of(booked):
    db.session.rollback()
    return db.session.scalar(select(Booking.state).where(Booking.public_id == booked.booking.public_id))


def slot_now(slot):
    db.session.rollback()
    return db.session.scalars(select(Slot).where(Slot.public_id == slot.public_id)).one()


def cancel(booking, actor=None):
    with unit_of_work():
        cancel_booking(booking.public_id, actor=actor or cast.CONTACT.actor)


def kinds(person=cast.STRANGER):
    db.session.rollback()
    return list(db.session.scalars(select(Message.kind).where(Message.person_id == person.id).order_by(Message.id)))


def test_who_waits_sees_the_number(app):
    slot = make_slot(capacity=1)
    make_booking(slot)
    second, third = wait(slot), wait(slot, cast.THIRD, THIRD)
    assert (second.place_in_queue, third.place_in_queue) == (1, 2)
    assert second.booking.state is third.booking.state is BookingState.WAITLISTED
    db.session.rollback()
    assert place_in_queue(get_booking(third.booking.public_id, visible_to=THIRD)) == 2
    assert slot_now(slot).waiting == 2


def test_waiting_with_free_places_is_booking(app):
    assert wait(make_slot()).booking.state is BookingState.CONFIRMED


def test_a_freed_place_goes_to_the_first(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    second, third = wait(slot, attendees=people("候一")), wait(slot, cast.THIRD, THIRD)
    cancel(first)
    assert state_of(second) is BookingState.CONFIRMED
    assert state_of(third) is BookingState.WAITLISTED
    assert "place_given" in kinds()
    assert (slot_now(slot).places_taken, slot_now(slot).waiting) == (1, 1)


def test_nobody_overtakes_the_queue(app):
    slot = make_slot(capacity=2, attendee_capacity=2, party_max=None)
    make_booking(slot, names=("甲一",))
    wait(slot, party=2)  # does not fit
    with pytest.raises(Conflict) as refused:
        wait(slot, cast.THIRD, THIRD, waits=False)
    assert refused.value.code == "queue_ahead"
    assert refused.value.fields["ahead"] == 1


def test_a_full_slot_says_how_many_wait(app):
    slot = make_slot(capacity=1)
    make_booking(slot)
    wait(slot)
    with pytest.raises(Conflict) as refused:
        wait(slot, cast.THIRD, THIRD, waits=False)
    assert (refused.value.code, refused.value.fields["ahead"]) == ("slot_full", 1)


def test_part_of_a_party_may_come(app):
    slot = make_slot(capacity=3, attendee_capacity=3, party_max=None)
    first = make_booking(slot, names=("甲一", "甲二", "甲三"))
    second = wait(slot, party=3, party_min=2, attendees=people("乙一", "乙二", "乙三"))
    with unit_of_work():
        keep = first.attendees[0]
        name_attendees(first.public_id, ((keep.public_id, people("甲一")[0]),), actor=cast.CONTACT.actor, party=1)
    assert state_of(second) is BookingState.CONFIRMED
    booking = get_booking(second.booking.public_id, visible_to=cast.STRANGER.actor)
    assert booking.party == 2
    assert [a.name for a in booking.attendees if a.state == "valid"] == ["乙一", "乙二"]
    assert slot_now(slot).people_taken == 3


def test_a_large_party_is_passed_over_at_most_three_times(app):
    slot = make_slot(capacity=9, attendee_capacity=4, party_max=None)
    first = make_booking(slot, names=("甲一", "甲二", "甲三", "甲四"))
    large = wait(slot, party=4)
    for round_ in range(3):
        small = wait(slot, cast.THIRD, THIRD, party=1)
        with unit_of_work():  # one person less each time: one place, for whom it is enough
            left = 3 - round_
            name_attendees(first.public_id, (), actor=cast.CONTACT.actor, party=left)
        assert state_of(small) is BookingState.CONFIRMED, round_
        cancel(small.booking, THIRD)  # its place is free again and nobody else waits for so little
    assert db.session.scalar(select(Booking.passed_over).where(Booking.id == large.booking.id)) == 3
    last = wait(slot, cast.THIRD, THIRD, party=1)
    assert last.booking.state is BookingState.WAITLISTED
    keep_queues()
    assert state_of(last) is BookingState.WAITLISTED  # places gather for the large one now
    cancel(first)
    assert state_of(large) is BookingState.CONFIRMED
    assert state_of(last) is BookingState.WAITLISTED


def test_after_a_day_places_gather_as_well(app):
    slot = make_slot(capacity=9, attendee_capacity=3, party_max=None)
    first = make_booking(slot, names=("甲一", "甲二", "甲三"))
    wait(slot, party=3)
    small = wait(slot, cast.THIRD, THIRD, party=1)
    with unit_of_work():
        name_attendees(first.public_id, (), actor=cast.CONTACT.actor, party=2)
    assert state_of(small) is BookingState.CONFIRMED
    cancel(small.booking, THIRD)
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        again = wait(slot, cast.THIRD, THIRD, party=1)
        keep_queues()
        assert state_of(again) is BookingState.WAITLISTED


def test_who_asked_first_gets_an_offer_and_takes_it(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    second = wait(slot, asks_first=True)
    cancel(first)
    assert state_of(second) is BookingState.OFFERED
    assert slot_now(slot).places_taken == 1  # a real place
    assert "place_offered" in kinds()
    with pytest.raises(NotFound), unit_of_work():
        confirm_booking(second.booking.public_id, actor=cast.CONTACT.actor)
    with unit_of_work():
        confirm_booking(second.booking.public_id, actor=cast.STRANGER.actor)
    assert state_of(second) is BookingState.CONFIRMED


def test_an_offer_that_lapses_passes_on(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    second, third = wait(slot, asks_first=True), wait(slot, cast.THIRD, THIRD)
    cancel(first)
    lapses_at = db.session.scalar(select(Booking.lapses_at).where(Booking.id == second.booking.id))
    with time_machine.travel(lapses_at + timedelta(seconds=1), tick=False):
        with pytest.raises(Conflict) as refused, unit_of_work():
            confirm_booking(second.booking.public_id, actor=cast.STRANGER.actor)
        assert refused.value.code == "offer_expired"
        keep_queues()
        assert state_of(second) is BookingState.EXPIRED
        assert state_of(third) is BookingState.CONFIRMED
        assert slot_now(slot).places_taken == 1


def test_an_offer_may_be_passed_on(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    second, third = wait(slot, asks_first=True), wait(slot, cast.THIRD, THIRD)
    cancel(first)
    with unit_of_work():
        rejoin(second.booking.public_id, actor=cast.STRANGER.actor)
    assert (state_of(second), state_of(third)) == (BookingState.WAITLISTED, BookingState.CONFIRMED)


def test_shortly_before_the_start_places_reopen(app):
    slot = make_slot(capacity=1)
    first = make_booking(slot)
    second = wait(slot)
    with time_machine.travel(slot.queue_until + timedelta(minutes=1), tick=False):
        cancel(first)
        assert state_of(second) is BookingState.WAITLISTED
        assert "places_reopened" in kinds()
        keep_queues()
        assert kinds().count("places_reopened") == 1
        booked = wait(slot, waits=False)  # who waited books like everybody else, in place
        assert booked.booking.public_id == second.booking.public_id
        assert state_of(second) is BookingState.CONFIRMED


def test_the_queue_ends_with_the_slot_not_with_its_start(app):
    slot = make_slot(capacity=1)
    make_booking(slot)
    second = wait(slot)
    with time_machine.travel(slot.starts_at + timedelta(minutes=1), tick=False):
        keep_queues()
        assert state_of(second) is BookingState.WAITLISTED  # may be let in at the door
    with time_machine.travel(slot.ends_at, tick=False):
        keep_queues()
        assert state_of(second) is BookingState.EXPIRED
        assert slot_now(slot).waiting == 0
        assert "queue_ended" in kinds()


def test_more_capacity_serves_the_queue(app):
    slot = make_slot(capacity=1)
    make_booking(slot)
    second = wait(slot)
    with unit_of_work():
        change_slot(slot.public_id, new_slot(capacity=2), version=None, actor=cast.CLERK.actor)
    assert state_of(second) is BookingState.CONFIRMED


def test_leaving_the_queue_moves_the_others_up(app):
    slot = make_slot(capacity=1)
    make_booking(slot)
    second, third = wait(slot), wait(slot, cast.THIRD, THIRD)
    cancel(second.booking, cast.STRANGER.actor)
    db.session.rollback()
    assert place_in_queue(get_booking(third.booking.public_id, visible_to=THIRD)) == 1


def test_calling_off_ends_the_queue_too(app):
    slot = make_slot(capacity=1)
    make_booking(slot)
    second = wait(slot)
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
    assert state_of(second) is BookingState.CANCELLED
    assert (slot_now(slot).places_taken, slot_now(slot).waiting) == (0, 0)


def test_who_has_reached_a_quota_keeps_the_place_in_the_queue(app):
    slot = make_slot(capacity=1, quota_month=1)
    first = make_booking(slot)
    second, third = wait(slot), wait(slot, cast.THIRD, THIRD)
    other = make_slot(starts_at=slot.starts_at + timedelta(hours=5))  # the same month, without a quota of its own
    make_booking(other, cast.STRANGER)
    cancel(first)
    assert (state_of(second), state_of(third)) == (BookingState.WAITLISTED, BookingState.CONFIRMED)


def test_who_would_be_passed_by_reads_why(app, client):
    slot = make_slot(capacity=1, quota_month=1)
    make_booking(slot)
    waiting = wait(slot)
    client.sign_in(cast.STRANGER)
    page = f"/bookings/{waiting.booking.public_id}?lang=en"
    assert "goes to the next" not in client.get(page).text
    make_booking(make_slot(starts_at=slot.starts_at + timedelta(hours=5)), cast.STRANGER)
    text = client.get(page).text
    assert "goes to the next" in text
    assert "1 of 1 slots with" in text


def test_blocked_queues_keep_none_from_being_served(app, monkeypatch):
    """However many slots have free places that nobody who waits may have, what lapsed is seen to first."""
    monkeypatch.setattr("eventsys.bookings.queries.queue.BATCH", 1)
    blocked = make_slot(capacity=1, quota_month=1)
    first = make_booking(blocked)
    wait(blocked)
    make_booking(make_slot(starts_at=blocked.starts_at + timedelta(hours=5)), cast.STRANGER)
    cancel(first)
    lapsing = make_slot(capacity=1, starts_at=blocked.starts_at + timedelta(days=40))
    with unit_of_work():
        hold_slot(lapsing.public_id, cast.ACME, 1, actor=cast.CONTACT.actor)
    second = wait(lapsing)
    with time_machine.travel(now() + timedelta(minutes=11)):
        keep_queues()
    assert state_of(second) is BookingState.CONFIRMED


@pytest.mark.parametrize(("party_min", "party"), [(0, 2), (3, 2)])
def test_the_smallest_number_lies_within_the_party(app, party_min, party):
    slot = make_slot()
    with pytest.raises(Invalid) as refused:
        wait(slot, party=party, party_min=party_min)
    assert refused.value.field == "party_min"
