"""A visit reserved for one enterprise: planned, answered, moved, withdrawn; and how many an enterprise receives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.models import Booking, PlannedVisit, QuotaException
from eventsys.bookings.queries import list_visits_asked, list_visits_to_answer, lock_slot_for
from eventsys.bookings.rules import (
    AnswerVisit,
    BookingChannel,
    BookingState,
    NewAttendee,
    NewPlannedVisit,
    NewVisitRequest,
    VisitAnswer,
)
from eventsys.bookings.services import (
    Told,
    answer_visit,
    arrange_visit,
    ask_for_visit,
    call_off_slot,
    cancel_booking,
    change_slot,
    confirm_booking,
    decline_booking,
    move_booking,
    plan_visit,
    plan_visits,
    propose_joint_visit,
)
from eventsys.bookings.tasks import remind_departments
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from eventsys.directory.models import District, Enterprise
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox
from eventsys.pages.queries import list_pending
from eventsys.pages.services import merge_enterprises
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of, get_visible_slot
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat, SlotState
from tests import cast
from tests.factories import ZONE, make_booking, make_slot, new_slot
from tests.house.test_races import at_once

CONTACT, CLERK, OTHERS, COORDINATOR = (
    cast.CONTACT.actor, cast.CLERK.actor, cast.STRANGER_CLERK.actor, cast.COORDINATOR.actor
)  # fmt: skip
NOW = datetime(2026, 12, 7, 1, tzinfo=UTC)  # Monday, 9:00 in Xiamen
AGREED, ANOTHER_TIME, NOT_NOW = VisitAnswer.AGREED, VisitAnswer.ANOTHER_TIME, VisitAnswer.NOT_NOW


@pytest.fixture(autouse=True)
def on_a_monday():
    with time_machine.travel(NOW, tick=False):
        yield


def at(day, hour=14):
    """An hour of a day of the month."""
    return datetime(2026, 12, day, hour, tzinfo=ZONE)


def command(day=16, hour=14, *, enterprise=cast.ACME, department=cast.TAX, beyond="", **changes):
    values = {"department": department, "title": "走访", "starts_at": at(day, hour), "place": None, **changes}
    slot = new_slot(**values, closes_at=None, cancel_until=None, names_until=None)
    return NewPlannedVisit(enterprise, slot, beyond=beyond)


def plan(day=16, hour=14, actor=CLERK, **changes):
    with unit_of_work():
        return plan_visit(command(day, hour, **changes), actor=actor).public_id


def science(day=16, hour=14, **changes):
    return plan(day, hour, OTHERS, department=cast.SCIENCE, **changes)


def answer(booking, given, actor=CONTACT, **values):
    with unit_of_work():
        return answer_visit(booking, AnswerVisit(given, **values), actor=actor)


def by_phone(booking, given, actor=CLERK, **values):
    told = {"channel": BookingChannel.PHONE, "on_behalf_reason": "致电林女士", **values}
    return answer(booking, given, actor, **told)


def row(booking):
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Booking).where(Booking.public_id == booking)).one()


def visit_of(booking):
    return db.session.get_one(PlannedVisit, row(booking).id)


def standing(booking):
    """(state of the booking, the answer, state of the slot, places taken)."""
    found = row(booking)
    return found.state, visit_of(booking).answer, found.slot.state, found.slot.places_taken


def move(booking, day, hour=14, actor=CLERK, **options):
    slot = row(booking).slot
    starts_at = at(day, hour)
    changed = replace(command_of(slot), starts_at=starts_at, ends_at=starts_at + timedelta(minutes=90))
    with unit_of_work():
        return change_slot(slot.public_id, changed, version=None, actor=actor, told=Told(**options))


def kinds(person):
    db.session.rollback()
    return list(db.session.scalars(select(Message.kind).where(Message.person_id == person.id).order_by(Message.id)))


def told(person, kind):
    db.session.rollback()
    query = select(Message).where(Message.person_id == person.id, Message.kind == kind).order_by(Message.id.desc())
    return db.session.scalars(query.limit(1)).one()


def test_planned_it_is_kept_for_the_enterprise_alone(app):
    booking = plan()
    slot = row(booking).slot
    assert standing(booking) == (BookingState.PENDING, VisitAnswer.WAITING, SlotState.PUBLISHED, 1)
    assert (slot.format, slot.capacity, slot.is_hidden, slot.audience_kind) == (
        SlotFormat.VISIT, 1, True, AudienceKind.NAMED,
    )  # fmt: skip
    assert get_visible_slot(slot.public_id, CONTACT).id == slot.id
    for stranger in (cast.STRANGER.actor, OTHERS):
        with pytest.raises(NotFound):
            get_visible_slot(slot.public_id, stranger)
    assert kinds(cast.CONTACT) == kinds(cast.COLLEAGUE) == ["visit_planned"]
    _subject, body = render_inbox(told(cast.CONTACT, "visit_planned"))
    assert "本次上门为服务活动，不开展执法检查。" in body
    assert f"/bookings/{booking}/visit" in body
    assert kinds(cast.CLERK) == kinds(cast.STRANGER) == []
    assert visit_of(booking).answer_by == datetime(2026, 12, 10, 17, 30, tzinfo=ZONE)
    assert [item.booking.public_id for item in list_visits_to_answer(cast.ACME)] == [booking]
    actions = list(db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_id == booking)))
    assert actions == ["visit.planned"]


def test_the_same_visit_twice_is_one(app):
    assert plan() == plan()
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 1
    assert kinds(cast.CONTACT) == ["visit_planned"]


def test_the_enterprise_agrees(app):
    booking = plan()
    answer(booking, AGREED, receives=NewAttendee("王一", "13800138001"), seen_at=at(16))
    assert standing(booking) == (BookingState.CONFIRMED, AGREED, SlotState.PUBLISHED, 1)
    stored = row(booking)
    assert [(one.name, len(one.typed_code)) for one in stored.valid_attendees] == [("王一", 6)]
    assert (stored.contact_id, stored.contact_name, stored.channel) == (cast.CONTACT.id, "联系人丁", "web")
    assert kinds(cast.CONTACT) == ["visit_planned", "booking_confirmed"]
    assert kinds(cast.CLERK) == ["visit_answered"]
    assert "同意" in render_inbox(told(cast.CLERK, "visit_answered"))[0]
    answer(booking, AGREED)
    assert kinds(cast.CLERK) == ["visit_answered"]  # the second press
    with pytest.raises(Conflict, match="visit_answered"):
        answer(booking, NOT_NOW)


def test_names_may_follow(app):
    booking = plan()
    answer(booking, AGREED)
    assert (row(booking).party, row(booking).valid_attendees) == (1, [])


def test_the_enterprise_does_not_need_it(app):
    booking = plan()
    answer(booking, NOT_NOW, wishes="正在\n审计")
    assert standing(booking) == (BookingState.CANCELLED, NOT_NOW, SlotState.CALLED_OFF, 0)
    stored = row(booking)
    assert (stored.is_late_cancellation, stored.cancel_reason) == (False, "正在 审计")
    assert kinds(cast.CLERK) == ["visit_answered"]
    answer(booking, NOT_NOW)
    with pytest.raises(Conflict, match="visit_answered"):
        answer(booking, AGREED)
    assert science(16) != booking  # it is received by nobody any more


def test_another_time_then_moved_then_agreed(app):
    booking = plan()
    answer(booking, ANOTHER_TIME, proposals=(at(18, 9), at(17)), wishes="上午更好")
    visit = visit_of(booking)
    assert visit.proposals == [at(17).isoformat(), at(18, 9).isoformat()]
    assert standing(booking) == (BookingState.PENDING, ANOTHER_TIME, SlotState.PUBLISHED, 1)
    _subject, body = render_inbox(told(cast.CLERK, "visit_answered"))
    assert "上午更好" in body
    assert "12月17日" in body
    answer(booking, ANOTHER_TIME, wishes="下午也行")
    assert (visit_of(booking).proposals, visit_of(booking).wishes) == ([], "下午也行")
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        move(booking, 18, 9)
    visit = visit_of(booking)
    assert (visit.answer, visit.wishes, visit.asked_at) == (VisitAnswer.WAITING, "", NOW + timedelta(days=1))
    assert kinds(cast.CONTACT) == ["visit_planned", "visit_planned"]  # asked again, not merely told
    with pytest.raises(Conflict, match="visit_moved"):
        answer(booking, AGREED, seen_at=at(16))
    answer(booking, AGREED, seen_at=at(18, 9))
    assert row(booking).state is BookingState.CONFIRMED


def test_who_agreed_is_told_of_a_move_as_everybody(app):
    booking = plan()
    answer(booking, AGREED)
    move(booking, 18, 9)
    assert standing(booking)[:2] == (BookingState.CONFIRMED, AGREED)
    assert kinds(cast.CONTACT)[-1] == "slot_moved"


def test_a_clerk_records_what_was_said_by_telephone(app):
    booking = plan()
    for wrong in ({"channel": BookingChannel.WEB}, {"on_behalf_reason": " "}):
        with pytest.raises(Invalid):
            by_phone(booking, AGREED, **wrong)
    by_phone(booking, AGREED)
    stored = row(booking)
    assert (stored.channel, stored.on_behalf_reason, stored.contact_id) == ("phone", "致电林女士", None)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "visit.agreed")).one()
    assert (entry.actor_id, entry.reason) == (cast.CLERK.id, "致电林女士")


@pytest.mark.parametrize("member", [cast.STRANGER, cast.STRANGER_CLERK])
def test_for_others_it_does_not_exist(app, member):
    booking = plan()
    with pytest.raises(NotFound):
        by_phone(booking, AGREED, member.actor)
    assert standing(booking)[0] is BookingState.PENDING


@pytest.mark.parametrize("member", [cast.STEWARD, cast.AUDITOR])
def test_who_only_looks_answers_nothing(app, member):
    booking = plan()
    with pytest.raises(NotAllowed):
        by_phone(booking, AGREED, member.actor)


def test_what_is_no_planned_visit_has_no_answer(app):
    booking = make_booking(make_slot())
    with pytest.raises(NotFound):
        answer(booking.public_id, AGREED)


@pytest.mark.parametrize("member", [cast.CONTACT, cast.STEWARD, cast.AUDITOR, cast.STRANGER_CLERK, cast.VOLUNTEER])
def test_who_cannot_plan(app, member):
    with pytest.raises(NotAllowed):
        plan(actor=member.actor)


def test_what_cannot_be_planned(app):
    with pytest.raises(Invalid, match="unknown_enterprise"):
        plan(enterprise=999)
    with pytest.raises(Invalid, match="slot_in_the_past"):
        plan(6)
    with unit_of_work():
        db.session.get_one(Enterprise, cast.ACME).active = False
    with pytest.raises(NotAllowed, match="enterprise_disabled"):
        plan()


def test_no_clerk_decides_in_its_stead(app):
    booking = plan()
    for decide in (
        lambda: confirm_booking(booking, actor=CLERK),
        lambda: decline_booking(booking, "不去了", actor=CLERK),
    ):
        with pytest.raises(Conflict, match="visit_waits"), unit_of_work():
            decide()
    assert list_pending(CLERK) == []
    assert [item.booking.public_id for item in list_visits_asked(CLERK)] == [booking]
    assert list_visits_asked(OTHERS) == []
    assert standing(booking)[0] is BookingState.PENDING


def test_a_planned_visit_is_not_rebooked(app):
    booking, slot = plan(), make_slot(starts_at=at(20))
    with pytest.raises(Conflict, match="visit_not_rebooked"), unit_of_work():
        move_booking(booking, slot.public_id, actor=CONTACT)


def test_it_stays_a_visit_of_this_enterprise(app):
    booking = plan()
    slot = row(booking).slot
    for wrong in ({"audience": Audience()}, {"capacity": 2}, {"format": SlotFormat.SESSION}):
        with pytest.raises(Invalid, match="visit_reserved"), unit_of_work():
            change_slot(slot.public_id, replace(command_of(slot), **wrong), version=None, actor=CLERK)


def test_cancelled_later_it_is_off_without_a_penalty(app):
    booking = plan()
    answer(booking, AGREED)
    with time_machine.travel(at(16, 13), tick=False), unit_of_work():
        cancel_booking(booking, actor=CONTACT, reason="临时有事")
    assert standing(booking) == (BookingState.CANCELLED, NOT_NOW, SlotState.CALLED_OFF, 0)
    assert not row(booking).is_late_cancellation
    assert kinds(cast.CLERK) == ["visit_answered", "visit_answered"]


def test_withdrawn_by_the_department(app):
    booking, other = plan(), plan(23)
    slot = row(booking).slot.public_id
    with unit_of_work():
        call_off_slot(slot, "另行安排", actor=CLERK)
    with unit_of_work():
        cancel_booking(other, actor=CLERK)
    assert standing(booking) == (BookingState.CANCELLED, VisitAnswer.WAITING, SlotState.CALLED_OFF, 0)
    assert standing(other) == (BookingState.CANCELLED, VisitAnswer.WAITING, SlotState.CALLED_OFF, 0)
    assert list_visits_asked(CLERK) == []
    with time_machine.travel(NOW + timedelta(days=7), tick=False):
        remind_departments()
    assert "visit_unanswered" not in kinds(cast.CLERK)


def test_silence_makes_the_clerk_call_once(app):
    booking = plan()
    remind_departments()
    with time_machine.travel(datetime(2026, 12, 10, 17, 29, tzinfo=ZONE), tick=False):
        remind_departments()
        assert kinds(cast.CLERK) == []
    with time_machine.travel(datetime(2026, 12, 10, 17, 31, tzinfo=ZONE), tick=False):
        remind_departments()
        remind_departments()
    assert kinds(cast.CLERK) == ["visit_unanswered"]
    assert "+8613800138001" in render_inbox(told(cast.CLERK, "visit_unanswered"))[1]
    assert kinds(cast.COORDINATOR) == []  # no approval is overdue
    assert kinds(cast.CONTACT) == ["visit_planned"]
    assert standing(booking)[0] is BookingState.PENDING


@pytest.mark.parametrize("given", [AGREED, ANOTHER_TIME, NOT_NOW])
def test_whoever_answered_is_not_called(app, given):
    answer(plan(), given, wishes="下周")
    with time_machine.travel(NOW + timedelta(days=5), tick=False):
        remind_departments()
    assert "visit_unanswered" not in kinds(cast.CLERK)


def test_whom_no_message_reaches_is_called_at_once(app):
    booking = plan(enterprise=cast.OTHER)  # a contact with neither mail address nor device
    assert kinds(cast.CLERK) == ["visit_unanswered"]
    plan(17, enterprise=cast.THIRD)  # nobody at all
    assert kinds(cast.CLERK) == ["visit_unanswered"] * 2
    assert visit_of(booking).told_at == NOW
    remind_departments()
    assert kinds(cast.CLERK) == ["visit_unanswered"] * 2


def test_it_counts_in_no_quota(app):
    booking = plan()
    answer(booking, AGREED)
    slot = make_slot(starts_at=at(22), quota_month=1, quota_open=1)
    with unit_of_work():
        entry = lock_slot_for(cast.ACME, slot.public_id)
        assert {quota.kind.value: quota.used for quota in entry.quotas} == {"month": 0, "edition": 0, "open": 0}
    assert db.session.scalar(select(func.count()).select_from(QuotaException)) == 1
    make_booking(slot)


def test_it_goes_over_with_its_enterprise(app):
    booking = plan()
    with unit_of_work():
        merge_enterprises(cast.fixed_id("e", cast.ACME), cast.fixed_id("e", cast.OTHER), actor=cast.ADMINISTRATOR.actor)
    assert [item.booking.public_id for item in list_visits_to_answer(cast.OTHER)] == [booking]
    answer(booking, AGREED, cast.STRANGER.actor)
    move(booking, 18)
    assert row(booking).state is BookingState.CONFIRMED


# how many visits an enterprise receives


def refused(act):
    with pytest.raises(Conflict, match="visits_received") as found:
        act()
    return found.value.fields["span"]


def test_one_a_day_one_a_week_two_a_month_over_all_departments(app):
    first = plan(16)
    assert refused(lambda: science(16, 9)) == "day"
    assert refused(lambda: science(14)) == "week"
    assert refused(lambda: science(20)) == "week"
    second = science(21)
    assert refused(lambda: plan(30)) == "month"
    assert refused(lambda: science(31)) == "month"
    science(30, enterprise=cast.OTHER)
    answer(first, NOT_NOW)
    plan(30)
    assert row(second).state is BookingState.PENDING


def test_what_the_enterprise_booked_itself_counts_and_is_never_refused(app):
    visits = [make_slot(starts_at=at(day), format=SlotFormat.VISIT, capacity=1, place=None) for day in (16, 18)]
    for slot in visits:
        make_booking(slot)
    assert refused(lambda: plan(15)) == "week"
    make_booking(make_slot(starts_at=at(24)))  # a session is no visit
    with pytest.raises(Conflict) as found:
        plan(23)
    assert found.value.fields["received"] == [slot.public_id for slot in visits]


def test_the_district_sets_the_caps(app):
    plan(16)
    with unit_of_work():
        db.session.get_one(District, 1).settings = {"visits_day": 0, "visits_week": 2, "visits_month": 3}
    science(16, 9)
    assert refused(lambda: science(17)) == "week"
    science(23)
    assert refused(lambda: plan(30)) == "month"


def test_a_coordinator_goes_beyond_with_a_reason(app):
    plan(16)
    with pytest.raises(NotAllowed):
        science(16, 9, beyond="区领导带队")
    assert refused(lambda: plan(16, 9, COORDINATOR, beyond="  ")) == "day"
    booking = plan(16, 9, COORDINATOR, beyond="区领导带队")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "enterprise.visited_beyond")).one()
    assert (entry.reason, entry.after["span"], entry.object_id) == ("区领导带队", "day", cast.fixed_id("e", cast.ACME))
    move(booking, 17, 9)  # within the week it is in already


def test_a_move_is_counted_net(app):
    first, second = plan(16), science(23)
    move(first, 17)
    assert refused(lambda: move(first, 24)) == "week"
    assert refused(lambda: move(first, 23, 9)) == "day"
    with pytest.raises(NotAllowed):
        move(first, 24, beyond="区领导带队")
    move(first, 24, actor=COORDINATOR, beyond="区领导带队")
    assert row(first).slot.starts_at == at(24)
    assert row(second).state is BookingState.PENDING


def test_a_visit_asked_for_is_capped_as_well(app):
    plan(16)
    with unit_of_work():
        request = ask_for_visit(NewVisitRequest(cast.ACME, cast.SCIENCE, "请来一趟"), actor=CONTACT).public_id
    wanted = command(17, department=cast.SCIENCE).reserved()
    with pytest.raises(Conflict, match="visits_received"), unit_of_work():
        arrange_visit(request, wanted, actor=OTHERS, publish=True)
    with unit_of_work():
        arrange_visit(request, wanted, actor=COORDINATOR, publish=True, beyond="企业急需")


def test_two_departments_at_once(app):
    plans = [lambda: plan(16), lambda: science(17)]

    def attempt(act):
        with app.app_context():
            try:
                return act()
            except Refusal as error:
                return error.code

    answers = at_once([lambda act=act: attempt(act) for act in plans])
    assert sorted(answer == "visits_received" for answer in answers) == [False, True]
    taken = select(func.count()).select_from(Booking).where(Booking.state == BookingState.PENDING)
    assert db.session.scalar(taken) == 1


def test_two_answers_at_once(app):
    booking = plan()

    def attempt(given):
        with app.app_context():
            try:
                return answer(booking, given).state
            except Refusal as error:
                return error.code

    answers = at_once([lambda given=given: attempt(given) for given in (AGREED, NOT_NOW, AGREED, NOT_NOW)])
    assert "visit_answered" in answers
    state, given, slot, places = standing(booking)
    assert (state, given, slot, places) in {
        (BookingState.CONFIRMED, AGREED, SlotState.PUBLISHED, 1),
        (BookingState.CANCELLED, NOT_NOW, SlotState.CALLED_OFF, 0),
    }


def test_many_in_one_go(app):
    wanted = [
        command(16, enterprise=cast.OTHER),
        command(17, enterprise=cast.ACME),
        command(18, enterprise=cast.OTHER),
        command(5, enterprise=cast.ACME),
        command(18, enterprise=cast.THIRD),
    ]
    with unit_of_work():
        done = [getattr(item, "code", "planned") for item in plan_visits(wanted, actor=CLERK)]
    assert done == ["planned", "planned", "visits_received", "slot_in_the_past", "planned"]
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 3


def test_a_department_joins_another_ones_visit(app):
    slot = row(plan()).slot.public_id
    for _ in range(2):
        with unit_of_work():
            propose_joint_visit(slot, cast.SCIENCE, actor=OTHERS)
    assert kinds(cast.CLERK) == ["joint_visit_proposed"]
    body = render_inbox(told(cast.CLERK, "joint_visit_proposed"))[1]
    assert f"/slots/{slot}/edit" in body
    assert "示范区科信局" in body
    with pytest.raises(Conflict, match="visit_is_yours"), unit_of_work():
        propose_joint_visit(slot, cast.TAX, actor=CLERK)
    with pytest.raises(NotAllowed), unit_of_work():
        propose_joint_visit(slot, cast.SCIENCE, actor=CLERK)  # in the name of another department
    with pytest.raises(NotAllowed), unit_of_work():
        propose_joint_visit(slot, cast.SCIENCE, actor=CONTACT)


def test_only_a_visit_of_somebody_is_joined(app):
    nobodys = make_slot(starts_at=at(16), format=SlotFormat.VISIT, place=None)
    draft = make_slot(starts_at=at(16), format=SlotFormat.VISIT, place=None, publish=False)
    session = make_slot(starts_at=at(16))
    make_booking(session)
    for slot in (nobodys.public_id, draft.public_id, session.public_id, "zzzzzzzzzzzzy"):
        with pytest.raises(NotFound), unit_of_work():
            propose_joint_visit(slot, cast.SCIENCE, actor=OTHERS)
    slot = row(plan()).slot.public_id
    with time_machine.travel(at(16), tick=False), pytest.raises(Conflict, match="slot_began"), unit_of_work():
        propose_joint_visit(slot, cast.SCIENCE, actor=OTHERS)


def test_after_the_start_nothing_is_answered(app):
    booking = plan()
    with time_machine.travel(at(16), tick=False):
        for given in (AGREED, NOT_NOW):
            with pytest.raises(Conflict, match="slot_began"):
                answer(booking, given)
        assert now() == at(16)
        assert list_visits_asked(CLERK) == []
