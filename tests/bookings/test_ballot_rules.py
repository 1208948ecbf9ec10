"""The draw itself: a permutation that follows from the seed alone, with the chances that were promised."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsys.bookings.rules.ballot import (
    ALGORITHM,
    Drawn,
    Entrant,
    Evidence,
    Result,
    digest_of,
    draw,
    draw_key,
    fault_against,
    fault_in,
    read_result,
    weight_of,
)
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.tokens import hash_token
from eventsys.slots.draws import Draw, check_draw, check_draw_time, check_draw_to_come, default_draw_at
from eventsys.workdays.rules import OFFICIAL
from tests.factories import ZONE

ROOT = Path(__file__).parents[2]
SEED, SLOT = "00112233445566778899aabbccddeeff" * 2, "aaaaaaaaaaaaa"
CODES = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=18, max_size=18)
ENTRANT = st.builds(Entrant, CODES, st.text(max_size=5), st.integers(1, 3))
ENTRANTS = st.lists(ENTRANT, unique_by=lambda one: one.credit_code)


def drawn(count=5, seed=SEED):
    """A right result of some enterprises, the third with two chances."""
    entrants = [Entrant(f"91350299MA{number:08d}", f"企业{number}", 1 + (number == 2)) for number in range(count)]
    return Result(SLOT, seed, hash_token(seed), draw(seed, SLOT, entrants))


def seeds(count):
    return (hashlib.sha256(f"seed {number}".encode()).hexdigest() for number in range(count))


def downloaded(result, **changes):
    return {"algorithm": ALGORITHM, **json.loads(json.dumps(asdict(result))), **changes}


@given(ENTRANTS, st.randoms(use_true_random=False))
def test_a_draw_is_a_permutation_whatever_the_order_of_registration(entrants, random):
    result = draw(SEED, SLOT, entrants)
    assert sorted(entry.credit_code for entry in result) == sorted(one.credit_code for one in entrants)
    assert [entry.place for entry in result] == list(range(1, len(entrants) + 1))
    assert sorted(entry.key for entry in result) == [entry.key for entry in result]
    shuffled = list(entrants)
    random.shuffle(shuffled)
    assert draw(SEED, SLOT, shuffled) == result


@given(ENTRANTS.filter(bool))
def test_who_stays_away_changes_nothing_among_the_others(entrants):
    first, *others = entrants
    left = [entry.credit_code for entry in draw(SEED, SLOT, entrants) if entry.credit_code != first.credit_code]
    assert left == [entry.credit_code for entry in draw(SEED, SLOT, others)]


def test_the_algorithm_never_changes():
    """What `printf 'aaaaaaaaaaaaa|91350299MA00000035|1' | openssl dgst -sha256 -hmac SEED` says."""
    assert (
        draw_key(SEED, SLOT, "91350299MA00000035", 1)
        == "d2abab689a1f10eb4ef8c47966e99fc51e6e1955e9fbef40b8b0823678869e91"
    )
    assert (
        draw_key(SEED, SLOT, "91350299MA00000035", 3)
        == "1b3071d6129b3937fb82bd8993d3941df04f89034b8c8c436637687f29da4e75"
    )
    assert hash_token(SEED) == "2a8abfa8cb9906290437854193ca6bca41d4d4e26d1d454bd66a35158095e737"


def chi_square(observed, expected):
    return sum((observed.get(key, 0) - wanted) ** 2 / wanted for key, wanted in expected.items())


def test_equal_chances_for_every_place():
    """25 degrees of freedom: 52.6 is exceeded once in a thousand; the seeds are fixed, so it is once for all."""
    entrants, rounds = [Entrant(f"91350299MA{number:08d}", "") for number in range(6)], 3_000
    seen = Counter((one.credit_code, one.place) for seed in seeds(rounds) for one in draw(seed, SLOT, entrants))
    assert chi_square(seen, {(one.credit_code, place): rounds / 6 for one in entrants for place in range(1, 7)}) < 52.6


def test_weights_are_chances():
    """The first place goes by weight: 3 degrees of freedom, 16.3 once in a thousand. Equal chances would be far off."""
    weights, rounds = (1, 1, 2, 3), 3_000
    entrants = [Entrant(f"91350299MA{number:08d}", "", weight) for number, weight in enumerate(weights)]
    first = Counter(draw(seed, SLOT, entrants)[0].credit_code for seed in seeds(rounds))
    assert chi_square(first, {one.credit_code: rounds * one.weight / sum(weights) for one in entrants}) < 16.3
    assert chi_square(first, {one.credit_code: rounds / 4 for one in entrants}) > 100


def test_every_bit_of_the_seed_changes_hash_and_keys():
    changed = [f"{int(SEED, 16) ^ (1 << bit):064x}" for bit in range(256)]
    assert len({hash_token(seed) for seed in [SEED, *changed]}) == 257
    assert len({draw_key(seed, SLOT, "91350299MA00000019", 1) for seed in [SEED, *changed]}) == 257
    assert all(fault_in(replace(drawn(), seed=seed)) for seed in changed)


@pytest.mark.parametrize(
    ("last", "weight"),
    [
        (None, 3),
        (date(2026, 11, 25), 1),
        (date(2026, 5, 26), 1),
        (date(2026, 5, 25), 2),
        (date(2025, 11, 26), 2),
        (date(2025, 11, 25), 3),
        (date(2020, 2, 29), 3),
    ],
)
def test_who_was_not_served_for_long_has_more_chances(last, weight):
    assert weight_of(last, date(2026, 11, 25)) == weight


def swapped(entries):
    first, second, *rest = entries
    return (replace(second, place=1), replace(first, place=2), *rest)


def codes_swapped(entries):
    first, second, *rest = entries
    return (replace(first, credit_code=second.credit_code), replace(second, credit_code=first.credit_code), *rest)


TAMPERED = {
    "two places swapped": swapped,
    "two enterprises swapped": codes_swapped,
    "one left out": lambda entries: entries[1:],
    "one put in": lambda entries: (*entries, Drawn(6, "91350299MA00000099", "新", 1, "f" * 64)),
    "one listed twice": lambda entries: (*entries, replace(entries[0], place=6)),
    "another code": lambda entries: (replace(entries[0], credit_code="91350299MA00000099"), *entries[1:]),
    "another key": lambda entries: (replace(entries[0], key="0" * 64), *entries[1:]),
    "another weight": lambda entries: tuple(replace(one, weight=3 - one.weight) for one in entries),
    "another place": lambda entries: (*entries[:-1], replace(entries[-1], place=9)),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_a_list_that_was_tampered_with_is_found_out(change):
    right = drawn()
    assert fault_in(right) is None
    assert fault_in(replace(right, entries=change(right.entries)))


def test_another_seed_or_hash_is_found_out():
    right, other = drawn(), drawn(seed="f" * 64)
    assert fault_in(replace(right, seed=other.seed))
    assert fault_in(replace(right, seed_hash=other.seed_hash))
    assert fault_in(right, right.seed_hash.upper()) is None
    assert fault_in(other, right.seed_hash) == "the hash published before the draw was another one"
    assert fault_in(replace(right, slot="bbbbbbbbbbbbb"))


def test_the_trail_finds_out_what_is_right_in_itself():
    right = drawn()
    numbers = tuple((entry.place, entry.place) for entry in right.entries)
    evidence = Evidence(right.seed_hash, digest_of(right.entries), numbers)
    assert fault_against(right, evidence) is None
    assert (
        fault_against(right, replace(evidence, numbers=((1, None), (2, 9), *numbers[2:]))) is None
    )  # served, rejoined
    for wrong in (
        replace(evidence, seed_hash=hash_token("0")),
        replace(evidence, digest=digest_of(right.entries[1:])),
        replace(evidence, numbers=numbers[1:]),
        replace(evidence, numbers=((1, 2), (2, 1), *numbers[2:])),
    ):
        assert fault_against(right, wrong)
    fewer = drawn(4)  # another right list of the same seed
    assert fault_in(fewer) is None
    assert fault_against(fewer, evidence)


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "another"},
        {"entries": None},
        {"entries": [5]},
        {"entries": [{"place": 1}]},
        {"seed": 5},
        {"slot": ""},
    ],
)
def test_what_is_no_result_says_so(change):
    assert read_result(downloaded(drawn())) == drawn()
    with pytest.raises(ValueError, match=r"."):
        read_result(downloaded(drawn(), **change))


def test_a_weight_beyond_the_rules_is_not_even_tried():
    told = downloaded(drawn())
    told["entries"][0]["weight"] = 10**12
    with pytest.raises(ValueError, match="weight"):
        read_result(told)


def documented():
    """The programme in docs/ballot.md."""
    return re.search(r"```python\n(.*?)```", (ROOT / "docs/ballot.md").read_text("utf-8"), re.DOTALL)[1]


def test_the_documented_programme_checks_a_result(tmp_path):
    assert documented() == (ROOT / "templates/slots/_verify_draw.txt").read_text("utf-8")

    def checks(result):
        (tmp_path / "ballot.json").write_text(json.dumps(downloaded(result), ensure_ascii=False), "utf-8")
        done = subprocess.run([sys.executable, "-c", documented()], cwd=tmp_path, capture_output=True, text=True)
        return done.returncode == 0 and done.stdout == "The draw is right.\n"

    right = drawn()
    assert checks(right)
    assert not checks(replace(right, seed="f" * 64))
    for name, change in TAMPERED.items():
        if name not in {"one left out", "another place"}:  # it looks at keys, not at the numbers beside them
            assert not checks(replace(right, entries=change(right.entries))), name


@pytest.mark.parametrize(
    ("opens", "draws"),
    [
        ("2026-11-25T10:00", "2026-11-30T10:00"),  # Wednesday: Thursday, Friday, Monday
        ("2026-11-25T10:01", "2026-12-01T10:00"),
        ("2026-11-25T08:00", "2026-11-30T10:00"),
        ("2026-11-28T12:00", "2026-12-03T10:00"),  # a Saturday
        ("2026-09-28T10:00", "2026-10-08T10:00"),  # over the holidays of October
    ],
)
def test_registration_lasts_three_working_days(opens, draws):
    opens_at = datetime.fromisoformat(opens).replace(tzinfo=ZONE)
    assert default_draw_at(opens_at, OFFICIAL, ZONE) == datetime.fromisoformat(draws).replace(tzinfo=ZONE)


AT, LATER, NOW = (datetime(2026, 12, day, 10, tzinfo=ZONE) for day in (3, 4, 1))


@pytest.mark.parametrize(
    ("before", "after", "counts", "code"),
    [
        (Draw(AT), Draw(AT), {"registered": 5, "is_drawn": True}, None),
        (Draw(), Draw(AT), {}, None),
        (Draw(AT), Draw(), {}, None),
        (Draw(AT), Draw(LATER), {"registered": 5}, None),
        (Draw(AT), Draw(AT, is_weighted=True), {}, None),
        (Draw(), Draw(NOW), {}, "draw_in_the_past"),
        (Draw(), Draw(AT), {"booked": 1}, "draw_after_booking"),
        (Draw(), Draw(AT), {"registered": 1}, "draw_after_booking"),
        (Draw(LATER), Draw(AT), {"registered": 1}, "draw_only_later"),
        (Draw(AT), Draw(), {"registered": 1}, "draw_only_later"),
        (Draw(AT), Draw(LATER, is_weighted=True), {"registered": 1}, "draw_weights_announced"),
        (Draw(AT), Draw(LATER), {"is_drawn": True}, "draw_is_over"),
        (Draw(AT), Draw(), {"is_drawn": True}, "draw_is_over"),
    ],
)
def test_what_was_announced_holds(before, after, counts, code):
    if code is None:
        check_draw(before, after, NOW, **counts)
        return
    with pytest.raises(Invalid, match=code):
        check_draw(before, after, NOW, **counts)


def test_a_draw_comes_before_places_are_open_to_everybody():
    check_draw_time(None, AT)
    check_draw_time(AT, LATER)
    with pytest.raises(Invalid, match="draw_too_late"):
        check_draw_time(AT, AT)
    check_draw_to_come(AT, NOW)
    with pytest.raises(Conflict, match="draw_in_the_past"):
        check_draw_to_come(NOW, NOW)


def test_a_thousand_entrants_are_drawn_at_once():
    entrants = [Entrant(f"91350299MA{number:08d}", "", Random(number).randint(1, 3)) for number in range(1_000)]
    result = Result(SLOT, SEED, hash_token(SEED), draw(SEED, SLOT, entrants))
    assert fault_in(result) is None
