"""Places nobody claims are given to who waits at the door, and back to who comes after all while some are left."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, NoShow
from eventsys.bookings.queries import list_released, list_waiting_parties, lock_slot_for
from eventsys.bookings.rules import BookingState, NewBooking, Quota, QuotaKind, TicketState
from eventsys.bookings.services import book_slot, call_off_slot, cancel_booking, let_in, take_back, undo_release
from eventsys.bookings.tasks import keep_queues
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import count_at_door
from eventsys.checkin.rendering import message_of
from eventsys.checkin.rules import CheckIn, ScanResult
from eventsys.checkin.services import check_in, release_places
from eventsys.checkin.tasks import record_no_shows
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite, unit_of_work
from eventsys.core.errors import Conflict, NotAllowed, NotFound
from eventsys.directory.models import District
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox, render_mail
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import code_for, make_booking, make_slot, people
from tests.support import counted_statements

THIRD = Actor(name="丙方", grants=frozenset({Grant(Role.CONTACT, enterprise=cast.THIRD)}))
STEWARD = cast.STEWARD.actor


class Door:
    """A full session of two enterprises, one of which came, while a third waits; the clock stands at the start."""

    def __init__(self, traveller, slot, present, absent, waiting):
        self.traveller, self.slot = traveller, slot
        self.present, self.absent, self.waiting = present, absent, waiting

    def at(self, minutes):
        self.traveller.move_to(self.slot.starts_at + timedelta(minutes=minutes))


@pytest.fixture
def door(app):
    slot = make_slot(capacity=2, attendee_capacity=4)
    present, absent = make_booking(slot, cast.STRANGER), make_booking(slot, names=("王一", "李二"))
    with unit_of_work():
        command = NewBooking(
            slot.public_id, cast.THIRD, attendees=people("候一", "候二", "候三"), party_min=2, waits=True
        )
        waiting = book_slot(command, actor=THIRD).booking
    with time_machine.travel(slot.starts_at - timedelta(minutes=5), tick=False) as traveller:
        scan(present)
        found = Door(traveller, slot, present, absent, waiting)
        found.at(15)
        yield found


_nonces = iter(range(10**9))


def scan(booking, position=0, at=None, **more):
    command = CheckIn(
        code_for(booking, position), f"d{next(_nonces)}", scanned_at=at, is_history=at is not None, **more
    )
    with unit_of_work():
        return check_in(command, actor=cast.CLERK.actor)


def release(slot, actor=STEWARD):
    with unit_of_work():
        return [booking.public_id for booking in release_places(slot.public_id, actor=actor)]


def act(verb, booking, actor=STEWARD):
    with unit_of_work():
        return verb(booking if isinstance(booking, str) else booking.public_id, actor=actor)


def row(booking):
    db.session.rollback()
    return db.session.scalars(select(Booking).where(Booking.public_id == booking.public_id)).one()


def left(slot):
    db.session.rollback()
    found = db.session.scalars(select(Slot).where(Slot.public_id == slot.public_id)).one()
    return found.places_left, found.attendee_places_left, found.waiting


def noted():
    db.session.rollback()
    return list(db.session.scalars(select(NoShow.booking_id)))


def refused(code, action):
    with pytest.raises(Conflict) as error:
        action()
    assert error.value.code == code
    return error.value.fields


def test_who_did_not_come_loses_the_place_and_who_waits_here_gets_it(door):
    assert release(door.slot) == [door.absent.public_id]
    ended = row(door.absent)
    assert (ended.state, ended.cancel_reason, ended.is_late_cancellation) == (BookingState.CANCELLED, "released", False)
    assert ended.is_released
    assert noted() == [door.absent.id]
    assert left(door.slot) == (1, 3, 1)
    assert scan(door.absent).result is ScanResult.CANCELLED
    act(let_in, door.waiting)
    assert left(door.slot) == (0, 0, 0)
    assert scan(door.waiting).result is ScanResult.ADMITTED
    assert count_at_door(door.slot.id).arrived == 2
    assert release(door.slot) == []


def test_both_sides_hear_of_it(door):
    release(door.slot)
    act(let_in, door.waiting)
    db.session.rollback()
    kinds = list(db.session.scalars(select(Message.kind).where(Message.person_id == cast.CONTACT.id)))
    assert "place_released" in kinds
    actions = list(db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor_id == cast.STEWARD.id)))
    assert actions == ["booking.no_show_recorded", "booking.released", "booking.let_in"]
    for kind in ("place_released", "place_taken_back"):
        context = db.session.scalars(select(Message.context).where(Message.kind == "place_released")).first()
        for locale in ("zh_CN", "en"):
            message = Message(kind=kind, address="a@example.com", locale=locale, context=context)
            assert door.slot.title in render_mail(message, district="示范区").subject
        assert render_inbox(message)[0]


def test_not_before_the_minutes_of_the_setting(door):
    door.at(14)
    assert refused("door_not_yet", lambda: release(door.slot))["opens_at"] == door.slot.starts_at + timedelta(
        minutes=15
    )
    with unit_of_work():
        db.session.get_one(District, 1).settings = {"release_after_minutes": 5}
    assert release(door.slot) == [door.absent.public_id]


def test_not_after_the_end(door):
    door.at(90)
    refused("slot_over", lambda: release(door.slot))
    refused("slot_over", lambda: act(let_in, door.waiting))


def test_not_of_a_slot_that_was_called_off(door):
    with unit_of_work():
        call_off_slot(door.slot.public_id, "停电", actor=cast.CLERK.actor)
    refused("slot_called_off", lambda: release(door.slot))


@pytest.mark.parametrize("kind", [SlotFormat.VISIT, SlotFormat.ONLINE])
def test_only_a_session_has_a_door(app, kind):
    slot = make_slot(format=kind)
    make_booking(slot)
    with time_machine.travel(slot.starts_at + timedelta(minutes=20), tick=False):
        refused("no_door", lambda: release(slot))


def test_who_waits_and_is_not_here_gets_nothing(door):
    release(door.slot)
    keep_queues()
    assert row(door.waiting).state is BookingState.WAITLISTED
    door.at(90)
    keep_queues()
    assert row(door.waiting).state is BookingState.EXPIRED


def test_as_many_come_in_as_fit_and_agreed(app):
    slot = make_slot(capacity=3, attendee_capacity=4)
    make_booking(slot, names=("甲一", "甲二"))
    with unit_of_work():
        command = NewBooking(
            slot.public_id, cast.THIRD, attendees=people("候一", "候二", "候三"), party_min=2, waits=True
        )
        waiting = book_slot(command, actor=THIRD).booking
    with time_machine.travel(slot.starts_at + timedelta(minutes=1), tick=False):
        act(let_in, waiting)  # free places need no release
        booking = row(waiting)
        assert (booking.state, booking.party) == (BookingState.CONFIRMED, 2)
        assert [item.name for item in booking.attendees if item.state is TicketState.VALID] == ["候一", "候二"]
        assert scan(waiting, 2).result is ScanResult.REVOKED


def test_who_does_not_fit_waits_on(app):
    slot = make_slot(capacity=3, attendee_capacity=4)
    make_booking(slot, names=("甲一", "甲二", "甲三"))
    with unit_of_work():
        command = NewBooking(slot.public_id, cast.THIRD, party=2, waits=True)
        waiting = book_slot(command, actor=THIRD).booking
    with time_machine.travel(slot.starts_at + timedelta(minutes=1), tick=False):
        assert refused("door_full", lambda: act(let_in, waiting))["people_left"] == 1
    assert row(waiting).state is BookingState.WAITLISTED
    assert left(slot) == (2, 1, 1)


def test_nobody_is_let_in_before_the_start(door):
    door.at(-1)
    refused("door_not_yet", lambda: act(let_in, door.waiting))


def test_who_comes_after_the_release_is_taken_back_while_there_is_room(door):
    release(door.slot)
    act(take_back, door.absent)
    booking = row(door.absent)
    assert (booking.state, booking.cancelled_at, booking.cancel_reason) == (BookingState.CONFIRMED, None, "")
    assert noted() == []
    assert left(door.slot) == (0, 1, 1)
    assert scan(door.absent, 1).result is ScanResult.ADMITTED  # with the old code
    refused("booking_state", lambda: act(take_back, door.absent))


def test_a_place_given_away_is_not_given_back(door):
    release(door.slot)
    act(let_in, door.waiting)
    refused("door_full", lambda: act(take_back, door.absent))
    assert noted() == [door.absent.id]


def test_who_is_taken_back_and_does_not_come_is_noted_after_the_end(door):
    release(door.slot)
    act(take_back, door.absent)
    door.at(100)
    record_no_shows()
    assert noted() == [door.absent.id]


def test_a_release_is_undone_within_a_quarter_of_an_hour(door):
    release(door.slot)
    assert [item.public_id for item in act(undo_release, door.slot.public_id)] == [door.absent.public_id]
    assert row(door.absent).state is BookingState.CONFIRMED
    assert noted() == []
    release(door.slot)
    door.at(31)
    refused("too_late_to_undo", lambda: act(undo_release, door.slot.public_id))


def test_undone_as_far_as_there_is_room(door):
    release(door.slot)
    act(let_in, door.waiting)
    refused("too_late_to_undo", lambda: act(undo_release, door.slot.public_id))
    assert left(door.slot) == (0, 0, 0)


def test_an_own_cancellation_is_no_release(app):
    slot = make_slot()
    booking = make_booking(slot)
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CONTACT.actor, reason="released")
    with time_machine.travel(slot.starts_at + timedelta(minutes=20), tick=False):
        refused("booking_state", lambda: act(take_back, booking))
        db.session.rollback()
        assert list_released(slot.id) == []


def test_a_release_counts_against_no_quota(door):
    release(door.slot)
    other = make_slot(starts_at=door.slot.starts_at + timedelta(hours=3), quota_month=1, title="另一场")
    with unit_of_work():
        entry = lock_slot_for(cast.ACME, other.public_id)
    assert Quota(QuotaKind.MONTH, 1, 0) in entry.quotas


def test_an_offline_gate_that_read_the_code_before_the_release_admits(door):
    release(door.slot)
    answer = scan(door.absent, at=door.slot.starts_at + timedelta(minutes=3))
    assert answer.result is ScanResult.ADMITTED
    assert noted() == []  # they came
    assert row(door.absent).state is BookingState.CANCELLED  # the place is given back by the steward while there is one
    later = scan(door.absent, 1, at=now() - timedelta(seconds=1))
    assert later.result is ScanResult.ADMITTED
    act(take_back, door.absent)
    assert left(door.slot)[0] == 0


def test_the_gate_says_what_became_of_the_place(app, door):
    release(door.slot)
    answer = scan(door.absent)
    with app.test_request_context("/?lang=en"):
        assert "given up" in message_of(answer)


def test_the_queue_is_listed_in_its_order(door):
    assert [item.public_id for item in list_waiting_parties(door.slot.id)] == [door.waiting.public_id]


def test_a_scan_after_the_start_costs_no_more(door):
    code = code_for(door.absent)
    with counted_statements() as seen, unit_of_work():
        check_in(CheckIn(code, "counted"), actor=cast.CLERK.actor)
    assert len(seen) <= 5, seen


def test_who_may_not(door):
    for stranger in (cast.STRANGER_CLERK, cast.VOLUNTEER, cast.AUDITOR):
        with pytest.raises(NotFound):
            release(door.slot, stranger.actor)
        with pytest.raises(NotFound):
            act(undo_release, door.slot.public_id, stranger.actor)
    for verb, booking in ((let_in, door.waiting), (take_back, door.absent)):
        with pytest.raises(NotFound):
            act(verb, booking, cast.STRANGER_CLERK.actor)
    with pytest.raises(NotAllowed):
        act(let_in, door.waiting, THIRD)
    with pytest.raises(NotFound):
        release(Slot(public_id="zzzzzzzzzzzzy"))
    assert noted() == []


@pytest.mark.parametrize("is_first", ["gate", "release"])
def test_a_scan_and_a_release_at_once(app, door, is_first):
    """Whoever holds the attendee first decides; the other one knows it."""
    if is_sqlite():
        pytest.skip("one writer at a time")
    answers = []

    def other() -> None:
        with app.app_context():
            answers.append(scan(door.absent).result if is_first == "release" else release(door.slot))

    thread = threading.Thread(target=other)
    with unit_of_work():
        if is_first == "release":
            release_places(door.slot.public_id, actor=STEWARD)
            db.session.flush()
        else:
            check_in(CheckIn(code_for(door.absent), "first"), actor=STEWARD)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert answers == ([ScanResult.CANCELLED] if is_first == "release" else [[]])
    db.session.rollback()
    admitted = db.session.scalars(
        select(Scan.id).where(Scan.result == ScanResult.ADMITTED, Scan.slot_id == door.slot.id)
    ).all()
    assert (len(admitted), len(noted())) == ((1, 1) if is_first == "release" else (2, 0))
