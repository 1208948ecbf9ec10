"""What a set of scans means, whatever the order in which the gates sent them."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import hypothesis.strategies as st
from hypothesis import given

from eventsys.checkin.merge import Reading, merge
from eventsys.checkin.rules import LET_THROUGH, PASSES, Direction, ScanResult

NINE = datetime(2026, 12, 3, 9, tzinfo=UTC)
ADMITTED, ALREADY, EXITED = ScanResult.ADMITTED, ScanResult.ALREADY_ADMITTED, ScanResult.EXITED


def entry(nonce, minute, verdict=ADMITTED, shown=ADMITTED, **more):
    return Reading(nonce, NINE + timedelta(minutes=minute), Direction.ENTRY, verdict, shown, **more)


def leaving(nonce, minute):
    return Reading(nonce, NINE + timedelta(minutes=minute), Direction.EXIT, EXITED, EXITED)


@st.composite
def readings(draw):
    direction = draw(st.sampled_from(Direction))
    passing = EXITED if direction is Direction.EXIT else ADMITTED
    return Reading(
        nonce=draw(st.text("abcdefgh", min_size=1, max_size=4)),
        at=NINE + timedelta(seconds=draw(st.integers(0, 20))),  # so few instants that many are the same
        direction=direction,
        verdict=draw(st.sampled_from([passing, passing, passing, ScanResult.CANCELLED, ScanResult.WRONG_SLOT])),
        shown=draw(st.sampled_from([passing, passing, passing, ALREADY, ScanResult.NOT_YET])),
        is_taken_back=draw(st.booleans()),
    )


sets = st.lists(readings(), max_size=8, unique_by=lambda reading: reading.nonce)


@given(sets, st.randoms(use_true_random=False))
def test_means_the_same_in_every_order_and_however_often_it_is_sent(scans, random):
    again = [*scans, *random.choices(scans, k=3)] if scans else []
    random.shuffle(again)
    assert merge(again) == merge(scans)


@given(sets)
def test_there_is_an_admission_exactly_if_somebody_was_let_in_with_a_good_code(scans):
    let_in = [
        reading
        for reading in scans
        if reading.verdict in PASSES
        and reading.direction is Direction.ENTRY
        and reading.shown is ADMITTED
        and not reading.is_taken_back
    ]
    meaning = merge(scans)
    earliest = min(let_in, key=lambda reading: (reading.at, reading.nonce), default=None)
    assert meaning.first == (earliest.nonce if earliest else None)
    if earliest:
        assert meaning.results[earliest.nonce] is ADMITTED


@given(sets)
def test_without_anybody_leaving_one_scan_admits_and_the_others_are_duplicates(scans):
    scans = [reading for reading in scans if reading.direction is Direction.ENTRY]
    meaning = merge(scans)
    admissions = [nonce for nonce, result in meaning.results.items() if result is ADMITTED]
    assert len(admissions) == (meaning.first is not None)
    told = {reading.nonce: reading for reading in scans}
    assert all(meaning.results[nonce] is ALREADY and told[nonce].shown is ADMITTED for nonce in meaning.duplicates)


@given(sets, readings())
def test_taking_a_scan_back_leaves_what_the_others_mean_without_it(scans, reading):
    scans = [scan for scan in scans if scan.nonce != reading.nonce]
    taken_back = Reading(reading.nonce, reading.at, reading.direction, ADMITTED, reading.shown, is_taken_back=True)
    with_it, without = merge([*scans, taken_back]), merge(scans)
    assert with_it.results == {**without.results, reading.nonce: ScanResult.ANNULLED}
    assert (with_it.first, with_it.is_inside, with_it.duplicates) == (
        without.first,
        without.is_inside,
        without.duplicates,
    )


@given(sets)
def test_names_whom_an_offline_gate_let_through_with_a_code_that_was_not_good(scans):
    meaning = merge(scans)
    assert set(meaning.let_through_wrongly) == {
        scan.nonce
        for scan in scans
        if scan.verdict not in PASSES and scan.shown in LET_THROUGH and not scan.is_taken_back
    }


def test_the_earliest_of_three_gates_admits():
    scans = [entry("north", 2), entry("south", 1), entry("east", 3)]
    for order in permutations(scans):
        meaning = merge(order)
        assert meaning.results == {"north": ALREADY, "south": ADMITTED, "east": ALREADY}
        assert (meaning.first, meaning.duplicates) == ("south", ("north", "east"))


def test_in_again_after_going_out():
    meaning = merge([entry("in", 0), leaving("out", 10), entry("again", 20), entry("twice", 21)])
    assert meaning.results == {"in": ADMITTED, "out": EXITED, "again": ADMITTED, "twice": ALREADY}
    assert (meaning.first, meaning.is_inside, meaning.duplicates) == ("in", True, ("twice",))


def test_who_was_refused_as_a_duplicate_is_not_in_once_the_admission_is_taken_back():
    meaning = merge([entry("wrong person", 0, is_taken_back=True), entry("refused", 1, shown=ALREADY)])
    assert (meaning.first, meaning.is_inside) == (None, False)
    assert merge([entry("a", 0, is_taken_back=True), entry("another gate let in", 1)]).first == "another gate let in"
