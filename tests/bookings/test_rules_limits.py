"""Quotas that are reached, ways between parks, people in two places."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from eventsys.bookings.rules import Quota, QuotaKind, Stay, Whereabouts, find_clash, quota_refusal, travel_minutes

A_MOMENT = timedelta(microseconds=1)
NINE = datetime(2026, 12, 3, 9, tzinfo=UTC)
TEN, ELEVEN = NINE + timedelta(hours=1), NINE + timedelta(hours=2)
HERE, NEXT_DOOR = Whereabouts(1, 24.48, 118.18), Whereabouts(2)
MONTH, EDITION, OPEN = QuotaKind.MONTH, QuotaKind.EDITION, QuotaKind.OPEN


class TestQuota:
    def said(self, *quotas, month=202611):
        return quota_refusal(quotas, department="税务局", month=month)

    def test_one_more_is_allowed_up_to_the_limit(self):
        assert self.said(Quota(MONTH, 2, 1)) is None
        assert self.said(Quota(MONTH, 2, 2)).code == "quota_reached"
        assert self.said(Quota(MONTH, 2, 3)).code == "quota_reached"

    def test_without_a_limit_there_is_none(self):
        assert self.said(Quota(OPEN, None, 1_000)) is None
        assert self.said() is None

    def test_it_tells_which_and_from_when_there_is_another(self):
        refused = self.said(Quota(MONTH, None, 9), Quota(EDITION, 3, 2), Quota(OPEN, 6, 6))
        assert refused.fields == {
            "wording": "quota_reached_open",
            "quota": "open",
            "department": "税务局",
            "month": date(2026, 11, 1),
            "next_month": date(2026, 12, 1),
            "used": 6,
            "maximum": 6,
        }

    def test_the_first_that_is_reached_is_told(self):
        assert self.said(Quota(MONTH, 2, 2), Quota(OPEN, 1, 1)).fields["quota"] == "month"

    @pytest.mark.parametrize(
        ("month", "following"), [(202612, date(2027, 1, 1)), (202701, date(2027, 2, 1)), (202702, date(2027, 3, 1))]
    )
    def test_the_month_after(self, month, following):
        assert self.said(Quota(MONTH, 1, 1), month=month).fields["next_month"] == following


class TestWay:
    def test_within_a_park_there_is_none(self):
        assert travel_minutes(HERE, HERE) == 0
        assert travel_minutes(HERE, Whereabouts(1)) == 0

    @pytest.mark.parametrize("unknown", [Whereabouts(), Whereabouts(None, 24.48, 118.18)])
    def test_from_nowhere_there_is_none(self, unknown):
        """Online, or a place that belongs to no park."""
        assert travel_minutes(HERE, unknown) == travel_minutes(unknown, HERE) == 0

    @pytest.mark.parametrize("place", [NEXT_DOOR, Whereabouts(2, 24.48), Whereabouts(2, None, 118.18)])
    def test_between_parks_off_the_map_it_is_half_an_hour(self, place):
        assert travel_minutes(HERE, place) == travel_minutes(place, HERE) == 30

    @pytest.mark.parametrize(
        ("latitude", "longitude", "minutes"),
        [
            (60.0, 20.0, 10),  # two parks at one address
            (60.1, 20.0, 43),  # 11.1 km north
            (60.0, 20.1, 27),  # 5.6 km east, so far north
            (60.5, 20.0, 177),
            (60.6, 20.0, 180),  # three hours at most
            (-60.0, -20.0, 180),
        ],
    )
    def test_on_the_map_it_is_by_the_distance(self, latitude, longitude, minutes):
        start, end = Whereabouts(1, 60.0, 20.0), Whereabouts(2, latitude, longitude)
        assert travel_minutes(start, end) == travel_minutes(end, start) == minutes


class TestClash:
    def meets(self, starts_at, ends_at, where=HERE, stay_at=HERE):
        stay = Stay("王一", "加计扣除", NINE, TEN, stay_at)
        found = find_clash([stay], starts_at, ends_at, where)
        assert found in (None, stay)
        return found is stay

    def test_one_after_the_other_is_possible(self):
        assert not self.meets(TEN, ELEVEN)
        assert not self.meets(NINE - timedelta(hours=1), NINE)

    def test_a_moment_at_once_is_not(self):
        assert self.meets(TEN - A_MOMENT, ELEVEN)
        assert self.meets(NINE - timedelta(hours=1), NINE + A_MOMENT)
        assert self.meets(NINE, TEN)

    def test_the_way_counts_before_and_after(self):
        way = timedelta(minutes=30)
        assert self.meets(TEN + way - A_MOMENT, ELEVEN, NEXT_DOOR)
        assert not self.meets(TEN + way, ELEVEN, NEXT_DOOR)
        assert self.meets(NINE - timedelta(hours=1), NINE - way + A_MOMENT, NEXT_DOOR)
        assert not self.meets(NINE - timedelta(hours=1), NINE - way, NEXT_DOOR)

    def test_the_first_is_told(self):
        stays = [Stay("", "一", NINE, TEN), Stay("", "二", TEN, ELEVEN), Stay("", "三", TEN, ELEVEN)]
        assert find_clash(stays, TEN, ELEVEN, HERE) is stays[1]
        assert find_clash([], TEN, ELEVEN, HERE) is None
