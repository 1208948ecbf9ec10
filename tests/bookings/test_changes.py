"""A published slot becomes smaller than what is booked, or gets another lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries.queue import place_in_queue
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import Told, call_off_slot, cancel_booking, change_slot, take_slot_over
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.models import Department, Enterprise
from eventsys.notifications.models import Message
from eventsys.slots.queries import command_of
from eventsys.slots.services import copy_slot, decline_slot_offer, offer_slot, withdraw_slot_offer
from tests import cast
from tests.factories import make_booking, make_slot

CLERK, COORDINATOR, HELPER = cast.CLERK.actor, cast.COORDINATOR.actor, cast.STRANGER_CLERK.actor
SCIENCE = cast.fixed_id("d", cast.SCIENCE)
W, C = BookingState.WAITLISTED, BookingState.CONFIRMED


def changed(slot, *, waits=(), actor=CLERK, reason="", **changes):
    db.session.rollback()
    command = replace(command_of(db.session.merge(slot)), **changes)
    with unit_of_work():
        return change_slot(slot.public_id, command, version=None, actor=actor, told=Told(reason, waits))


def fresh(row):
    db.session.rollback()
    return db.session.get_one(type(row), row.id, populate_existing=True)


def told(kind):
    return db.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id)).all()


class TestSmaller:
    @pytest.fixture
    def slot(self, app):
        return make_slot(capacity=3, attendee_capacity=None)

    @pytest.fixture
    def booked(self, slot):
        coordinator = replace(cast.COORDINATOR, enterprise=cast.THIRD)
        return [make_booking(slot), make_booking(slot, cast.STRANGER), make_booking(slot, coordinator)]

    def test_without_a_choice_it_is_refused_and_nothing_changes(self, slot, booked):
        with pytest.raises(Invalid, match="capacity_below_booked"):
            changed(slot, capacity=2)
        with pytest.raises(Invalid, match="capacity_below_booked"):
            changed(slot, capacity=1, waits=[booked[0].public_id])
        assert [fresh(item).state for item in booked] == [C, C, C]
        assert (fresh(slot).capacity, fresh(slot).waiting) == (3, 0)

    def test_those_chosen_wait_first_in_the_queue_in_order_of_booking(self, slot, booked):
        changed(slot, capacity=1, waits=[booked[2].public_id, booked[1].public_id], reason="场地变小")
        assert [fresh(item).state for item in booked] == [C, W, W]
        assert [place_in_queue(fresh(item)) for item in booked] == [None, 1, 2]
        row = fresh(slot)
        assert (row.capacity, row.places_taken, row.people_taken, row.waiting) == (1, 1, 1, 2)
        assert {item.context["reason"] for item in told("booking_displaced")} == {"场地变小"}

    def test_they_come_before_who_waited_already(self, slot, booked):
        with unit_of_work():
            cancel_booking(booked[2].public_id, actor=COORDINATOR)
        changed(slot, capacity=2)
        waiting = make_booking(slot, replace(cast.COORDINATOR, enterprise=cast.THIRD), waits=True)
        changed(slot, capacity=1, waits=[booked[1].public_id])
        assert [place_in_queue(fresh(item)) for item in (booked[1], waiting)] == [1, 2]
        with unit_of_work():
            cancel_booking(booked[0].public_id, actor=cast.CONTACT.actor)
        assert [fresh(item).state for item in (booked[1], waiting)] == [C, W]

    def test_a_larger_slot_takes_them_back(self, slot, booked):
        changed(slot, capacity=2, waits=[booked[0].public_id])
        assert fresh(booked[0]).state is W
        changed(slot, capacity=3)
        assert fresh(booked[0]).state is C

    def test_one_message_though_the_place_changes_as_well(self, slot, booked):
        changed(slot, capacity=2, waits=[booked[1].public_id], place_text="小会议室")
        kinds = [m.kind for m in db.session.scalars(select(Message)) if m.person_id == cast.STRANGER.id]
        assert kinds.count("booking_displaced") == 1
        assert "slot_moved" not in kinds

    def test_a_choice_of_another_slot_or_twice_is_no_choice(self, slot, booked):
        other = make_booking(make_slot(starts_at=slot.starts_at + timedelta(days=2)))
        with pytest.raises(Invalid):
            changed(slot, capacity=2, waits=[other.public_id, "zzzzzzzzzzzzy"])
        changed(slot, capacity=2, waits=[booked[1].public_id] * 2)
        assert fresh(other).state is C
        assert fresh(slot).waiting == 1

    def test_when_the_queue_orders_no_more_nobody_is_made_to_wait(self, slot, booked):
        with time_machine.travel(slot.queue_until, tick=False), pytest.raises(Conflict, match="queue_is_over"):
            changed(slot, capacity=2, waits=[booked[1].public_id])
        assert fresh(booked[1]).state is C

    def test_the_attendee_capacity_too(self, app):
        slot = make_slot(capacity=3, attendee_capacity=4)
        one, other = make_booking(slot, names=("王一", "李二")), make_booking(slot, cast.STRANGER, names=("赵三",))
        with pytest.raises(Invalid, match="capacity_below_booked"):
            changed(slot, attendee_capacity=2)
        changed(slot, attendee_capacity=2, waits=[other.public_id])
        assert [fresh(item).state for item in (one, other)] == [C, W]

    def test_booking_and_shrinking_at_once_never_oversell(self, app, slot):
        """The last place is booked while the slot shrinks: one of the two gives way, and the counts hold."""
        one = make_booking(slot)
        changed(slot, capacity=2)
        ready, seen = Barrier(2), []

        def act(verb):
            with app.app_context():
                ready.wait()
                try:
                    verb()
                    seen.append("done")
                except (Conflict, Invalid) as error:
                    seen.append(error.code)
                finally:
                    db.session.remove()

        verbs = [lambda: make_booking(slot, cast.STRANGER), lambda: changed(slot, capacity=1)]
        threads = [Thread(target=act, args=[verb]) for verb in verbs]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        row = fresh(slot)
        assert sorted(seen) in (["capacity_below_booked", "done"], ["done", "slot_full"])
        assert row.places_taken <= row.capacity
        assert fresh(one).state is C


class TestHandingOver:
    @pytest.fixture
    def slot(self, app):
        return make_slot(services=(cast.TAX,), supporting=(cast.SCIENCE,))

    def offered(self, slot, actor=CLERK):
        with unit_of_work():
            return offer_slot(slot.public_id, SCIENCE, "材料已备好", actor=actor)

    def test_it_stays_with_the_lead_until_it_is_taken(self, slot):
        booking = make_booking(slot)
        self.offered(slot)
        assert fresh(slot).department_id == cast.TAX
        (asked,) = told("slot_offered")
        assert (asked.person_id, asked.context["note"]) == (cast.STRANGER_CLERK.id, "材料已备好")
        before = db.session.get_one(Enterprise, cast.ACME, populate_existing=True).feed_revision
        with unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)
        row = fresh(slot)
        assert (row.department_id, row.handed_to_id, row.supporting, row.services) == (cast.SCIENCE, None, [], [])
        assert fresh(booking).department_id == cast.SCIENCE
        assert db.session.get_one(Enterprise, cast.ACME, populate_existing=True).feed_revision > before
        assert {m.person_id for m in told("slot_handed_over")} == {cast.CONTACT.id, cast.COLLEAGUE.id}
        assert [m.context["answer"] for m in told("slot_offer_answered")] == ["accepted"]
        assert told("support_changed") == []  # it supports nothing any more, it leads

    def test_taken_twice_there_is_nothing_left(self, slot):
        self.offered(slot)
        with unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)
        with pytest.raises(NotFound), unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)
        with pytest.raises(NotFound), unit_of_work():
            offer_slot(slot.public_id, SCIENCE, "", actor=CLERK)  # not theirs any more

    @pytest.mark.parametrize("member", [cast.CLERK, cast.STEWARD, cast.CONTACT, cast.AUDITOR])
    def test_nobody_else_takes_it(self, slot, member):
        self.offered(slot)
        with pytest.raises(NotFound), unit_of_work():
            take_slot_over(slot.public_id, actor=member.actor)
        with pytest.raises(NotFound), unit_of_work():
            decline_slot_offer(slot.public_id, "不行", actor=member.actor)
        assert fresh(slot).department_id == cast.TAX

    def test_what_is_not_offered_is_not_there(self, slot):
        for actor in (HELPER, COORDINATOR):
            with pytest.raises(NotFound), unit_of_work():
                take_slot_over(slot.public_id, actor=actor)
        with pytest.raises(NotFound), unit_of_work():
            take_slot_over("zzzzzzzzzzzzy", actor=HELPER)

    def test_declined_with_a_reason_or_withdrawn_it_stays(self, slot):
        self.offered(slot)
        with pytest.raises(Invalid), unit_of_work():
            decline_slot_offer(slot.public_id, " ", actor=HELPER)
        with unit_of_work():
            decline_slot_offer(slot.public_id, "当月已满", actor=HELPER)
        assert told("slot_offer_answered")[0].context["reason"] == "当月已满"
        self.offered(slot)
        for _ in range(2):
            with unit_of_work():
                withdraw_slot_offer(slot.public_id, actor=CLERK)
        with pytest.raises(NotFound), unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)
        assert fresh(slot).department_id == cast.TAX

    def test_to_whom_it_cannot_go(self, slot):
        with pytest.raises(Invalid, match="already_leads"), unit_of_work():
            offer_slot(slot.public_id, "tax", "", actor=CLERK)
        with pytest.raises(Invalid, match="unknown_department"), unit_of_work():
            offer_slot(slot.public_id, "nothing", "", actor=CLERK)
        with unit_of_work():
            db.session.get_one(Department, cast.SCIENCE).active = False
        with pytest.raises(Invalid, match="unknown_department"), unit_of_work():
            offer_slot(slot.public_id, SCIENCE, "", actor=CLERK)

    def test_called_off_or_begun_nothing_is_handed_over(self, slot):
        self.offered(slot)
        with (
            time_machine.travel(slot.starts_at, tick=False),
            pytest.raises(Conflict, match="slot_began"),
            unit_of_work(),
        ):
            take_slot_over(slot.public_id, actor=HELPER)
        with unit_of_work():
            call_off_slot(slot.public_id, "取消", actor=CLERK)
        with pytest.raises(Conflict, match="already_called_off"), unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)

    def test_a_copy_is_offered_to_nobody(self, slot):
        self.offered(slot)
        with unit_of_work():
            copy = copy_slot(slot.public_id, actor=CLERK)
        assert fresh(copy).handed_to_id is None

    def test_the_coordinator_gives_it_at_once(self, slot):
        make_booking(slot)
        changed(slot, department=cast.SCIENCE, supporting=(), services=(), actor=COORDINATOR, reason="分工调整")
        assert fresh(slot).department_id == cast.SCIENCE
        assert told("slot_assigned")[0].person_id == cast.STRANGER_CLERK.id
        assert {m.context["reason"] for m in told("slot_handed_over")} == {"分工调整"}
        assert told("slot_handed_over")[0].context["department_name"] == fresh(slot).department.name

    def test_moved_and_given_at_once_it_is_one_message(self, slot):
        make_booking(slot)
        changed(slot, department=cast.SCIENCE, supporting=(), services=(), place_text="新地点", actor=COORDINATOR)
        assert len(told("slot_moved")) == 2  # both contacts
        assert told("slot_handed_over") == []

    def test_a_draft_is_handed_over_without_a_word_to_enterprises(self, app):
        draft = make_slot(publish=False)
        self.offered(draft)
        with unit_of_work():
            take_slot_over(draft.public_id, actor=HELPER)
        assert fresh(draft).department_id == cast.SCIENCE
        assert told("slot_handed_over") == []

    def test_the_trail_says_who_and_what(self, slot):
        self.offered(slot)
        with unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)
        actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_id == slot.public_id)).all()
        assert {"slot.offered", "slot.changed", "slot.taken_over"} <= set(actions)


def test_handing_over_and_booking_at_once_both_hold(app):
    slot = make_slot()
    with unit_of_work():
        offer_slot(slot.public_id, SCIENCE, "", actor=CLERK)
    ready, failed = Barrier(2), []

    def act(verb):
        with app.app_context():
            ready.wait()
            try:
                verb()
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    def take():
        with unit_of_work():
            take_slot_over(slot.public_id, actor=HELPER)

    threads = [Thread(target=act, args=[verb]) for verb in (take, lambda: make_booking(slot))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failed == []
    (booking,) = db.session.scalars(select(Booking)).all()
    assert booking.department_id == cast.SCIENCE
    assert fresh(slot).places_taken == 1
