"""Holding a place while the form is filled in: the enterprise's, for ten minutes, over without anybody's help."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import get_booking
from eventsys.bookings.rules import BookingState, NewBooking
from eventsys.bookings.services import (
    book_slot,
    change_slot,
    give_up_hold,
    hold_slot,
    move_booking,
    name_attendees,
    save_draft,
)
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, NotAllowed, NotFound
from eventsys.slots.models import Slot
from tests import cast
from tests.bookings.test_waiting import THIRD, slot_now, wait
from tests.factories import make_booking, make_slot, new_slot, people


def hold(slot, member=cast.CONTACT, party=1):
    with unit_of_work():
        return hold_slot(slot.public_id, member.enterprise, party, actor=member.actor)


def book(slot, member=cast.CONTACT, names=("王一",), **options):
    command = NewBooking(slot.public_id, member.enterprise, attendees=people(*names), **options)
    with unit_of_work():
        return book_slot(command, actor=member.actor).booking


def test_a_hold_takes_the_place(app):
    slot = make_slot(capacity=1)
    held = hold(slot)
    assert held.state is BookingState.HELD
    assert timedelta(minutes=9) < held.lapses_at - now() <= timedelta(minutes=10)
    with pytest.raises(Conflict) as refused:
        book(slot, cast.STRANGER)
    assert refused.value.code == "slot_full"


def test_it_becomes_the_booking_in_place_whoever_of_the_enterprise_goes_on(app):
    slot = make_slot(capacity=1)
    held = hold(slot)
    booked = book(slot, cast.COLLEAGUE)
    assert (booked.public_id, booked.state) == (held.public_id, BookingState.CONFIRMED)
    db.session.rollback()
    stored = get_booking(held.public_id, visible_to=cast.CONTACT.actor)
    assert (stored.contact_name, stored.lapses_at) == (cast.COLLEAGUE.name, None)
    assert [attendee.name for attendee in stored.attendees] == ["王一"]
    assert (slot_now(slot).places_taken, slot_now(slot).people_taken) == (1, 1)


def test_another_size_than_held_is_counted_right(app):
    slot = make_slot(capacity=3, attendee_capacity=4)
    hold(slot, party=2)
    book(slot, names=("一", "二", "三"))
    assert slot_now(slot).people_taken == 3


def test_a_larger_party_than_held_needs_room(app):
    slot = make_slot(capacity=3, attendee_capacity=3)
    hold(slot, party=1)
    make_booking(slot, cast.STRANGER, names=("乙一", "乙二"))
    with pytest.raises(Conflict) as refused:
        book(slot, names=("一", "二"))
    assert refused.value.code == "slot_full"
    assert book(slot).state is BookingState.CONFIRMED  # as large as held: the place is still kept


def test_it_ends_by_itself_when_somebody_needs_the_place(app):
    slot = make_slot(capacity=1)
    held = hold(slot)
    with time_machine.travel(held.lapses_at + timedelta(seconds=1), tick=False):
        assert book(slot, cast.STRANGER).state is BookingState.CONFIRMED
        state = db.session.scalar(select(Booking.state).where(Booking.public_id == held.public_id))
        assert state is BookingState.EXPIRED
        assert (slot_now(slot).places_taken, slot_now(slot).lapses_at) == (1, None)
        with pytest.raises(Conflict) as refused:
            book(slot, hold=held.public_id)
        assert refused.value.code == "hold_expired"


def test_over_its_time_it_still_becomes_the_booking_while_there_is_room(app):
    slot = make_slot(capacity=2)
    held = hold(slot)
    with time_machine.travel(held.lapses_at + timedelta(minutes=1), tick=False):
        assert book(slot).state is BookingState.CONFIRMED
        assert slot_now(slot).places_taken == 1


def test_it_is_prolonged_freely_and_once_when_others_wait(app):
    slot = make_slot(capacity=1)
    first = hold(slot).lapses_at
    with time_machine.travel(now() + timedelta(minutes=5), tick=False) as clock:
        assert hold(slot).lapses_at > first
        assert hold(slot, cast.COLLEAGUE).lapses_at > first
        wait(slot)
        until = hold(slot).lapses_at
        clock.shift(timedelta(minutes=2))
        assert hold(slot).lapses_at == until


def test_a_freed_hold_goes_to_who_waits(app):
    slot = make_slot(capacity=1)
    hold(slot)
    waiting = wait(slot)
    with unit_of_work():
        give_up_hold(slot.public_id, cast.ACME, actor=cast.CONTACT.actor)
    db.session.rollback()
    state = db.session.scalar(select(Booking.state).where(Booking.id == waiting.booking.id))
    assert state is BookingState.CONFIRMED


def test_what_was_typed_is_kept_for_the_next_hold(app):
    slot = make_slot(capacity=2)
    held = hold(slot)
    with unit_of_work():
        save_draft(slot.public_id, cast.ACME, {"asks": "加计扣除"}, actor=cast.COLLEAGUE.actor)
    with time_machine.travel(held.lapses_at + timedelta(minutes=1), tick=False):
        again = hold(slot)
        assert again.public_id != held.public_id
        assert again.draft == {"asks": "加计扣除"}


def test_a_hold_counts_in_quotas_and_stops_when_it_lapses(app):
    slot = make_slot(quota_open=1)
    other = make_slot(quota_open=1, starts_at=slot.starts_at + timedelta(hours=3))
    held = hold(slot)
    with pytest.raises(Conflict) as refused:
        hold(other)
    assert refused.value.code == "quota_reached"
    with time_machine.travel(held.lapses_at + timedelta(seconds=1), tick=False):
        assert hold(other).state is BookingState.HELD


def test_two_contacts_share_one_hold(app):
    slot = make_slot(capacity=3)
    assert hold(slot).public_id == hold(slot, cast.COLLEAGUE).public_id
    assert slot_now(slot).places_taken == 1
    assert db.session.scalar(select(func.count(Booking.id))) == 1


def test_nobody_holds_for_others(app):
    slot = make_slot()
    with pytest.raises(NotFound), unit_of_work():
        hold_slot(slot.public_id, cast.ACME, 1, actor=cast.STRANGER.actor)
    with pytest.raises(NotAllowed), unit_of_work():
        hold_slot(slot.public_id, cast.ACME, 1, actor=cast.STEWARD.actor)
    with unit_of_work():
        hold_slot(slot.public_id, cast.THIRD, 1, actor=cast.CLERK.actor)  # a clerk may, as for a booking
    assert db.session.scalar(select(Slot.places_taken).where(Slot.id == slot.id)) == 1


def test_a_booked_enterprise_needs_no_hold(app):
    slot = make_slot()
    make_booking(slot)
    with pytest.raises(Conflict) as refused:
        hold(slot)
    assert refused.value.code == "already_booked"
    with pytest.raises(NotFound), unit_of_work():
        hold_slot("aaaaaaaaaaaaa", cast.THIRD, 1, actor=THIRD)


@pytest.fixture
def lapsed(app):
    """A slot with two places for four people: two are booked, and a hold took the rest until a second ago."""
    slot = make_slot(capacity=2, attendee_capacity=4)
    booking = make_booking(slot, names=("甲一", "甲二"))
    held = hold(slot, cast.STRANGER, party=2)
    with time_machine.travel(held.lapses_at + timedelta(seconds=1), tick=False):
        yield slot, booking


def test_over_its_time_it_is_not_in_the_way_of_a_larger_party(lapsed):
    slot, booking = lapsed
    with unit_of_work():
        name_attendees(booking.public_id, (), actor=cast.CONTACT.actor, party=4)
    assert slot_now(slot).people_taken == 4


def test_over_its_time_it_is_not_in_the_way_of_a_move(lapsed):
    slot, _ = lapsed
    booking = make_booking(make_slot(), cast.STRANGER)
    with unit_of_work():
        moved = move_booking(booking.public_id, slot.public_id, actor=cast.STRANGER.actor)
    assert moved.state is BookingState.CONFIRMED


def test_over_its_time_it_is_not_in_the_way_of_fewer_places(lapsed):
    slot, _ = lapsed
    command = new_slot(starts_at=slot.starts_at, capacity=1, attendee_capacity=2)
    with unit_of_work():
        change_slot(slot.public_id, command, version=None, actor=cast.CLERK.actor)
    assert (slot_now(slot).capacity, slot_now(slot).places_taken) == (1, 1)
