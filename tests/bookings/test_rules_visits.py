"""How many visits an enterprise receives, until when it answers, and what an answer may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.bookings.rules import (
    AnswerVisit,
    BookingState,
    NewAttendee,
    NewPlannedVisit,
    Span,
    VisitAnswer,
    VisitCaps,
    answer_until,
    check_answer,
    check_reserved,
    clean_visit_answer,
    counted_with,
    received_refusal,
)
from eventsys.core.errors import Conflict, Invalid
from eventsys.slots.rules import Audience, AudienceKind, NewSlot, SlotFormat
from eventsys.workdays.rules import OFFICIAL

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 12, 7, 1, tzinfo=UTC)  # a Monday, 9:00 in Xiamen
MONDAY, SUNDAY, NEXT_MONDAY = date(2026, 12, 7), date(2026, 12, 13), date(2026, 12, 14)
USUAL = VisitCaps()
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


class TestReceived:
    def said(self, day, *received, caps=USUAL, was=None):
        refused = received_refusal(caps, day, received, was=was)
        return refused and (refused.code, refused.fields["span"], refused.fields["used"], refused.fields["maximum"])

    def test_the_first_is_always_possible(self):
        assert self.said(MONDAY) is None

    def test_one_a_day_one_a_week_two_a_month(self):
        assert self.said(MONDAY, MONDAY) == ("visits_received", "day", 1, 1)
        assert self.said(MONDAY, SUNDAY) == ("visits_received", "week", 1, 1)
        assert self.said(SUNDAY, NEXT_MONDAY) is None
        assert self.said(date(2026, 12, 31), MONDAY, NEXT_MONDAY) == ("visits_received", "month", 2, 2)
        assert self.said(date(2027, 1, 1), MONDAY, NEXT_MONDAY) is None

    def test_a_week_reaches_over_the_end_of_the_year(self):
        assert self.said(date(2027, 1, 1), date(2026, 12, 28)) == ("visits_received", "week", 1, 1)
        assert self.said(date(2027, 1, 4), date(2026, 12, 28)) is None

    def test_zero_is_no_limit(self):
        assert self.said(MONDAY, *[MONDAY] * 9, caps=VisitCaps(0, 0, 0)) is None
        assert self.said(MONDAY, MONDAY, caps=VisitCaps(0, 0, 1)) == ("visits_received", "month", 1, 1)

    def test_who_moves_within_a_span_adds_nothing_to_it(self):
        tuesday = MONDAY + timedelta(days=1)
        assert self.said(tuesday, SUNDAY, was=MONDAY) is None
        assert self.said(SUNDAY, SUNDAY, was=MONDAY) == ("visits_received", "day", 1, 1)
        assert self.said(NEXT_MONDAY, date(2026, 12, 18), was=MONDAY)[1] == "week"

    @given(DAYS, st.lists(DAYS, max_size=8), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
    def test_whoever_keeps_to_it_never_receives_more(self, day, others, most_a_day, most_a_week, most_a_month):
        caps, kept = VisitCaps(most_a_day, most_a_week, most_a_month), []
        for one in [*others, day, day]:
            if received_refusal(caps, one, kept) is None:
                kept.append(one)
        for one in kept:
            first, until = counted_with(one)
            assert all(first <= other < until for other in kept for span in Span if span.holds(one, other))
            for span in Span:
                assert sum(span.holds(one, other) for other in kept) <= caps.of(span)


class TestAnswerUntil:
    def until(self, asked_at, starts_at):
        return answer_until(asked_at, starts_at, OFFICIAL, ZONE).astimezone(ZONE).replace(tzinfo=None)

    def test_three_working_days(self):
        assert self.until(NOW, NOW + timedelta(days=30)) == datetime(2026, 12, 10, 17, 30)
        thursday = NOW + timedelta(days=3)
        assert self.until(thursday, NOW + timedelta(days=30)) == datetime(2026, 12, 15, 17, 30)  # not the weekend

    def test_the_holiday_counts_not(self):
        new_years_eve = datetime(2026, 12, 31, 2, tzinfo=UTC)
        assert self.until(new_years_eve, new_years_eve + timedelta(days=60)).date() > date(2027, 1, 4)

    def test_in_time_for_the_eve_of_the_visit(self):
        assert self.until(NOW, NOW + timedelta(days=2)) == datetime(2026, 12, 8, 17)

    def test_at_once_when_there_is_no_time(self):
        assert self.until(NOW, NOW + timedelta(hours=2)) == datetime(2026, 12, 7, 9)


class TestAnswer:
    def clean(self, answer, **values):
        return clean_visit_answer(AnswerVisit(answer, **values), NOW)

    def field_of(self, answer, **values):
        with pytest.raises(Invalid) as refused:
            self.clean(answer, **values)
        return refused.value.code, refused.value.field

    def test_another_time_needs_a_time_or_words(self):
        assert self.field_of(VisitAnswer.ANOTHER_TIME) == ("visit_when", "wishes")
        assert self.field_of(VisitAnswer.ANOTHER_TIME, wishes=" \n ") == ("visit_when", "wishes")
        assert self.clean(VisitAnswer.ANOTHER_TIME, wishes="下周𠮷日👍").wishes == "下周𠮷日👍"

    def test_three_times_to_come_at_most(self):
        later = [NOW + timedelta(days=number) for number in range(1, 5)]
        assert self.field_of(VisitAnswer.ANOTHER_TIME, proposals=tuple(later)) == ("too_many_items", "proposals")
        assert self.field_of(VisitAnswer.ANOTHER_TIME, proposals=(NOW,)) == ("slot_in_the_past", "proposals")
        cleaned = self.clean(VisitAnswer.ANOTHER_TIME, proposals=(later[2], later[0], later[0]))
        assert cleaned.proposals == (later[0], later[2])

    def test_what_belongs_to_another_answer_is_dropped(self):
        cleaned = self.clean(VisitAnswer.NOT_NOW, proposals=(NOW,), receives=NewAttendee("", "nonsense"))
        assert (cleaned.proposals, cleaned.receives) == ((), None)

    def test_who_receives_has_a_name_and_a_good_number(self):
        assert self.field_of(VisitAnswer.AGREED, receives=NewAttendee("", "13800138001"))[1] == "receives.name"
        assert self.field_of(VisitAnswer.AGREED, receives=NewAttendee("王一", "12"))[1] == "receives.phone"

    def test_waiting_is_no_answer(self):
        assert self.field_of(VisitAnswer.WAITING) == ("bad_choice", "answer")

    def test_too_long_a_wish(self):
        assert self.field_of(VisitAnswer.NOT_NOW, wishes="长" * 501) == ("too_long", "wishes")

    @pytest.mark.parametrize(
        ("state", "seen_at", "now", "code"),
        [
            (BookingState.CONFIRMED, None, NOW, "visit_answered"),
            (BookingState.CANCELLED, None, NOW, "visit_answered"),
            (BookingState.PENDING, None, NOW + timedelta(hours=5), "slot_began"),
            (BookingState.PENDING, NOW, NOW, "visit_moved"),
        ],
    )
    def test_what_cannot_be_answered(self, state, seen_at, now, code):
        with pytest.raises(Conflict, match=code):
            check_answer(state, NOW + timedelta(hours=5), seen_at, now)

    def test_what_can(self):
        check_answer(BookingState.PENDING, NOW + timedelta(hours=5), NOW + timedelta(hours=5), NOW)


class TestReserved:
    plain = NewSlot(1, "走访", NOW, NOW + timedelta(hours=1), capacity=20, attendee_capacity=9, needs_approval=True)

    def test_it_is_for_one_enterprise_alone(self):
        slot = NewPlannedVisit(7, self.plain).reserved()
        assert (slot.format, slot.capacity, slot.attendee_capacity) == (SlotFormat.VISIT, 1, None)
        assert slot.audience == Audience(AudienceKind.NAMED, enterprises=(7,))
        assert not slot.needs_approval
        check_reserved(slot, 7)

    @pytest.mark.parametrize("field", ["format", "capacity", "audience"])
    def test_and_stays_so(self, field):

        wrong = {"format": SlotFormat.SESSION, "capacity": 2, "audience": Audience()}
        with pytest.raises(Invalid, match="visit_reserved") as refused:
            check_reserved(replace(NewPlannedVisit(7, self.plain).reserved(), **{field: wrong[field]}), 7)
        assert refused.value.field == field
        with pytest.raises(Invalid):
            check_reserved(NewPlannedVisit(8, self.plain).reserved(), 7)
