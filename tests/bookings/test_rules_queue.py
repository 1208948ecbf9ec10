"""Whose turn it is, when a hold may be prolonged, and how long an offer stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from eventsys.bookings.rules import Turn, Waiting, may_renew, next_turn, offer_until
from eventsys.workdays.rules import OFFICIAL

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 10, tzinfo=ZONE)  # a Tuesday
FAR = NOW + timedelta(days=60)


def waiting(number, party=1, least=None, **passed):
    return Waiting(number, party, least or party, **passed)


class TestTurn:
    def test_first_come_first_served(self):
        assert next_turn([waiting(1), waiting(2)], 1, 1, NOW) == Turn(1, 1)

    def test_nobody_waits(self):
        assert next_turn([], 1, 1, NOW) is None

    @pytest.mark.parametrize("left", [0, -1])
    def test_without_a_place_it_is_nobodys(self, left):
        assert next_turn([waiting(1)], left, 5, NOW) is None
        assert next_turn([waiting(1, 9, passed_over=3)], left, 5, NOW) is None

    def test_without_a_limit_of_people_every_party_fits_whole(self):
        assert next_turn([waiting(1, 500, 1)], 1, None, NOW) == Turn(1, 500)

    @pytest.mark.parametrize(("left", "party"), [(5, 4), (4, 4), (3, 3), (2, 2)])
    def test_as_many_come_as_there_is_room_for(self, left, party):
        assert next_turn([waiting(1, 4, 2)], 1, left, NOW) == Turn(1, party)

    def test_fewer_than_the_least_do_not_come(self):
        assert next_turn([waiting(1, 4, 2)], 1, 1, NOW) is None

    def test_who_does_not_fit_is_passed_over_and_named(self):
        queue = [waiting(1, 3), waiting(2, 2), waiting(3, 1), waiting(4, 1)]
        assert next_turn(queue, 1, 1, NOW) == Turn(3, 1, passed=(1, 2))

    @pytest.mark.parametrize(("times", "turn"), [(2, Turn(2, 1, passed=(1,))), (3, Turn(1, 0)), (4, Turn(1, 0))])
    def test_three_times_at_most(self, times, turn):
        assert next_turn([waiting(1, 3, passed_over=times), waiting(2)], 1, 1, NOW) == turn

    @pytest.mark.parametrize(
        ("ago", "turn"),
        [
            (timedelta(hours=24) - timedelta(microseconds=1), Turn(2, 1, passed=(1,))),
            (timedelta(hours=24), Turn(1, 0)),
        ],
    )
    def test_for_a_day_at_most(self, ago, turn):
        queue = [waiting(1, 3, passed_over=1, passed_since=NOW - ago), waiting(2)]
        assert next_turn(queue, 1, 1, NOW) == turn

    def test_they_gather_for_the_first_of_those_passed_over_enough(self):
        queue = [waiting(1, 4), waiting(2, 3, passed_over=3), waiting(3, 2, passed_over=3)]
        assert next_turn(queue, 1, 2, NOW) == Turn(2, 0, passed=(1,))

    def test_who_was_passed_over_and_fits_just_has_the_turn(self):
        assert next_turn([waiting(1, 2, passed_over=9)], 1, 2, NOW) == Turn(1, 2)

    @pytest.mark.parametrize(("most", "turn"), [(3, Turn(1, 0)), (None, Turn(1, 0)), (2, Turn(2, 1))])
    def test_they_do_not_gather_beyond_what_the_slot_holds(self, most, turn):
        assert next_turn([waiting(1, 5, 3, passed_over=3), waiting(2)], 1, 1, NOW, people_max=most) == turn

    @given(
        st.lists(st.builds(Waiting, st.just(0), st.integers(1, 5), st.integers(1, 5), st.integers(0, 4)), max_size=6),
        st.integers(0, 6),
    )
    def test_nobody_who_fits_is_passed_over(self, queue, left):
        queue = [replace(entry, id=n, party_min=min(entry.party_min, entry.party)) for n, entry in enumerate(queue)]
        turn = next_turn(queue, 1, left, NOW)
        if turn is None:
            assert all(entry.party_min > left for entry in queue)
            return
        assert turn.passed == tuple(range(turn.id))
        assert all(entry.party_min > left and entry.passed_over < 3 for entry in queue[: turn.id])
        entry = queue[turn.id]
        assert turn.party == (min(entry.party, left) if entry.party_min <= left else 0)


@pytest.mark.parametrize(("renewals", "others", "may"), [(0, 0, True), (7, 0, True), (0, 1, True), (1, 1, False)])
def test_a_hold_is_prolonged_freely_and_once_when_others_wait(renewals, others, may):
    assert may_renew(renewals, others) is may


def at(text):
    """A moment of the district, such as 11-24 10:00 (of 2026)."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


class TestOffer:
    """Four office hours, one for a slot of the next working day; 9:00-12:00 and 14:30-17:30 count."""

    @pytest.mark.parametrize(
        ("offered", "until"),
        [
            ("11-24 10:00", "11-24 16:30"),
            ("11-24 00:00", "11-24 15:30"),
            ("11-24 08:59", "11-24 15:30"),
            ("11-24 09:01", "11-24 15:31"),
            ("11-24 11:59", "11-25 09:59"),
            ("11-24 12:00", "11-25 10:00"),
            ("11-24 14:29", "11-25 10:00"),
            ("11-24 14:31", "11-25 10:01"),
            ("11-24 17:29", "11-25 15:29"),
            ("11-24 17:30", "11-25 15:30"),
            ("11-24 23:59", "11-25 15:30"),
        ],
    )
    def test_of_a_day(self, offered, until):
        assert offer_until(at(offered), FAR, FAR, OFFICIAL, ZONE) == at(until)

    @pytest.mark.parametrize(
        ("offered", "until"),
        [
            ("11-27 16:30", "11-30 12:00"),  # Friday; the fourth hour ends when the morning does
            ("11-27 16:31", "11-30 14:31"),
            ("11-28 10:00", "11-30 15:30"),  # Saturday
            ("09-30 16:30", "10-08 12:00"),  # National Day
            ("10-09 17:00", "10-10 15:00"),  # a Saturday that offices work
        ],
    )
    def test_over_days_off(self, offered, until):
        assert offer_until(at(offered), FAR, FAR, OFFICIAL, ZONE) == at(until)

    @pytest.mark.parametrize(
        ("offered", "starts", "until"),
        [
            ("11-24 10:00", "11-25 00:00", "11-24 11:00"),  # tomorrow, from its first minute
            ("11-24 10:00", "11-25 23:59", "11-24 11:00"),  # to its last
            ("11-24 10:00", "11-26 00:00", "11-24 16:30"),
            ("11-24 10:00", "11-24 18:00", "11-24 11:00"),  # today
            ("11-27 10:00", "11-30 09:00", "11-27 11:00"),  # Friday for Monday
            ("11-26 10:00", "11-30 09:00", "11-26 16:30"),  # Thursday for Monday
            ("11-28 10:00", "11-30 16:00", "11-30 10:00"),  # Saturday for Monday
            ("11-28 10:00", "12-01 09:00", "11-30 15:30"),  # Saturday for Tuesday
            ("09-30 10:00", "10-08 09:00", "09-30 11:00"),  # the day before National Day for the day after
            ("09-30 10:00", "10-09 09:00", "09-30 16:30"),
            ("10-09 10:00", "10-10 09:00", "10-09 11:00"),  # for a Saturday that offices work
        ],
    )
    def test_for_the_next_working_day(self, offered, starts, until):
        assert offer_until(at(offered), at(starts), FAR, OFFICIAL, ZONE) == at(until)

    def test_today_is_the_districts(self):
        """Half past midnight there is the day before by UTC."""
        offered = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
        assert offer_until(offered, at("11-26 14:00"), FAR, OFFICIAL, ZONE) == at("11-25 10:00")

    @pytest.mark.parametrize(("ends", "until"), [("16:29", "16:29"), ("16:30", "16:30"), ("16:31", "16:30")])
    def test_never_past_the_queue(self, ends, until):
        assert offer_until(NOW, FAR, at(f"11-24 {ends}"), OFFICIAL, ZONE) == at(f"11-24 {until}")
