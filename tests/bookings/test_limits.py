"""Quotas per enterprise, clashes, approval, moves: each rule with its refusal and the way out."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import NoShow
from eventsys.bookings.queries import get_booking
from eventsys.bookings.rules import BookingState, NewAttendee, NewBooking
from eventsys.bookings.services import (
    book_slot,
    call_off_slot,
    cancel_booking,
    change_slot,
    confirm_booking,
    decline_booking,
    grant_exception,
    hand_over,
    move_booking,
    name_attendees,
)
from eventsys.bookings.tasks import remind_departments
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory.models import District, Enterprise
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox, render_mail
from eventsys.slots.models import Edition, Series
from eventsys.slots.rules import Audience, SlotFormat
from tests import cast
from tests.bookings.test_waiting import kinds, slot_now, state_of, wait
from tests.factories import make_booking, make_slot, new_slot, people, soon

START = soon(14)


def later(hours, **options):
    return make_slot(starts_at=START + timedelta(hours=hours), **options)


def refused(action, code):
    with pytest.raises(Conflict) as error, unit_of_work():
        action()
    assert error.value.code == code
    return error.value.fields


def booking_of(slot, enterprise=cast.ACME, actor=None, **options):
    command = NewBooking(slot.public_id, enterprise, **{"party": 1, **options})
    return lambda: book_slot(command, actor=actor or cast.CONTACT.actor)


def cancelled(booking, actor=cast.CONTACT.actor):
    with unit_of_work():
        cancel_booking(booking.public_id, actor=actor)


class TestQuotas:
    def test_a_department_and_month(self, app):
        make_booking(later(0, quota_month=2))
        make_booking(later(3, quota_month=2))
        fields = refused(booking_of(later(6, quota_month=2), actor=cast.COLLEAGUE.actor), "quota_reached")
        assert (fields["used"], fields["maximum"], fields["department"]) == (2, 2, "税务局")

    def test_another_department_has_its_own(self, app):
        make_booking(later(0, quota_month=1))
        other = later(3, quota_month=1, department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
        make_booking(other)

    def test_another_month_has_its_own(self, app):
        make_booking(later(0, quota_month=1))
        make_booking(make_slot(starts_at=START + timedelta(days=31), quota_month=1))

    def test_an_edition(self, app):
        with unit_of_work():
            series = Series(name="党企面对面")
            edition = Edition(series=series, number=4, starts_on=START.date(), ends_on=START.date())
            db.session.add(edition)
        make_booking(later(0, edition=edition.id, quota_edition=1))
        fields = refused(booking_of(later(3, edition=edition.id, quota_edition=1)), "quota_reached")
        assert fields["quota"] == "edition"

    def test_open_at_a_time_counts_those_who_wait(self, app):
        full = later(0, capacity=1)
        make_booking(full, cast.STRANGER)
        wait(full, cast.ACME, cast.CONTACT.actor)
        assert refused(booking_of(later(3, quota_open=1)), "quota_reached")["quota"] == "open"

    def test_waiting_does_not_count_in_the_month(self, app):
        full = later(0, capacity=1)
        make_booking(full, cast.STRANGER)
        wait(full, cast.ACME, cast.CONTACT.actor)
        make_booking(later(3, quota_month=1))

    def test_a_late_cancellation_counts_and_an_early_one_does_not(self, app):
        early = make_booking(later(0, quota_month=1))
        cancelled(early)
        late = make_booking(later(3, quota_month=1, cancel_until=now() + timedelta(minutes=1)))
        with time_machine.travel(now() + timedelta(minutes=2), tick=False):
            cancelled(late)
            refused(booking_of(later(6, quota_month=1)), "quota_reached")

    def test_what_is_called_off_never_counts(self, app):
        slot = later(3, quota_month=1, cancel_until=now() + timedelta(minutes=1))
        late = make_booking(slot)
        with time_machine.travel(now() + timedelta(minutes=2), tick=False):
            cancelled(late)
            with unit_of_work():
                call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
            make_booking(later(6, quota_month=1))

    def test_a_slot_moved_to_another_month_counts_there(self, app):
        slot = later(0, quota_month=1)
        make_booking(slot)
        moved_to = START + timedelta(days=31)
        with unit_of_work():
            command = new_slot(starts_at=moved_to, quota_month=1)
            change_slot(slot.public_id, command, version=None, actor=cast.CLERK.actor)
        make_booking(later(3, quota_month=1))
        refused(booking_of(make_slot(starts_at=moved_to + timedelta(hours=3), quota_month=1)), "quota_reached")

    def test_a_coordinator_makes_an_exception_on_record(self, app):
        make_booking(later(0, quota_month=1))
        slot = later(3, quota_month=1)
        with pytest.raises(NotAllowed), unit_of_work():
            grant_exception(slot.public_id, cast.ACME, "重点企业", actor=cast.CLERK.actor)
        with unit_of_work():
            grant_exception(slot.public_id, cast.ACME, "重点企业", actor=cast.COORDINATOR.actor)
        make_booking(slot)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "quota.exception_granted")).one()
        assert (entry.reason, entry.actor_name) == ("重点企业", cast.COORDINATOR.name)

    def test_an_exception_needs_a_reason(self, app):
        slot = later(0)
        with pytest.raises(Invalid), unit_of_work():
            grant_exception(slot.public_id, cast.ACME, " ", actor=cast.COORDINATOR.actor)

    def test_without_limits_there_are_none(self, app):
        for hours in range(0, 8, 2):
            make_booking(later(hours))


class TestClashes:
    PERSON = NewAttendee("王一", phone="13800138099")

    def test_a_person_is_in_one_place_at_a_time(self, app):
        first, second = later(0), later(1, title="另一场")
        with unit_of_work():
            booking_of(first, attendees=(self.PERSON,))()
        fields = refused(booking_of(second, attendees=(self.PERSON,)), "clash")
        assert (fields["name"], fields["title"]) == ("王一", first.title)

    def test_for_whatever_enterprise(self, app):
        first, second = later(0), later(1)
        with unit_of_work():
            booking_of(first, attendees=(self.PERSON,))()
        refused(booking_of(second, cast.OTHER, cast.STRANGER.actor, attendees=(self.PERSON,)), "clash")

    def test_the_way_between_parks_takes_time(self, app):
        first = later(0)
        near, far = later(1.6), later(1.6, place=cast.BASE)  # a few minutes after the end
        with unit_of_work():
            booking_of(first, attendees=(self.PERSON,))()
        refused(booking_of(far, attendees=(self.PERSON,)), "clash")
        with unit_of_work():
            booking_of(near, attendees=(self.PERSON,))()

    def test_naming_later_is_checked_as_well(self, app):
        first, second = later(0), later(1)
        with unit_of_work():
            booking_of(first, attendees=(self.PERSON,))()
        booking = make_booking(second, names=(), party=1)
        refused(lambda: name_attendees(booking.public_id, ((None, self.PERSON),), actor=cast.CONTACT.actor), "clash")

    def test_people_who_are_only_named_are_not_taken_for_one(self, app):
        make_booking(later(0), names=("王伟",))
        make_booking(later(1), names=("王伟",))

    def test_an_enterprise_receives_one_visit_at_a_time(self, app):
        make_booking(later(0, format=SlotFormat.VISIT, place=None))
        refused(booking_of(later(1, format=SlotFormat.VISIT, place=None)), "clash")


class TestApproval:
    def test_a_pending_booking_keeps_its_place(self, app):
        slot = make_slot(capacity=1, needs_approval=True)
        booking = make_booking(slot)
        assert booking.state is BookingState.PENDING
        refused(booking_of(slot, cast.OTHER, cast.STRANGER.actor), "slot_full")
        with unit_of_work():
            confirm_booking(booking.public_id, actor=cast.CLERK.actor)
        assert "booking_confirmed" in kinds(cast.CONTACT)
        assert slot_now(slot).places_taken == 1

    def test_the_enterprise_does_not_approve_itself(self, app):
        booking = make_booking(make_slot(needs_approval=True))
        for actor, error in ((cast.CONTACT.actor, NotAllowed), (cast.STRANGER_CLERK.actor, NotFound)):
            with pytest.raises(error), unit_of_work():
                confirm_booking(booking.public_id, actor=actor)

    def test_declining_says_why_and_serves_the_queue(self, app):
        slot = make_slot(capacity=1, needs_approval=True)
        booking = make_booking(slot)
        waiting = wait(slot)
        with unit_of_work():
            decline_booking(booking.public_id, "已满额", actor=cast.CLERK.actor)
        assert state_of(waiting) is BookingState.PENDING  # asks the department as well
        assert "booking_declined" in kinds(cast.CONTACT)
        refused(lambda: decline_booking(booking.public_id, "再次", actor=cast.CLERK.actor), "booking_state")

    def test_silence_is_reminded_then_escalated_and_never_falls_on_the_enterprise(self, app):
        slot = make_slot(needs_approval=True, starts_at=soon(30))
        booking = make_booking(slot)
        remind_departments()
        assert kinds(cast.CLERK).count("approval_wanted") == 1  # when it came
        with time_machine.travel(booking.approve_by - timedelta(hours=1), tick=False):
            remind_departments()
            remind_departments()
            assert kinds(cast.CLERK).count("approval_wanted") == 2
        with time_machine.travel(booking.approve_by + timedelta(hours=1), tick=False):
            remind_departments()
            remind_departments()
            assert kinds(cast.COORDINATOR) == ["approval_escalated"]
            assert "approval_overdue" in kinds(cast.CONTACT)
            assert get_booking(booking.public_id, visible_to=cast.CONTACT.actor).state is BookingState.PENDING

    def test_no_shows_lead_to_approval_where_the_district_says_so(self, app):
        missed = [make_booking(later(hours)) for hours in (0, 3)]
        with unit_of_work():
            for booking in missed:
                db.session.add(NoShow(booking_id=booking.id, enterprise_id=cast.ACME, at=now() - timedelta(days=3)))
        assert make_booking(later(6)).state is BookingState.CONFIRMED
        with unit_of_work():
            db.session.get_one(District, 1).settings = {"no_show_rule": True}
        assert make_booking(later(9)).state is BookingState.PENDING
        with unit_of_work():
            db.session.get_one(NoShow, missed[0].id).is_excused = True
        assert make_booking(later(12)).state is BookingState.CONFIRMED


class TestMoving:
    def move(self, booking, slot, actor=cast.CONTACT.actor):
        with unit_of_work():
            return move_booking(booking.public_id, slot.public_id, actor=actor)

    def test_the_old_place_is_given_up_for_the_new(self, app):
        old, new = later(0, capacity=1), later(3)
        booking, waiting = make_booking(old, names=("王一", "王二")), wait(old)
        moved = self.move(booking, new)
        assert moved.state is BookingState.CONFIRMED
        assert [attendee.name for attendee in moved.attendees] == ["王一", "王二"]
        assert {a.public_id for a in moved.attendees}.isdisjoint({a.public_id for a in booking.attendees})
        db.session.rollback()
        before = get_booking(booking.public_id, visible_to=cast.CONTACT.actor)
        assert (before.state, before.moved_to_id, before.is_late_cancellation) == (
            BookingState.CANCELLED,
            moved.id,
            False,
        )
        assert state_of(waiting) is BookingState.CONFIRMED
        assert (slot_now(new).places_taken, slot_now(old).places_taken) == (1, 1)

    def test_a_full_slot_leaves_the_old_place_as_it_is(self, app):
        old, new = later(0), later(3, capacity=1)
        booking = make_booking(old)
        make_booking(new, cast.STRANGER)
        refused(lambda: move_booking(booking.public_id, new.public_id, actor=cast.CONTACT.actor), "slot_full")
        assert get_booking(booking.public_id, visible_to=cast.CONTACT.actor).state is BookingState.CONFIRMED

    def test_quotas_are_checked_net(self, app):
        old, new = later(0, quota_month=1), later(3, quota_month=1)
        self.move(make_booking(old), new)

    def test_people_do_not_clash_with_the_slot_they_leave(self, app):
        old, new = later(0), later(1)
        with unit_of_work():
            booking = booking_of(old, attendees=(TestClashes.PERSON,))().booking
        self.move(booking, new)

    def test_a_booked_slot_is_no_target(self, app):
        old, new = later(0), later(3)
        booking = make_booking(old)
        make_booking(new)
        refused(lambda: move_booking(booking.public_id, new.public_id, actor=cast.CONTACT.actor), "already_booked")
        refused(lambda: move_booking(booking.public_id, old.public_id, actor=cast.CONTACT.actor), "already_there")

    def test_twice_is_once(self, app):
        old, new, third = later(0), later(3), later(6)
        booking = make_booking(old)
        self.move(booking, new)
        code = "booking_not_active"
        refused(lambda: move_booking(booking.public_id, third.public_id, actor=cast.CONTACT.actor), code)

    def test_strangers_move_nothing(self, app):
        booking, new = make_booking(later(0)), later(3)
        with pytest.raises(NotFound), unit_of_work():
            move_booking(booking.public_id, new.public_id, actor=cast.STRANGER.actor)

    def test_a_clerk_moves_on_behalf(self, app):
        assert self.move(make_booking(later(0)), later(3), cast.CLERK.actor).contact_name == cast.CONTACT.name


class TestLater:
    def test_a_colleague_takes_over(self, app):
        booking = make_booking(later(0))
        with unit_of_work():
            hand_over(booking.public_id, cast.COLLEAGUE.public_id, actor=cast.CONTACT.actor)
        db.session.rollback()
        stored = get_booking(booking.public_id, visible_to=cast.COLLEAGUE.actor)
        assert (stored.contact_id, stored.contact_name) == (cast.COLLEAGUE.id, cast.COLLEAGUE.name)
        with pytest.raises(Invalid), unit_of_work():
            hand_over(booking.public_id, cast.STRANGER.public_id, actor=cast.CONTACT.actor)

    def test_the_party_grows_where_there_is_room(self, app):
        slot = later(0, attendee_capacity=3)
        booking = make_booking(slot)
        with unit_of_work():
            name_attendees(booking.public_id, (), actor=cast.CONTACT.actor, party=3)
        assert slot_now(slot).people_taken == 3
        refused(lambda: name_attendees(booking.public_id, (), actor=cast.CONTACT.actor, party=4), "party_too_large")
        other = later(3, attendee_capacity=4)
        own = make_booking(other, names=("一", "二"))
        make_booking(other, cast.STRANGER, names=("三", "四"))
        refused(lambda: name_attendees(own.public_id, (), actor=cast.CONTACT.actor, party=3), "slot_full")

    def test_a_renamed_enterprise_keeps_its_bookings(self, app):
        booking = make_booking(later(0))
        with unit_of_work():
            db.session.get_one(Enterprise, cast.ACME).name = "新名网络公司"
        db.session.rollback()
        assert get_booking(booking.public_id, visible_to=cast.CONTACT.actor).enterprise.name == "新名网络公司"

    def test_the_invited_come_first(self, app):
        until = now() + timedelta(days=2)
        slot = later(0, audience=Audience(enterprises=(cast.OTHER,)), invited_until=until)
        assert refused(booking_of(slot), "window_not_open")["opens_at"] == until
        with unit_of_work():
            booking_of(slot, cast.OTHER, cast.STRANGER.actor)()
        with time_machine.travel(until + timedelta(seconds=1), tick=False), unit_of_work():
            booking_of(slot)()


def test_every_message_of_bookings_can_be_rendered(app):
    """In both languages, as a mail and on the site: kinds are many and seldom."""
    slot = later(0, capacity=1)
    first = make_booking(slot, names=("王一",))
    wait(slot, asks_first=True, attendees=people("候一", email="wait@example.com"))
    cancelled(first)
    with unit_of_work():
        context = db.session.scalars(select(Message.context).where(Message.kind == "place_offered")).first()
    extra = {"old": context, "reason": "已满额", "place": 3, "kept_until": now().isoformat(), "nearest": [context]}
    extra |= {"drawn": 7, "registered": 9, "draw_at": now().isoformat(), "ballot_url": "https://example.com"}
    for kind in (
        "booking_pending booking_waitlisted place_given place_offered offer_expired queue_ended places_reopened "
        "booking_moved booking_handed_over booking_declined approval_wanted approval_escalated approval_overdue "
        "ballot_drawn draw_postponed"
    ).split():
        for locale in ("zh_CN", "en"):
            message = Message(kind=kind, address="a@example.com", locale=locale, context={**context, **extra})
            wording = render_mail(message, district="示范区")
            assert slot.title in wording.subject
            assert slot.title in wording.text
        assert render_inbox(message)[0]
