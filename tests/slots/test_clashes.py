"""Clashes of slots, from values."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eventsys.directory.settings import ClashRule, Settings
from eventsys.directory.ways import Whereabouts
from eventsys.slots.clashes import ClashKind, Held, Neighbours, Venue, find_clashes, held_as, rules_of
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from tests import cast
from tests.factories import new_slot

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2027, 3, 2, 14, 0, tzinfo=ZONE)
HERE, THERE = Whereabouts(1, 24.48, 118.18), Whereabouts(2, 24.44, 118.08)


def held(hours=0.0, length=1.5, **changes):
    start = AT + timedelta(hours=hours)
    return Held(start, start + timedelta(hours=length), changes.pop("department", 1), **changes)


def kinds(mine, *others, venues=None, day_slots=0):
    around = Neighbours([mine, *others], ZONE)
    return [clash.kind for clash in find_clashes(mine, around, venues or {}, day_slots, ZONE)]


def test_somebody_cannot_be_at_two_slots():
    mine = held(staff=frozenset({1, 2}))
    assert kinds(mine, held(1, staff=frozenset({2, 3}))) == [ClashKind.STAFF]
    assert kinds(mine, held(1, staff=frozenset({3}))) == []
    assert kinds(mine, held(1.5, staff=frozenset({2}))) == []  # one ends as the other starts
    assert kinds(mine, held(-1.5, staff=frozenset({2}))) == []


def test_the_way_between_parks_counts_for_staff_and_not_for_rooms():
    mine = held(staff=frozenset({1}), where=HERE, place=1)
    after = held(1.75, staff=frozenset({1}), where=THERE, place=1)
    assert kinds(mine, after, venues={1: Venue()}) == [ClashKind.STAFF]
    assert kinds(mine, replace(after, where=HERE), venues={1: Venue()}) == []


def test_a_way_past_midnight_is_seen():
    late = held(8.4, length=1.5, staff=frozenset({1}), where=HERE)  # until 23:54
    early = held(10.1, length=1, staff=frozenset({1}), where=THERE)  # from 00:06 of the next day
    assert kinds(late, early) == kinds(early, late) == [ClashKind.STAFF]


def test_a_place_takes_as_many_slots_as_it_has_rooms():
    mine = held(place=1)
    first, second = held(-1, place=1, department=2), held(1, place=1, department=3)
    assert kinds(mine, first, venues={1: Venue()}) == [ClashKind.VENUE]
    assert kinds(mine, first, second, venues={1: Venue(rooms=2)}) == []  # never three at a time
    assert kinds(mine, first, held(0, place=1), venues={1: Venue(rooms=2)}) == [ClashKind.VENUE]
    assert kinds(mine, held(place=2), venues={1: Venue()}) == []
    assert kinds(held(), held(), venues={1: Venue()}) == []  # nowhere in particular


def test_seats_are_counted_at_the_fullest_moment():
    mine, venue = held(place=1, people=30), {1: Venue(rooms=3, seats=50)}
    assert kinds(mine, held(-1, place=1, people=20), held(1, place=1, people=20), venues=venue) == []
    assert kinds(mine, held(1, place=1, people=21), venues=venue) == [ClashKind.SEATS]
    assert kinds(held(place=1, people=51), venues=venue) == [ClashKind.SEATS]
    assert kinds(held(place=1), venues=venue) == []


def test_an_enterprise_is_visited_once_a_day():
    mine = held(visited=frozenset({7}))
    assert kinds(mine, held(-5, department=2, visited=frozenset({7}))) == [ClashKind.ENTERPRISE]
    assert kinds(mine, held(10, department=2, visited=frozenset({7}))) == []  # after midnight
    assert kinds(mine, held(-5, visited=frozenset({8}))) == []


def test_a_department_has_so_many_slots_a_day():
    mine = held()
    assert kinds(mine, held(-4), held(3), day_slots=2) == [ClashKind.DAY]
    assert kinds(mine, held(-4), held(3), day_slots=3) == []
    assert kinds(mine, held(-4), held(3), day_slots=0) == []
    assert kinds(mine, held(-4, department=2), held(12), day_slots=1) == []


def test_a_slot_does_not_clash_with_itself():
    mine = held(key=5, place=1, staff=frozenset({1}), visited=frozenset({1}))
    before = replace(mine, starts_at=mine.starts_at + timedelta(minutes=5))
    assert kinds(mine, before, venues={1: Venue()}, day_slots=1) == []


def test_only_a_visit_for_one_named_enterprise_visits_it_for_sure():
    def visited(kind=SlotFormat.VISIT, *named, audience=AudienceKind.NAMED):
        return held_as(new_slot(format=kind, audience=Audience(audience, enterprises=named)), {}).visited

    assert visited(SlotFormat.VISIT, cast.ACME) == {cast.ACME}
    assert visited(SlotFormat.VISIT, cast.ACME, cast.OTHER) == frozenset()
    assert visited(SlotFormat.SESSION, cast.ACME) == frozenset()
    assert visited(SlotFormat.VISIT, cast.ACME, audience=AudienceKind.PUBLIC) == frozenset()  # only comes first


def test_no_number_a_day_is_no_rule():
    assert rules_of(Settings(day_slots=0, clash_day=ClashRule.FORBID))[ClashKind.DAY] is ClashRule.OFF
    assert rules_of(Settings(clash_venue=ClashRule.FORBID))[ClashKind.SEATS] is ClashRule.FORBID
