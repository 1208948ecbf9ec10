"""Draws: registering, the draw that gives the order, the queue that gives the places, and the evidence of it."""

from __future__ import annotations

import threading
from dataclasses import asdict
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import place_in_queue
from eventsys.bookings.queries.ballot import evidence_of, list_slots_to_draw, list_untold, result_of
from eventsys.bookings.rules import BookingState, NewBooking
from eventsys.bookings.rules.ballot import Entrant, draw, fault_against, fault_in
from eventsys.bookings.services import (
    book_slot,
    call_off_slot,
    cancel_booking,
    change_slot,
    hold_draw,
    hold_slot,
    rejoin,
)
from eventsys.bookings.tasks import draw_due, keep_queues
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import Base, db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.core.ids import new_public_id
from eventsys.directory.models import Enterprise
from eventsys.notifications.models import Message
from eventsys.slots.models import Ballot, Slot
from eventsys.slots.services import copy_slot, publish_slot
from tests import cast
from tests.factories import make_booking, make_slot, new_slot, people, soon

THIRD = Actor(name="丙方", grants=frozenset({Grant(Role.CONTACT, enterprise=cast.THIRD)}))
ACTORS = {cast.ACME: cast.CONTACT.actor, cast.OTHER: cast.STRANGER.actor, cast.THIRD: THIRD}


def ballot_slot(**changes):
    """A slot with one place that is drawn in two days."""
    return make_slot(**{"capacity": 1, "draw_at": soon(2, 10), **changes})


def register(slot, enterprise=cast.ACME, actor=None, **options):
    command = NewBooking(slot.public_id, enterprise, **{"party": 1, **options})
    with unit_of_work():
        return book_slot(command, actor=actor or ACTORS[enterprise]).booking


def everybody(slot, **options):
    return {enterprise: register(slot, enterprise, **options) for enterprise in ACTORS}


def after_the_draw(slot, **later):
    return time_machine.travel(slot.draw_at + timedelta(seconds=1, **later), tick=False)


def fresh(booking):
    db.session.rollback()
    return db.session.get_one(Booking, booking.id, populate_existing=True)


def slot_now(slot):
    db.session.rollback()
    return db.session.get_one(Slot, slot.id, populate_existing=True)


def order_of(slot):
    """Enterprises (primary keys) in drawn order."""
    entries = result_of(slot_now(slot)).entries
    codes = dict(db.session.execute(sa.select(Enterprise.credit_code, Enterprise.id)).all())
    return [codes[entry.credit_code] for entry in entries]


def faults(slot):
    result = result_of(slot_now(slot))
    return fault_in(result) or fault_against(result, evidence_of(slot))


def trail(action):
    db.session.rollback()
    return db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)).all()


def refused(action, kind=Conflict):
    with pytest.raises(kind) as refusal, unit_of_work():
        action()
    return refusal.value.code


def told(kind):
    db.session.rollback()
    return db.session.scalars(sa.select(Message).where(Message.kind == kind).order_by(Message.id)).all()


class TestRegistering:
    def test_is_waiting_without_a_number(self, app):
        slot = ballot_slot()
        booking = fresh(register(slot))
        assert (booking.state, booking.queue_number) == (BookingState.WAITLISTED, None)
        assert place_in_queue(booking) is None
        assert (slot_now(slot).waiting, slot_now(slot).places_taken, slot_now(slot).queue_last) == (1, 0, 0)
        assert [message.context["place"] for message in told("booking_waitlisted")] == [None]
        keep_queues()
        assert fresh(booking).state is BookingState.WAITLISTED  # though a place is free

    def test_twice_is_once_for_all_of_an_enterprise(self, app):
        slot = ballot_slot()
        register(slot)
        assert refused(lambda: book_slot(NewBooking(slot.public_id, cast.ACME, 1), actor=cast.COLLEAGUE.actor)) == (
            "already_booked"
        )
        assert slot_now(slot).waiting == 1

    def test_needs_no_hold(self, app):
        slot = ballot_slot()
        assert refused(lambda: hold_slot(slot.public_id, cast.ACME, 1, actor=cast.CONTACT.actor)) == (
            "draw_needs_no_hold"
        )

    def test_ends_with_the_draw_for_clerks_too(self, app):
        slot = ballot_slot()
        with time_machine.travel(slot.draw_at, tick=False):
            for actor in (cast.CONTACT.actor, cast.CLERK.actor, cast.COORDINATOR.actor):
                command = NewBooking(slot.public_id, cast.ACME, 1, waits=True)
                assert refused(lambda command=command, actor=actor: book_slot(command, actor=actor)) == (
                    "draw_under_way"
                )

    def test_is_not_for_every_role(self, app):
        slot = ballot_slot()
        command = NewBooking(slot.public_id, cast.ACME, 1)
        assert refused(lambda: book_slot(command, actor=cast.STRANGER.actor), NotFound) == "not_found"
        for member in (cast.AUDITOR, cast.STEWARD, cast.VOLUNTEER, cast.STRANGER_CLERK):
            assert refused(lambda member=member: book_slot(command, actor=member.actor), NotAllowed) == "not_allowed"
        with unit_of_work():
            booked = book_slot(command, actor=cast.CLERK.actor)  # by telephone
        assert fresh(booked.booking).state is BookingState.WAITLISTED

    def test_may_be_taken_back_and_made_again(self, app):
        slot = ballot_slot()
        bookings = everybody(slot)
        for _ in range(2):
            with unit_of_work():
                cancel_booking(bookings[cast.OTHER].public_id, actor=cast.STRANGER.actor)
            assert slot_now(slot).waiting == 2
            bookings[cast.OTHER] = register(slot, cast.OTHER)
        with unit_of_work():
            cancel_booking(bookings[cast.THIRD].public_id, actor=THIRD)
        with after_the_draw(slot):
            draw_due()
        assert sorted(order_of(slot)) == [cast.ACME, cast.OTHER]
        assert faults(slot) is None


class TestTheDraw:
    def test_gives_the_order_and_the_queue_gives_the_places(self, app):
        slot = ballot_slot()
        bookings = everybody(slot, attendees=people("王一"))
        with after_the_draw(slot):
            draw_due()
            drawn_at = now()
        first, second, third = (fresh(bookings[enterprise]) for enterprise in order_of(slot))
        assert first.state is BookingState.CONFIRMED
        assert (second.state, third.state) == (BookingState.WAITLISTED, BookingState.WAITLISTED)
        assert (second.queue_number, third.queue_number) == (2, 3)
        assert (place_in_queue(second), place_in_queue(third)) == (1, 2)
        row = slot_now(slot)
        assert (row.places_taken, row.waiting, row.queue_last, row.drawn_at) == (1, 2, 3, drawn_at)
        (entry,) = trail("slot.drawn")
        assert entry.after["registered"] == 3
        assert [entry.after["queue_number"] for entry in trail("booking.drawn")] == [1, 2, 3]
        assert faults(slot) is None

    def test_tells_who_has_a_place_and_who_waits(self, app):
        slot = ballot_slot()
        everybody(slot)
        with after_the_draw(slot):
            draw_due()
            draw_due()
        winner, *rest = order_of(slot)
        contacts = {cast.ACME: [cast.CONTACT.id, cast.COLLEAGUE.id], cast.OTHER: [cast.STRANGER.id], cast.THIRD: []}
        assert sorted(message.person_id for message in told("place_given")) == contacts[winner]
        waiting = told("ballot_drawn")
        assert sorted(message.person_id for message in waiting) == sorted(key for one in rest for key in contacts[one])
        for message in waiting:
            assert (message.context["drawn"] - 1, message.context["registered"]) == (message.context["place"], 3)
            assert message.context["ballot_url"].endswith(f"/slots/{slot.public_id}/ballot")

    def test_what_a_crash_left_is_done_later(self, app):
        slot = ballot_slot()
        bookings = everybody(slot)
        with after_the_draw(slot):
            with unit_of_work():
                hold_draw(slot.public_id)
            keep_queues()  # the worker again, before it came to telling
            assert not told("ballot_drawn")
            assert fresh(bookings[order_of(slot)[0]]).state is BookingState.CONFIRMED
            waiting = [fresh(bookings[enterprise]).public_id for enterprise in order_of(slot)[1:]]
            assert [booking.public_id for booking in list_untold(slot.public_id)] == waiting
        with after_the_draw(slot, hours=1):
            draw_due()
            assert list_untold(slot.public_id) == []
            assert told("ballot_drawn")

    def test_is_not_before_its_time(self, app):
        slot = ballot_slot()
        register(slot)
        draw_due()
        with unit_of_work():
            hold_draw(slot.public_id)
        assert slot_now(slot).drawn_at is None

    def test_of_two_workers_is_one(self, app):
        slot = ballot_slot()
        everybody(slot)
        start = threading.Barrier(4)

        def work():
            with app.app_context():
                start.wait()
                draw_due()
                db.session.remove()

        with after_the_draw(slot):
            db.session.remove()
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(trail("slot.drawn")) == 1
        assert len(trail("booking.drawn")) == 3
        assert (slot_now(slot).places_taken, slot_now(slot).waiting) == (1, 2)
        assert len(told("ballot_drawn")) == len({message.person_id for message in told("ballot_drawn")})
        assert faults(slot) is None

    def test_of_nobody_leaves_a_slot_like_any_other(self, app):
        slot = ballot_slot()
        with after_the_draw(slot):
            draw_due()
            assert (order_of(slot), faults(slot)) == ([], None)
            assert fresh(register(slot)).state is BookingState.CONFIRMED
            with pytest.raises(Conflict, match="slot_full"):
                register(slot, cast.OTHER)

    def test_is_not_held_for_a_slot_called_off(self, app):
        slot = ballot_slot()
        register(slot)
        with unit_of_work():
            call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
        with after_the_draw(slot):
            assert list_slots_to_draw() == []
            with unit_of_work():
                hold_draw(slot.public_id)
        assert slot_now(slot).drawn_at is None

    def test_that_nobody_held_in_time_ends_with_the_queue(self, app):
        slot = ballot_slot()
        booking = register(slot)
        with time_machine.travel(slot.ends_at + timedelta(minutes=1), tick=False):
            draw_due()
            keep_queues()
        assert fresh(booking).state is BookingState.EXPIRED

    def test_newcomers_come_after_it(self, app):
        slot = ballot_slot(capacity=1)
        everybody(slot)
        with unit_of_work():
            db.session.add(
                Enterprise(id=90, public_id=new_public_id(), credit_code="91350299MA00009999", name="新公司")
            )
        new = Actor(name="新", grants=frozenset({Grant(Role.CONTACT, enterprise=90)}))
        with after_the_draw(slot):
            draw_due()
            with pytest.raises(Conflict, match="slot_full"):
                register(slot, 90, new)
            assert fresh(register(slot, 90, new, waits=True)).queue_number == 4


class TestRulesHold:
    def test_who_has_reached_a_quota_keeps_the_number(self, app):
        slot = ballot_slot(quota_month=1)
        bookings = everybody(slot)
        same_month = make_slot(starts_at=slot.starts_at + timedelta(hours=5))
        with after_the_draw(slot):
            with unit_of_work():
                hold_draw(slot.public_id)
            first, second, _third = order_of(slot)
            register(same_month, first)
            draw_due()
            assert fresh(bookings[first]).state is BookingState.WAITLISTED
            assert fresh(bookings[second]).state is BookingState.CONFIRMED
            assert faults(slot) is None

    def test_approval_and_asking_first(self, app):
        slot = ballot_slot(capacity=3, attendee_capacity=None, needs_approval=True)
        bookings = {
            enterprise: register(slot, enterprise, asks_first=enterprise == cast.OTHER) for enterprise in ACTORS
        }
        with after_the_draw(slot):
            draw_due()
            assert fresh(bookings[cast.ACME]).state is BookingState.PENDING
            assert fresh(bookings[cast.OTHER]).state is BookingState.OFFERED
            with unit_of_work():
                rejoin(bookings[cast.OTHER].public_id, actor=cast.STRANGER.actor)
        assert faults(slot) is None  # whoever let an offer go has another number, and no fault is found in that

    def test_a_place_given_up_goes_to_the_next(self, app):
        slot = ballot_slot()
        bookings = everybody(slot)
        with after_the_draw(slot):
            draw_due()
            first, second, _third = order_of(slot)
            with unit_of_work():
                cancel_booking(bookings[first].public_id, actor=ACTORS[first])
            assert fresh(bookings[second]).state is BookingState.CONFIRMED

    def test_weights_follow_what_an_enterprise_had(self, app):
        for days, enterprise in ((30, cast.ACME), (250, cast.OTHER)):
            with time_machine.travel(now() - timedelta(days=days + 7), tick=False):
                make_booking(make_slot(), {cast.ACME: cast.CONTACT, cast.OTHER: cast.STRANGER}[enterprise])
        slot = ballot_slot(is_draw_weighted=True)
        everybody(slot)
        make_booking(make_slot(starts_at=soon(20)), cast.STRANGER)  # one to come counts for nothing
        with after_the_draw(slot):
            draw_due()
        weights = {entry.credit_code: entry.weight for entry in result_of(slot_now(slot)).entries}
        assert weights == {"91350299MA00000019": 1, "91350299MA00000027": 2, "91350299MA00000035": 3}
        assert faults(slot) is None


class TestTheSeed:
    def test_is_fixed_when_the_slot_is_published(self, app):
        draft = make_slot(publish=False, draw_at=soon(2, 10))
        assert db.session.get(Ballot, draft.id) is None
        with unit_of_work():
            publish_slot(draft.public_id, actor=cast.CLERK.actor)
        ballot = db.session.get_one(Ballot, draft.id)
        assert len(bytes.fromhex(ballot.seed)) == 32
        (entry,) = trail("slot.draw_sealed")
        assert (entry.object_id, entry.after) == (draft.public_id, {"seed_hash": ballot.seed_hash})
        with unit_of_work():
            copy = copy_slot(draft.public_id, actor=cast.CLERK.actor)
            publish_slot(copy.public_id, actor=cast.CLERK.actor)
        assert db.session.get_one(Ballot, copy.id).seed != ballot.seed
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Ballot)) == 2
        make_slot()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Ballot)) == 2

    def test_is_nowhere_to_be_read_before_the_draw(self, app, api):
        slot = ballot_slot()
        register(slot)
        seed = db.session.get_one(Ballot, slot.id).seed
        with unit_of_work():
            change_slot(slot.public_id, plan(draw_at=soon(3, 10)), version=None, actor=cast.CLERK.actor)
        for table in Base.metadata.sorted_tables:
            if table.name != "ballots":
                assert seed not in repr(db.session.execute(sa.select(table)).all()), table.name
        db.session.rollback()
        for member in (cast.CLERK, cast.ADMINISTRATOR, cast.AUDITOR, cast.CONTACT):
            browser = app.test_client().sign_in(member)
            for path in ("", "/ballot", "/ballot.json", "/edit"):
                assert seed not in browser.get(f"/slots/{slot.public_id}{path}").text
            assert seed not in api(member).get(f"/slots/{slot.public_id}").text
        assert seed not in app.test_client().sign_in(cast.AUDITOR).get("/admin/audit").text

    def test_stays_when_the_draw_is_put_off_or_taken_away_and_back(self, app):
        slot = ballot_slot()
        seed = db.session.get_one(Ballot, slot.id).seed
        for draw_at in (soon(3, 10), None, soon(2, 10)):
            with unit_of_work():
                change_slot(slot.public_id, plan(draw_at=draw_at), version=None, actor=cast.CLERK.actor)
        assert db.session.get_one(Ballot, slot.id, populate_existing=True).seed == seed
        assert len(trail("slot.draw_sealed")) == 1

    def test_of_a_draw_added_later_is_fixed_then(self, app):
        slot = make_slot(capacity=1)
        with unit_of_work():
            change_slot(slot.public_id, plan(), version=None, actor=cast.CLERK.actor)
        assert trail("slot.draw_sealed")[0].object_id == slot.public_id
        assert fresh(register(slot)).queue_number is None


def plan(**changes):
    return new_slot(**{"capacity": 1, "draw_at": soon(2, 10), **changes})


class TestChanging:
    def change(self, slot, **changes):
        with unit_of_work():
            change_slot(slot.public_id, plan(**changes), version=None, actor=cast.CLERK.actor)

    def test_who_registered_relies_on_what_was_announced(self, app):
        slot = ballot_slot()
        register(slot)
        for changes, code in (
            ({"draw_at": soon(1, 10)}, "draw_only_later"),
            ({"draw_at": None}, "draw_only_later"),
            ({"is_draw_weighted": True}, "draw_weights_announced"),
            ({"draw_at": soon(6, 17)}, "draw_too_late"),
        ):
            with pytest.raises(Invalid, match=code):
                self.change(slot, **changes)
        self.change(slot, draw_at=soon(3, 10))
        (entry,) = trail("slot.changed")
        assert set(entry.before) == set(entry.after) == {"draw_at"}
        assert [message.context["draw_at"] for message in told("draw_postponed")] == [soon(3, 10).isoformat()] * 2
        with time_machine.travel(soon(2, 11), tick=False):
            draw_due()
            assert slot_now(slot).drawn_at is None
        with time_machine.travel(soon(3, 11), tick=False):
            draw_due()
        assert faults(slot) is None

    def test_after_the_draw_it_is_over(self, app):
        slot = ballot_slot()
        register(slot)
        with after_the_draw(slot):
            draw_due()
            for changes in ({"draw_at": None}, {"draw_at": soon(3, 10)}, {"is_draw_weighted": True}):
                with pytest.raises(Invalid, match="draw_is_over"):
                    self.change(slot, **{"draw_at": slot.draw_at, "starts_at": slot.starts_at, **changes})
            self.change(slot, draw_at=slot.draw_at, starts_at=slot.starts_at, title="别的都可以改")

    def test_a_slot_that_is_booked_is_not_drawn(self, app):
        slot = make_slot(capacity=1)
        make_booking(slot)
        with pytest.raises(Invalid, match="draw_after_booking"):
            self.change(slot)

    def test_a_draft_is_not_published_after_its_draw(self, app):
        draft = make_slot(publish=False, draw_at=soon(2, 10))
        with pytest.raises(Invalid, match="draw_in_the_past"):
            make_slot(draw_at=now() - timedelta(days=1))
        with after_the_draw(draft), pytest.raises(Conflict, match="draw_in_the_past"), unit_of_work():
            publish_slot(draft.public_id, actor=cast.CLERK.actor)


@pytest.mark.parametrize("tampering", ["seed", "list", "queue", "swap"])
def test_what_was_changed_in_the_tables_is_found_out(app, tampering):
    slot = ballot_slot()
    bookings = everybody(slot)
    with after_the_draw(slot):
        draw_due()
    assert faults(slot) is None
    last = order_of(slot)[-1]
    with unit_of_work():
        ballot, row = db.session.get_one(Ballot, slot.id), db.session.get_one(Slot, slot.id)
        if tampering == "seed":  # and a list that is right by it
            entrants = [Entrant(entry["credit_code"], entry["name"]) for entry in ballot.entries]
            ballot.seed = "0" * 64
            ballot.entries = [asdict(entry) for entry in draw(ballot.seed, row.public_id, entrants)]
        elif tampering == "list":
            ballot.entries = ballot.entries[:-1]
        elif tampering == "swap":
            ballot.entries = [*reversed(ballot.entries)]
        else:
            db.session.get_one(Booking, bookings[last].id).queue_number = 1
    assert faults(slot)


def test_a_registration_that_meets_the_draw_is_in_it_or_after_it(app):
    """Many register while the draw is held: each is refused, drawn, or waits with a later number; nobody is lost."""
    count = 24
    with unit_of_work():
        rows = [
            Enterprise(public_id=new_public_id(), credit_code=f"92350299MB{number:08d}", name=f"企业{number}")
            for number in range(count)
        ]
        db.session.add_all(rows)
    keys = [row.id for row in rows]
    slot = ballot_slot(capacity=5, attendee_capacity=None)
    with unit_of_work():
        db.session.get_one(Slot, slot.id).draw_at = now() + timedelta(milliseconds=400)
    outcomes, start, stop = {}, threading.Barrier(5), threading.Event()

    def contacts(mine):
        with app.app_context():
            start.wait()
            for key in mine:
                actor = Actor(name="某", grants=frozenset({Grant(Role.CONTACT, enterprise=key)}))
                try:
                    with unit_of_work():
                        book_slot(NewBooking(slot.public_id, key, 1, waits=True), actor=actor)
                    outcomes[key] = "ok"
                except Conflict as refusal:
                    outcomes[key] = refusal.code
                db.session.remove()
                stop.wait(0.02)

    def worker():
        with app.app_context():
            start.wait()
            while not stop.is_set():
                draw_due()
                db.session.remove()
                stop.wait(0.01)

    db.session.remove()
    threads = [threading.Thread(target=contacts, args=(keys[number::4],)) for number in range(4)]
    drawing = threading.Thread(target=worker)
    for thread in [*threads, drawing]:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = now() + timedelta(seconds=20)
    while slot_now(slot).drawn_at is None and now() < deadline:
        db.session.remove()
        threading.Event().wait(0.05)
    stop.set()
    drawing.join()
    draw_due()
    assert set(outcomes.values()) <= {"ok", "draw_under_way"}
    booked = {key for key, outcome in outcomes.items() if outcome == "ok"}
    bookings = db.session.scalars(sa.select(Booking).where(Booking.slot_id == slot.id)).all()
    assert {booking.enterprise_id for booking in bookings} == booked
    assert all(booking.queue_number is not None or booking.state is BookingState.CONFIRMED for booking in bookings)
    drawn = order_of(slot)
    numbers = {booking.enterprise_id: booking.queue_number for booking in bookings}
    assert [numbers[key] for key in drawn] == list(range(1, len(drawn) + 1))
    assert all(numbers[key] is None or numbers[key] > len(drawn) for key in booked - set(drawn))
    assert slot_now(slot).places_taken == min(5, len(booked))
    assert faults(slot) is None


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "canary"])
def test_the_draw_waits_for_a_registration_under_way(app, database, monkeypatch, locked):
    """One that began in time and is not committed yet when the draw is due; without locks it is left out."""
    if not locked:
        if database == "sqlite":
            pytest.skip("SQLite has one writer at a time, whatever is locked")
        monkeypatch.setattr(sa.sql.Select, "with_for_update", lambda query, **_options: query)
    slot = ballot_slot()
    with unit_of_work():
        db.session.get_one(Slot, slot.id).draw_at = draw_at = now() + timedelta(seconds=1)
    public_id, is_written = slot.public_id, threading.Event()

    def contact():
        with app.app_context():
            with unit_of_work():
                book_slot(NewBooking(public_id, cast.ACME, 1), actor=cast.CONTACT.actor)
                is_written.set()
                threading.Event().wait((draw_at - now()).total_seconds() + 0.5)
            db.session.remove()

    db.session.remove()
    thread = threading.Thread(target=contact)
    thread.start()
    is_written.wait()
    threading.Event().wait(max(0.0, (draw_at - now()).total_seconds()) + 0.1)
    draw_due()
    thread.join()
    assert (order_of(slot) == [cast.ACME]) is locked
