"""Quotas where months, years and deadlines meet."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from eventsys.bookings.services import cancel_booking, move_booking
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict
from tests import cast
from tests.factories import ZONE, make_booking, make_slot

NEW_YEARS_EVE = datetime(2026, 12, 31, 22, tzinfo=ZONE)


def at(moment):
    return time_machine.travel(moment, tick=False)


def cancel(booking):
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CONTACT.actor)


def is_refused(slot):
    outcome = "ok"
    try:
        make_booking(slot)
    except Conflict as refused:
        outcome = refused.code
    assert outcome in {"ok", "quota_reached"}
    return outcome != "ok"


def test_what_runs_over_new_year_is_still_open(app):
    with at(NEW_YEARS_EVE - timedelta(days=5)):
        make_booking(make_slot(starts_at=NEW_YEARS_EVE, ends_at=NEW_YEARS_EVE + timedelta(hours=20)))
        slot = make_slot(starts_at=NEW_YEARS_EVE + timedelta(days=7), quota_open=1)
    with at(NEW_YEARS_EVE + timedelta(hours=19)):  # 1 January, by UTC too
        assert is_refused(slot)
    with at(NEW_YEARS_EVE + timedelta(hours=20)):  # it is over
        assert not is_refused(slot)


@pytest.mark.parametrize(("hour", "refused"), [(23, True), (24, False)])
def test_a_month_is_the_districts(app, hour, refused):
    """A quarter of a day before it is the month by UTC."""
    november = datetime(2026, 11, 30, tzinfo=ZONE)
    with at(november - timedelta(days=9)):
        make_booking(make_slot(starts_at=november))
        assert is_refused(make_slot(starts_at=november + timedelta(hours=hour), quota_month=1)) is refused


@pytest.mark.parametrize(("late", "refused"), [(0, False), (1, True)])
def test_a_late_cancellation_counts_from_the_first_second(app, late, refused):
    slot = make_slot()
    other = make_slot(starts_at=slot.starts_at + timedelta(hours=3), quota_month=1)
    booking = make_booking(slot)
    with at(slot.cancel_until + timedelta(seconds=late)):
        cancel(booking)
        assert is_refused(other) is refused


def test_a_late_cancellation_bars_nobody_from_the_same_slot(app):
    slot = make_slot(quota_month=1)
    booking = make_booking(slot)
    with at(slot.cancel_until + timedelta(seconds=1)):
        cancel(booking)
        assert not is_refused(slot)


def test_a_late_move_is_counted_net_and_then_twice(app):
    slot = make_slot(quota_month=2)
    another, third = (make_slot(starts_at=slot.starts_at + timedelta(hours=h), quota_month=2) for h in (3, 6))
    booking = make_booking(slot)
    with at(slot.cancel_until + timedelta(seconds=1)):
        with unit_of_work():
            move_booking(booking.public_id, another.public_id, actor=cast.CONTACT.actor)
        assert is_refused(third)
