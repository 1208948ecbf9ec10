"""Who did not come is noted after the end, where a door was kept; an admission that arrives later takes it back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, NoShow
from eventsys.bookings.services import cancel_booking
from eventsys.checkin.queries import lock_attendees
from eventsys.checkin.rules import NO_SHOWS_WITHIN, CheckIn, ScanResult
from eventsys.checkin.services import annul, check_in
from eventsys.checkin.services.no_shows import record_missing
from eventsys.checkin.tasks import record_no_shows
from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite, unit_of_work
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot

BEFORE, AFTER = timedelta(minutes=-10), timedelta(minutes=100)


def at(slot, offset):
    return time_machine.travel(slot.starts_at + offset, tick=False)


def admit(slot, booking, *, nonce="n", scanned_at=None, **more):
    with unit_of_work():
        command = CheckIn(code_for(booking), nonce, scanned_at=scanned_at, is_history=scanned_at is not None, **more)
        return check_in(command, actor=cast.CLERK.actor)


def noted():
    db.session.rollback()
    return list(db.session.scalars(select(Booking.public_id).join(NoShow, NoShow.booking_id == Booking.id)))


@pytest.fixture
def came(app):
    """A session that the stranger's enterprise came to and the contact's did not: (slot, who came, who did not)."""
    slot = make_slot()
    present, absent = make_booking(slot, cast.STRANGER), make_booking(slot)
    with at(slot, BEFORE):
        admit(slot, present)
    return slot, present, absent


def test_who_did_not_come_is_noted_once(came):
    slot, _present, absent = came
    with at(slot, timedelta(minutes=89)):
        record_no_shows()
        assert noted() == []  # it goes on
    with at(slot, AFTER):
        assert record_no_shows() is False
        record_no_shows()
    assert noted() == [absent.public_id]
    row = db.session.scalars(select(NoShow)).one()
    assert (row.enterprise_id, row.at) == (cast.ACME, slot.starts_at)


def test_one_person_of_the_party_is_enough(app):
    slot = make_slot()
    booking = make_booking(slot, names=("王一", "李二"), party=3)
    with at(slot, BEFORE):
        admit(slot, booking)
    with at(slot, AFTER):
        record_no_shows()
    assert noted() == []


def test_a_door_nobody_checked_in_at_proves_nothing(app):
    slot = make_slot()
    booking = make_booking(slot)
    make_gate(slot)
    with at(slot, BEFORE):
        taken = admit(slot, booking)
        with unit_of_work():
            annul(taken.scan.public_id, actor=cast.STEWARD.actor)  # as if it had not been
    with at(slot, AFTER):
        record_no_shows()
    assert noted() == []


@pytest.mark.parametrize("kind", [SlotFormat.VISIT, SlotFormat.ONLINE])
def test_only_sessions_have_a_door(app, kind):
    slot = make_slot(format=kind)
    present, _absent = make_booking(slot, cast.STRANGER), make_booking(slot)
    with at(slot, BEFORE):
        admit(slot, present)
    with at(slot, AFTER):
        record_no_shows()
    assert noted() == []


def test_a_late_cancellation_is_no_no_show(came):
    slot, _present, absent = came
    with at(slot, timedelta(minutes=-1)), unit_of_work():
        cancel_booking(absent.public_id, actor=cast.CONTACT.actor)
    with at(slot, AFTER):
        record_no_shows()
    assert noted() == []


def test_what_is_long_over_is_left_at_that(came):
    with at(came[0], NO_SHOWS_WITHIN + timedelta(minutes=1)):
        record_no_shows()
    assert noted() == []


def test_a_gate_that_was_offline_takes_it_back(came):
    slot, _present, absent = came
    with at(slot, AFTER):
        record_no_shows()
        answer = admit(slot, absent, nonce="late", scanned_at=slot.starts_at + timedelta(minutes=5))
        assert answer.result is ScanResult.ADMITTED
        assert noted() == []
        record_no_shows()
    assert noted() == []


def test_signing_in_afterwards_takes_it_back(came):
    slot, _present, absent = came
    with at(slot, AFTER + timedelta(days=1)):
        record_no_shows()
        assert admit(slot, absent, nonce="refused").result is ScanResult.EXPIRED
        assert noted() == [absent.public_id]
        assert admit(slot, absent, nonce="later", override_reason="签到表上有名").result is ScanResult.ADMITTED
    assert noted() == []


def test_an_admission_taken_back_after_the_end_is_none(came):
    slot, _present, absent = came
    with at(slot, AFTER):
        taken = admit(slot, absent, scanned_at=slot.starts_at, nonce="wrong")
        with unit_of_work():
            annul(taken.scan.public_id, actor=cast.CLERK.actor)
        record_no_shows()
    assert noted() == [absent.public_id]


def test_a_scan_that_comes_meanwhile_is_seen(app, came):
    """The note waits for the gate that holds the attendee, and then knows the admission."""
    if is_sqlite():
        pytest.skip("one writer at a time")
    slot, _present, absent = came
    with at(slot, AFTER):
        inside = threading.Event()

        def note() -> None:
            with app.app_context(), unit_of_work():
                inside.set()
                record_missing(slot.id)

        worker = threading.Thread(target=note)
        with unit_of_work():
            check_in(
                CheckIn(code_for(absent), "n2", scanned_at=slot.starts_at, is_history=True), actor=cast.CLERK.actor
            )
            worker.start()
            inside.wait()
            worker.join(0.3)
            assert worker.is_alive()
        worker.join()
    assert noted() == []


def test_locking_nobody_is_fine(app):
    slot = make_slot()
    with unit_of_work():
        lock_attendees(slot.id)
    assert now() < slot.starts_at
