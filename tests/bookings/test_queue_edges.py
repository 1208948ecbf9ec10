"""What the stateful model found at the edges of the waiting list, said plainly."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import change_slot
from eventsys.core.db import unit_of_work
from tests import cast
from tests.bookings.test_waiting import THIRD, cancel, slot_now, state_of, wait
from tests.factories import make_booking, make_slot, new_slot


def change(slot, **changes):
    with unit_of_work():
        command = new_slot(**{"starts_at": slot.starts_at, **changes})
        change_slot(slot.public_id, command, version=None, actor=cast.CLERK.actor)


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


def test_a_slot_that_moves_orders_its_queue_until_the_eve_of_the_new_day(app):
    slot = make_slot(capacity=1)
    eve = slot.queue_until
    change(slot, capacity=1, starts_at=slot.starts_at + timedelta(days=7))
    assert slot_now(slot).queue_until == eve + timedelta(days=7)
