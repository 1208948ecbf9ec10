"""The same request many times at once, and requests that meet: one outcome, equal answers, no 5xx."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import list_pending_since, lock_slot
from eventsys.bookings.queries.queue import list_waiting_untold
from eventsys.bookings.queries.rating_links import rating_token
from eventsys.bookings.rules import TAKES_PLACES, TicketState
from eventsys.bookings.services import chase_approvals, share_token
from eventsys.checkin.models import Rating
from eventsys.checkin.rules import CheckIn, ScanResult
from eventsys.checkin.services import check_in
from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite, unit_of_work
from eventsys.slots.models import Slot
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot


def at_once(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the jobs answer that begin together, each in a thread of its own."""
    answers: list[Any] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(position: int) -> None:
        start.wait()
        answers[position] = jobs[position]()

    db.session.remove()
    threads = [threading.Thread(target=run, args=(position,)) for position in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def statuses(answers: Sequence[Any]) -> list[int]:
    """The statuses in order."""
    return sorted(answer.status_code for answer in answers)


def counted(slot: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """(places, people) as the slot counts them, and as the bookings add up."""
    db.session.rollback()
    row = db.session.scalars(sa.select(Slot).where(Slot.public_id == slot)).one()
    taking = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Booking.party), 0))
    places, people = db.session.execute(taking.where(Booking.slot_id == row.id, Booking.state.in_(TAKES_PLACES))).one()
    return (row.places_taken, row.people_taken), (places, people)


def test_one_idempotency_key_books_once(app, api):
    slot, contact = make_slot().public_id, api(cast.CONTACT)
    body = {"slot": slot, "attendees": [{"name": "王一"}]}
    answers = at_once([lambda: contact.post("/bookings", body, Idempotency_Key="one")] * 50)
    assert set(statuses(answers)) <= {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert counted(slot) == ((1, 1), (1, 1))
    assert contact.post("/bookings", {**body, "party": 2}, Idempotency_Key="one").status_code == 422


@pytest.fixture
def door(app):
    """(the code of one who is expected now, the gate's id)."""
    slot = make_slot(starts_at=now() + timedelta(hours=1), closes_at=None, cancel_until=None, names_until=None)
    return code_for(make_booking(slot)), make_gate(slot)[0].public_id


def test_one_nonce_gets_one_answer(app, api, door):
    steward = api(cast.STEWARD)
    for code, nonce in ((door[0], "known"), ("ABCDEF", "unknown")):
        body = {"code": code, "nonce": nonce, "gate": door[1]}
        answers = at_once([lambda body=body: steward.post("/checkins", body)] * 20)
        assert statuses(answers) == [200] * 20
        assert len({answer.text for answer in answers}) == 1


def test_a_gate_does_not_wait_for_who_changes_the_slot(app, api, door):
    if is_sqlite():
        pytest.skip("one writer at a time")
    answers = []

    def scan() -> None:
        with app.app_context(), unit_of_work() as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            answers.append(check_in(CheckIn(door[0], "first", gate=door[1]), actor=cast.STEWARD.actor).result)

    with unit_of_work():
        lock_slot(db.session.scalars(sa.select(Slot.id)).one())
        gate = threading.Thread(target=scan)
        gate.start()
        gate.join()
    assert answers == [ScanResult.ADMITTED]


def test_an_admission_taken_back_twice_at_once_is_taken_back_once(app, api, door):
    steward = api(cast.STEWARD)
    scan = steward.post("/checkins", {"code": door[0], "nonce": "first", "gate": door[1]}).get_json()["scan"]
    answers = at_once([lambda: steward.post(f"/checkins/{scan}/annul")] * 10)
    assert statuses(answers) == [200] * 10
    assert len({answer.get_json()["scan"] for answer in answers}) == 1


def test_a_nonce_tells_a_stranger_nothing(app, api, door):
    body = {"code": door[0], "nonce": "theirs"}
    assert api(cast.STEWARD).post("/checkins", body).status_code == 200
    assert api(cast.STRANGER_CLERK).post("/checkins", body).status_code == 404


def test_the_colleagues_link_names_no_more_than_the_party(app):
    booking = make_booking(make_slot(), party=2)
    path = f"/b/{share_token(booking)}"

    def name(number: int) -> Any:
        with app.app_context():
            return app.test_client().post(path, data={"name": f"同事{number}"})

    answers = at_once([lambda number=number: name(number) for number in range(8)])
    assert statuses(answers) == [303] + [409] * 7
    db.session.rollback()
    valid = sa.select(sa.func.count()).select_from(Attendee).where(Attendee.state == TicketState.VALID)
    assert db.session.scalar(valid) == 2


def test_calling_off_meets_booking_and_editing(app, api):
    clerk, contacts = api(cast.CLERK), [api(cast.CONTACT), api(cast.STRANGER)]
    for _round in range(4):
        slot = make_slot().public_id
        body = {"slot": slot, "attendees": [{"name": "王一"}]}
        jobs = [
            lambda one=one, body=body: one.post("/bookings", body, Idempotency_Key=f"{one.token}{body['slot']}")
            for one in contacts
        ]
        jobs += [lambda slot=slot: clerk.post(f"/slots/{slot}/call-off", {"reason": "x"})] * 2
        jobs += [lambda slot=slot: clerk.patch(f"/slots/{slot}", {"title": "y"}, If_Match="*")] * 2
        answers = at_once(jobs)
        assert set(statuses(answers)) <= {200, 201, 409, 412}, statuses(answers)
        assert counted(slot) == ((0, 0), (0, 0))


def test_chores_wait_for_no_booking_that_somebody_changes(app):
    """They write into many bookings: waiting for one of them while they hold the others could go round in a circle."""
    if is_sqlite():
        pytest.skip("one writer at a time: no booking is locked by itself")
    slot = make_slot(needs_approval=True)
    changed, _other = make_booking(slot), make_booking(slot, cast.STRANGER)
    with db.engine.connect() as somebody:
        somebody.execute(sa.select(Booking.id).where(Booking.id == changed.id).with_for_update())
        with unit_of_work():
            db.session.execute(sa.text("SET LOCAL lock_timeout = 1000"))
            assert chase_approvals(now()) == 1
    with unit_of_work():
        assert [booking.id for booking in list_pending_since(now())] == [changed.id]  # the other one was reminded


def test_who_is_told_that_places_are_open_keeps_nobody_waiting(app):
    if is_sqlite():
        pytest.skip("one writer at a time: no booking is locked by itself")
    slot = make_slot(capacity=1)
    make_booking(slot)
    waiting = make_booking(slot, cast.STRANGER, waits=True)
    with db.engine.connect() as somebody, unit_of_work():
        somebody.execute(sa.select(Booking.id).where(Booking.id == waiting.id).with_for_update())
        db.session.execute(sa.text("SET LOCAL lock_timeout = 1000"))
        assert list_waiting_untold(slot.id) == []
        somebody.rollback()
        assert [booking.id for booking in list_waiting_untold(slot.id)] == [waiting.id]


def test_walk_ins_take_what_is_left_and_nobody_twice(app, api):
    times = {"closes_at": None, "cancel_until": None, "names_until": None}
    slot = make_slot(starts_at=now() + timedelta(hours=1), capacity=3, attendee_capacity=4, **times).public_id
    steward, firms = api(cast.STEWARD), ("甲网络公司", "乙网络公司", "丙网络公司")
    same = {"enterprise": firms[0], "name": "王一", "phone": "13800138123"}
    others = [{"enterprise": firm, "name": f"{firm[0]}{number}"} for number in range(4) for firm in firms]
    answers = at_once([lambda body=body: steward.post(f"/slots/{slot}/walk-ins", body) for body in [same] * 6 + others])
    assert set(statuses(answers)) <= {200, 409}, statuses(answers)
    places, people = counted(slot)[0]
    assert counted(slot) == ((places, 4), (places, 4))
    assert people == 4
    assert db.session.scalar(sa.select(sa.func.count()).where(Attendee.name == "王一")) <= 1
    inside = {answer.json["attendee"]["name"] for answer in answers if answer.status_code == 200}
    assert len(inside) == 4


def test_one_answer_of_one_person_is_kept(app):
    times = {"closes_at": None, "cancel_until": None, "names_until": None}
    slot = make_slot(starts_at=now() + timedelta(hours=1), **times)
    booking = make_booking(slot)
    with time_machine.travel(slot.starts_at, tick=True), unit_of_work():
        check_in(CheckIn(code_for(booking), "came"), actor=cast.STEWARD.actor)
    address = f"/r/{rating_token(booking.attendees[0].public_id)}"

    def say(stars):
        with app.app_context():  # a session of its own, as every request has
            return app.test_client().post(address, data={"stars": str(stars)})

    with time_machine.travel(slot.ends_at + timedelta(minutes=1), tick=True):
        answers = at_once([lambda stars=stars: say(stars) for stars in (1, 2, 3, 4, 5)])
    assert set(statuses(answers)) <= {200, 409}, statuses(answers)
    assert 200 in statuses(answers)
    assert db.session.scalar(sa.select(sa.func.count(Rating.id))) == 1
