"""A place now, a place in the queue, or the rule that says no: at each boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from eventsys.bookings.rules import (
    ACTIVE,
    BookingState,
    SlotFacts,
    check_cancel,
    check_names,
    check_step,
    footprint,
    place,
    refusal,
)
from eventsys.core.errors import Conflict
from eventsys.slots.rules import SlotState

A_MOMENT = timedelta(microseconds=1)
START = datetime(2026, 12, 3, 6, tzinfo=UTC)
OPENS, CLOSES, QUEUE_ENDS = START - timedelta(days=9), START - timedelta(hours=5), START - timedelta(hours=21)
NOW = START - timedelta(days=3)
SLOT = SlotFacts(
    state=SlotState.PUBLISHED,
    starts_at=START,
    opens_at=OPENS,
    closes_at=CLOSES,
    places_left=1,
    people_left=2,
    party_max=None,
    queue_until=QUEUE_ENDS,
)
CONFIRMED, PENDING, WAITLISTED = BookingState.CONFIRMED, BookingState.PENDING, BookingState.WAITLISTED


def code_of(answer):
    return answer.code if isinstance(answer, Conflict) else answer


class TestRefusal:
    def said(self, now=NOW, party=1, *, on_behalf=False, is_invited=True, **changes):
        refused = refusal(replace(SLOT, **changes), party, now, on_behalf=on_behalf, is_invited=is_invited)
        return refused and (refused.code, refused.fields)

    def code(self, *args, **changes):
        said = self.said(*args, **changes)
        return said and said[0]

    def test_what_is_open_refuses_nobody(self):
        assert self.said() is None

    @pytest.mark.parametrize(
        ("state", "code"), [(SlotState.DRAFT, "slot_not_published"), (SlotState.CALLED_OFF, "slot_called_off")]
    )
    def test_only_what_is_published(self, state, code):
        assert self.code(state=state) == code
        assert self.code(state=state, on_behalf=True) == code

    def test_the_window_opens_at_its_first_moment(self):
        assert self.said(OPENS - A_MOMENT) == ("window_not_open", {"opens_at": OPENS})
        assert self.said(OPENS) is None
        assert self.said(OPENS - A_MOMENT, opens_at=None) is None

    def test_the_window_closes_at_its_last(self):
        assert self.said(CLOSES - A_MOMENT) is None
        assert self.said(CLOSES) == ("window_closed", {"closes_at": CLOSES})

    def test_who_books_on_behalf_is_bound_by_the_start_alone(self):
        assert self.said(OPENS - A_MOMENT, on_behalf=True) is None
        assert self.said(START - A_MOMENT, on_behalf=True) is None
        assert self.said(START, on_behalf=True) == ("window_closed", {"closes_at": CLOSES})

    def test_what_began_closed_by_then(self):
        assert self.said(START, closes_at=START + A_MOMENT) == ("window_closed", {"closes_at": START})

    def test_the_invited_come_first(self):
        until = OPENS + timedelta(days=1)
        assert self.said(until - A_MOMENT, invited_until=until) is None
        early = self.said(until - A_MOMENT, invited_until=until, is_invited=False)
        assert early == ("window_not_open", {"opens_at": until})
        assert self.said(until, invited_until=until, is_invited=False) is None

    def test_an_invitation_opens_no_window(self):
        until = OPENS - timedelta(days=1)
        for is_invited in (True, False):
            assert self.code(OPENS - A_MOMENT, invited_until=until, is_invited=is_invited) == "window_not_open"
            assert self.said(OPENS, invited_until=until, is_invited=is_invited) is None
        always_open = {"opens_at": None, "invited_until": until, "is_invited": False}
        assert self.code(until - A_MOMENT, **always_open) == "window_not_open"
        assert self.said(until, **always_open) is None

    def test_registration_ends_with_the_draw(self):
        assert self.said(NOW - A_MOMENT, draw_at=NOW) is None
        assert self.code(NOW, draw_at=NOW) == "draw_under_way"
        assert self.code(NOW, draw_at=NOW, on_behalf=True) == "draw_under_way"
        assert self.said(NOW, draw_at=NOW, is_drawn=True) is None

    @pytest.mark.parametrize(("each", "all_", "most"), [(3, None, 3), (None, 3, 3), (3, 4, 3), (4, 3, 3)])
    def test_a_party_is_as_large_as_each_may_be_and_all_together(self, each, all_, most):
        limits = {"party_max": each, "attendee_capacity": all_}
        assert self.said(party=most, **limits) is None
        assert self.said(party=most + 2, **limits) == ("party_too_large", {"maximum": most, "remove": 2})

    def test_without_limits_it_is_as_large_as_it_likes(self):
        assert self.said(party=500) is None


class TestPlace:
    def placed(self, party=1, now=NOW, *, waits=False, held=0, needs_approval=False, **changes):
        return place(replace(SLOT, **changes), party, now, waits=waits, held=held, needs_approval=needs_approval)

    def test_who_fits_is_in(self):
        assert self.placed() is CONFIRMED
        assert self.placed(2) is CONFIRMED
        assert self.placed(500, people_left=None) is CONFIRMED

    @pytest.mark.parametrize("changes", [{"places_left": 0}, {"people_left": 0}, {"people_left": -1}])
    def test_who_does_not_fit_is_not(self, changes):
        assert code_of(self.placed(**changes)) == "slot_full"
        assert self.placed(waits=True, **changes) is WAITLISTED

    def test_one_person_too_many(self):
        refused = self.placed(3)
        assert (refused.code, refused.fields) == (
            "slot_full",
            {"ahead": 0, "places_left": 1, "attendee_places_left": 2},
        )

    def test_nobody_overtakes_the_queue(self):
        refused = self.placed(waiting=4)
        assert (refused.code, refused.fields["ahead"]) == ("queue_ahead", 4)
        assert self.placed(waiting=1, waits=True) is WAITLISTED
        assert code_of(self.placed(3, waiting=1)) == "slot_full"  # not the queue's fault

    def test_the_queue_orders_until_its_last_moment(self):
        assert code_of(self.placed(now=QUEUE_ENDS - A_MOMENT, waiting=1)) == "queue_ahead"
        assert self.placed(now=QUEUE_ENDS, waiting=1) is CONFIRMED

    def test_nobody_waits_for_what_orders_no_more(self):
        full = {"places_left": 0, "waits": True, "waiting": 3}
        assert self.placed(now=QUEUE_ENDS - A_MOMENT, **full) is WAITLISTED
        refused = self.placed(now=QUEUE_ENDS, **full)
        assert (refused.code, refused.fields["wording"], refused.fields["ahead"]) == (
            "slot_full",
            "slot_full_for_good",
            0,
        )

    def test_fewer_places_than_none_are_none(self):
        assert self.placed(places_left=-1).fields["places_left"] == 0

    @pytest.mark.parametrize("changes", [{"needs_approval": True}, {}])
    def test_the_department_decides_where_the_slot_or_the_enterprise_asks_for_it(self, changes):
        slot = replace(SLOT, needs_approval=not changes)
        assert place(slot, 1, NOW, waits=False, **changes) is PENDING
        assert place(replace(slot, places_left=0), 1, NOW, waits=True, **changes) is WAITLISTED

    def test_a_hold_is_the_place(self):
        full = {"places_left": 0, "people_left": 0}
        assert self.placed(2, held=2, **full) is CONFIRMED
        assert self.placed(1, held=2, **full) is CONFIRMED
        assert code_of(self.placed(3, held=2, **full)) == "slot_full"
        assert self.placed(3, held=2, places_left=0, people_left=1) is CONFIRMED
        assert self.placed(9, held=2, places_left=0, people_left=None) is CONFIRMED

    def test_a_hold_gives_way_to_no_queue_as_far_as_it_goes(self):
        assert self.placed(2, held=2, places_left=0, people_left=5, waiting=1) is CONFIRMED
        assert code_of(self.placed(3, held=2, places_left=0, people_left=5, waiting=1)) == "queue_ahead"

    def test_before_a_draw_all_register(self):
        assert self.placed(500, draw_at=NOW + A_MOMENT, places_left=0) is WAITLISTED
        assert self.placed(draw_at=NOW, is_drawn=True) is CONFIRMED


class TestCancel:
    @pytest.mark.parametrize("state", ACTIVE)
    def test_until_the_start(self, state):
        check_cancel(state, SlotState.PUBLISHED, START, START - A_MOMENT)
        with pytest.raises(Conflict, match="slot_began"):
            check_cancel(state, SlotState.PUBLISHED, START, START)

    @pytest.mark.parametrize("state", [BookingState.CANCELLED, BookingState.EXPIRED])
    def test_what_has_ended_stays(self, state):
        with pytest.raises(Conflict, match="booking_not_active"):
            check_cancel(state, SlotState.PUBLISHED, START, NOW)


class TestNames:
    def test_until_then(self):
        check_names(CONFIRMED, CLOSES, CLOSES - A_MOMENT)
        with pytest.raises(Conflict, match="names_closed"):
            check_names(CONFIRMED, CLOSES, CLOSES)

    def test_of_what_is_still_to_be(self):
        with pytest.raises(Conflict, match="booking_not_active"):
            check_names(BookingState.EXPIRED, CLOSES, NOW)


def test_what_each_state_takes_of_the_slot():
    taken = {state: (f.places, f.people, f.waiting) for state in BookingState for f in [footprint(state, 3)]}
    takes, waits, nothing = (1, 3, 0), (0, 0, 1), (0, 0, 0)
    assert taken == {
        BookingState.HELD: takes,
        BookingState.PENDING: takes,
        BookingState.OFFERED: takes,
        BookingState.CONFIRMED: takes,
        BookingState.WAITLISTED: waits,
        BookingState.CANCELLED: nothing,
        BookingState.EXPIRED: nothing,
    }
    before = footprint(None, 3)
    assert (before.places, before.people, before.waiting) == nothing


def test_what_has_ended_does_not_come_back_by_itself():
    for ended in (BookingState.EXPIRED, BookingState.CANCELLED):
        for state in set(ACTIVE) - {CONFIRMED}:
            with pytest.raises(Conflict, match="booking_not_active"):
                check_step(ended, state)


def test_a_confirmed_booking_is_only_ever_cancelled_or_put_back_into_the_queue():
    after = {BookingState.CANCELLED, BookingState.WAITLISTED}
    for state in after:
        check_step(CONFIRMED, state)
    for state in set(BookingState) - after:
        with pytest.raises(Conflict, match="booking_state"):
            check_step(CONFIRMED, state)
