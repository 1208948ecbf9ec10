"""Where a slot goes whose day is no working day any more."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.pages.rescheduling import DAYS_AHEAD, next_free, propose
from eventsys.slots.moving import Occupied, moved
from eventsys.slots.rules import NewSlot
from eventsys.workdays.rules import OFFICIAL, DayKind, SpecialDay, WorkingCalendar

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=ZONE)
TYPHOON = WorkingCalendar({date(2026, 12, day): SpecialDay(DayKind.CLOSED, "台风停工") for day in (2, 3)})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def occupied(slot: int, starts: str, *, department: int = 1, place: int | None = 1, minutes: int = 90) -> Occupied:
    return Occupied(slot, department, place, at(starts), at(starts) + timedelta(minutes=minutes))


HIT = occupied(1, "12-03 14:00")


@pytest.mark.parametrize(
    ("taken", "goes"),
    [
        ([], "12-04 14:00"),
        ([HIT], "12-04 14:00"),  # it is not in its own way
        ([occupied(2, "12-04 13:00")], "12-07 14:00"),
        ([occupied(2, "12-04 15:30")], "12-04 14:00"),  # it begins when the other ends
        ([occupied(2, "12-04 12:30")], "12-04 14:00"),
        ([occupied(2, "12-04 14:00", department=2, place=2)], "12-04 14:00"),
        ([occupied(2, "12-04 14:00", department=2)], "12-07 14:00"),
        ([occupied(2, "12-04 14:00", place=2)], "12-07 14:00"),
        ([occupied(2, "12-04 00:00", minutes=3 * 1440)], "12-07 14:00"),
    ],
)
def test_the_next_working_day_with_department_and_place_free(taken, goes):
    there = next_free(HIT, taken, TYPHOON, ZONE, NOW)
    assert there is not None
    assert there.starts_at == at(goes)
    assert there.ends_at - there.starts_at == HIT.ends_at - HIT.starts_at


def test_places_without_a_key_are_not_the_same():
    online = occupied(1, "12-03 14:00", place=None)
    assert next_free(online, [occupied(2, "12-04 14:00", department=2, place=None)], TYPHOON, ZONE, NOW) == (
        occupied(1, "12-04 14:00", place=None)
    )


def test_half_days_and_the_past_are_left_out():
    friday = WorkingCalendar({**TYPHOON.overrides, date(2026, 12, 4): SpecialDay(DayKind.MORNING, "年会")})
    there = next_free(HIT, [], friday, ZONE, NOW)
    assert there is not None
    assert there.starts_at == at("12-07 14:00")
    late = next_free(HIT, [], TYPHOON, ZONE, at("12-08 15:00"))
    assert late is not None
    assert late.starts_at == at("12-09 14:00")


def test_without_a_free_day_soon_there_is_no_proposal():
    taken = [occupied(2, "12-01 00:00", minutes=(DAYS_AHEAD + 30) * 1440)]
    assert next_free(HIT, taken, TYPHOON, ZONE, NOW) is None
    assert propose([HIT], taken, TYPHOON, ZONE, NOW) == {}


SLOTS = st.lists(
    st.builds(
        lambda day, hour, department, place: (day, hour, department, place),
        st.integers(1, 4),
        st.integers(9, 16),
        st.integers(1, 2),
        st.sampled_from([None, 1, 2]),
    ),
    max_size=6,
)


@given(SLOTS, SLOTS)
def test_what_is_proposed_is_free_and_in_working_time(hit, others):
    def make(rows, first):
        return [
            occupied(first + number, f"12-{day:02d} {hour:02d}:00", department=department, place=place)
            for number, (day, hour, department, place) in enumerate(rows)
        ]

    slots, taken = make(hit, 1), make(others, 100)
    found = propose(slots, [*taken, *slots], TYPHOON, ZONE, NOW)
    there = [
        Occupied(slot.slot, slot.department, slot.place, found[slot.slot], found[slot.slot] + timedelta(minutes=90))
        for slot in slots
    ]
    for number, place in enumerate(there):
        assert TYPHOON.is_open(place.starts_at, place.ends_at, ZONE)
        assert not any(other.is_in_the_way_of(place) for other in [*taken, *there[:number]])


def command(**times: datetime) -> NewSlot:
    return NewSlot(1, "专场", at("12-03 14:00"), at("12-03 15:30"), **times)


def test_cut_offs_stay_as_many_working_days_before():
    before = command(closes_at=at("12-01 17:00"), cancel_until=at("11-30 17:00"), names_until=at("12-03 14:00"))
    after = moved(before, at("12-08 14:00"), OFFICIAL, ZONE, NOW)
    assert (after.starts_at, after.ends_at) == (at("12-08 14:00"), at("12-08 15:30"))
    assert after.closes_at == at("12-04 17:00")  # two working days, with a weekend between
    assert after.cancel_until == at("12-03 17:00")
    assert after.names_until == at("12-08 14:00")
    shut = moved(before, at("12-04 14:00"), TYPHOON, ZONE, NOW)
    assert shut.closes_at == at("12-01 17:00")  # one working day before by this calendar, and never sooner than it was


def test_nothing_but_times_is_touched():
    before = command(opens_at=at("11-25 10:00"), draw_at=at("11-30 10:00"))
    after = moved(before, at("12-04 14:00"), TYPHOON, ZONE, NOW)
    assert (after.opens_at, after.draw_at, after.closes_at) == (before.opens_at, before.draw_at, None)
    assert after.title == before.title


def test_what_is_brought_forward_closes_as_long_before_and_reopens_nothing():
    before = command(closes_at=at("12-02 17:00"), cancel_until=at("11-26 09:00"), names_until=at("11-27 17:00"))
    after = moved(before, at("12-01 14:00"), OFFICIAL, ZONE, NOW)
    assert after.closes_at == at("11-30 17:00")
    assert after.cancel_until == at("11-26 09:00")  # it is past and stays so
    assert after.names_until == at("12-01 14:00")  # four working days before would be past: until the start
    assert moved(before, before.starts_at, OFFICIAL, ZONE, NOW) == before
