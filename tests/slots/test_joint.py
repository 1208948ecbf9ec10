"""Joint slots: each supporting department is asked and answers."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from eventsys.bookings.services import call_off_slot, change_slot, decline_support
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.models import Department, Enterprise
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.queries.support import confirmed_support, list_support_wanted
from eventsys.slots.services import confirm_support, copy_slot
from eventsys.slots.services.making import make_slots
from tests import cast
from tests.factories import make_booking, make_slot, new_slot, soon
from tests.support import counted_statements

CLERK, HELPER = cast.CLERK.actor, cast.STRANGER_CLERK.actor
SCIENCE = cast.fixed_id("d", cast.SCIENCE)


def messages(kind):
    return db.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id)).all()


def department(key):
    return db.session.get_one(Department, key)


def answers(slot):
    return {key: at is not None for key, at in confirmed_support(slot).items()}


class TestAsking:
    def test_the_clerks_of_a_supporting_department_are_asked_once(self, app):
        slot = make_slot(actor=CLERK, supporting=(cast.SCIENCE,))
        (asked,) = messages("support_wanted")
        assert asked.person_id == cast.STRANGER_CLERK.id
        assert [item["title"] for item in asked.context["slots"]] == [slot.title]
        assert answers(slot) == {cast.SCIENCE: False}
        with unit_of_work():
            change_slot(slot.public_id, new_slot(supporting=(cast.SCIENCE,), title="新标题"), version=None, actor=CLERK)
        assert len(messages("support_wanted")) == 1

    def test_it_sees_what_waits_and_others_do_not(self, app):
        slot = make_slot(actor=CLERK, supporting=(cast.SCIENCE,), publish=False)
        assert [(item.id, own.id) for item, own in list_support_wanted([cast.SCIENCE])] == [(slot.id, cast.SCIENCE)]
        assert list_support_wanted([cast.TAX]) == []
        assert list_support_wanted([]) == []

    def test_a_copy_is_asked_for_anew(self, app):
        slot = make_slot(actor=CLERK, supporting=(cast.SCIENCE,))
        confirmed(slot)
        with unit_of_work():
            copy = copy_slot(slot.public_id, actor=CLERK)
        assert answers(copy) == {cast.SCIENCE: False}
        assert len(messages("support_wanted")) == 2


def confirmed(slot):
    with unit_of_work():
        return confirm_support([slot.public_id], SCIENCE, actor=HELPER)


def revisions():
    db.session.rollback()
    science = department(cast.SCIENCE).feed_revision
    return science, db.session.get_one(Enterprise, cast.ACME).feed_revision


class TestConfirming:
    def test_the_lead_is_told_once_for_all_its_slots(self, app):
        slots = [make_slot(supporting=(cast.SCIENCE,), starts_at=soon(days)) for days in (7, 8, 9)]
        with unit_of_work():
            assert confirm_support([slot.public_id for slot in slots], SCIENCE, actor=HELPER) == 3
        (told,) = messages("support_answered")
        assert (told.person_id, told.context["answer"], len(told.context["slots"])) == (cast.CLERK.id, "confirmed", 3)
        assert all(answers(slot) == {cast.SCIENCE: True} for slot in slots)
        assert list_support_wanted([cast.SCIENCE]) == []

    def test_twice_is_once(self, app):
        slot = make_slot(supporting=(cast.SCIENCE,))
        assert [confirmed(slot), confirmed(slot)] == [1, 0]
        assert len(messages("support_answered")) == 1

    @pytest.mark.parametrize("actor", [cast.CLERK, cast.STEWARD, cast.CONTACT, cast.AUDITOR])
    def test_nobody_else_answers_for_it(self, app, actor):
        slot = make_slot(supporting=(cast.SCIENCE,))
        with pytest.raises(NotFound), unit_of_work():
            confirm_support([slot.public_id], SCIENCE, actor=actor.actor)
        with pytest.raises(NotFound), unit_of_work():
            decline_support(slot.public_id, SCIENCE, "不行", actor=actor.actor)

    def test_a_department_that_was_not_asked_has_nothing_to_answer(self, app):
        slot = make_slot()
        with pytest.raises(NotFound), unit_of_work():
            confirm_support([slot.public_id], SCIENCE, actor=HELPER)
        with pytest.raises(NotFound), unit_of_work():
            confirm_support(["zzzzzzzzzzzzy"], SCIENCE, actor=HELPER)
        with pytest.raises(NotFound), unit_of_work():
            decline_support(slot.public_id, SCIENCE, "不行", actor=HELPER)

    def test_nothing_is_confirmed_when_one_of_them_is_called_off(self, app):
        one, other = (make_slot(supporting=(cast.SCIENCE,), starts_at=soon(days)) for days in (7, 8))
        with unit_of_work():
            call_off_slot(other.public_id, "讲师生病", actor=CLERK)
        with pytest.raises(Conflict, match="already_called_off"), unit_of_work():
            confirm_support([one.public_id, other.public_id], SCIENCE, actor=HELPER)
        assert answers(one) == {cast.SCIENCE: False}

    def test_who_names_the_own_department_has_agreed(self, app):
        slot = make_slot(actor=cast.COORDINATOR.actor, supporting=(cast.SCIENCE,))
        assert answers(slot) == {cast.SCIENCE: False}  # the coordinator answers for nobody
        both = replace(CLERK, grants=CLERK.grants | HELPER.grants)
        assert answers(make_slot(actor=both, supporting=(cast.SCIENCE,), starts_at=soon(9))) == {cast.SCIENCE: True}


class TestDeclining:
    def test_the_slot_names_it_no_more_and_calendars_follow(self, app):
        slot = make_slot(supporting=(cast.SCIENCE,))
        make_booking(slot)
        before, sequence = revisions(), slot.sequence
        with unit_of_work():
            decline_support(slot.public_id, SCIENCE, " 当天另有安排 ", actor=HELPER)
        after = revisions()
        assert after[0] > before[0]
        assert after[1] > before[1]
        kept = db.session.get_one(Slot, slot.id)
        assert (kept.supporting, kept.sequence) == ([], sequence + 1)
        (told,) = messages("support_answered")
        assert (told.person_id, told.context["answer"], told.context["reason"]) == (
            cast.CLERK.id, "declined", "当天另有安排"
        )  # fmt: skip
        with pytest.raises(NotFound), unit_of_work():
            decline_support(slot.public_id, SCIENCE, "再来一次", actor=HELPER)

    def test_it_says_why(self, app):
        slot = make_slot(supporting=(cast.SCIENCE,))
        with pytest.raises(Invalid), unit_of_work():
            decline_support(slot.public_id, SCIENCE, " ", actor=HELPER)
        assert answers(slot) == {cast.SCIENCE: False}

    def test_one_that_had_agreed_may_still_decline(self, app):
        slot = make_slot(supporting=(cast.SCIENCE,))
        confirmed(slot)
        with unit_of_work():
            decline_support(slot.public_id, SCIENCE, "人手不足", actor=HELPER)
        assert answers(slot) == {}


def test_who_is_named_no_more_or_loses_the_slot_is_told(app):
    slot = make_slot(supporting=(cast.SCIENCE,))
    with unit_of_work():
        change_slot(slot.public_id, new_slot(), version=None, actor=CLERK)
    (told,) = messages("support_changed")
    assert (told.person_id, told.context["what"]) == (cast.STRANGER_CLERK.id, "withdrawn")
    other = make_slot(supporting=(cast.SCIENCE,), starts_at=soon(8))
    with unit_of_work():
        call_off_slot(other.public_id, "讲师生病", actor=CLERK)
    told = messages("support_changed")[-1]
    assert (told.context["what"], told.context["reason"]) == ("called_off", "讲师生病")


def test_the_lead_and_the_supporter_answer_at_once(app):
    """One takes the department off while the other confirms: both end, and nothing is half done."""
    slot = make_slot(supporting=(cast.SCIENCE,))
    ready, seen = Barrier(2), []

    def act(verb):
        with app.app_context():
            ready.wait()
            try:
                with unit_of_work():
                    verb()
                seen.append("done")
            except NotFound:
                seen.append("gone")

    verbs = [
        lambda: change_slot(slot.public_id, new_slot(), version=None, actor=CLERK),
        lambda: confirm_support([slot.public_id], SCIENCE, actor=HELPER),
    ]
    threads = [Thread(target=act, args=[verb]) for verb in verbs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert seen.count("done") >= 1
    assert len(seen) == 2
    assert answers(slot) == {}


def test_asking_costs_no_more_for_many(app):
    with unit_of_work(), counted_statements() as few:
        make_slots([new_slot(supporting=(cast.SCIENCE,), starts_at=soon(7))], actor=CLERK)
    with unit_of_work(), counted_statements() as many:
        make_slots([new_slot(supporting=(cast.SCIENCE,), starts_at=soon(day)) for day in range(8, 58)], actor=CLERK)
    assert len(messages("support_wanted")) == 2
    assert len(many) <= len(few) + 4, len(many)
