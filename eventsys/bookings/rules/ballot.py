"""The draw (抽签): in which order those who registered come, such that anybody can recompute it (docs/ballot.md).

The seed is fixed, and its SHA-256 published, before anybody registers. Each enterprise's key follows from the seed, the
slot and its credit code alone; the smallest comes first.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from eventsys.core.tokens import hash_token

ALGORITHM = "eventsys-ballot-1"
WEIGHT_MAX = 3
SECOND_CHANCE_MONTHS, THIRD_CHANCE_MONTHS = 6, 12  # since the last slot an enterprise had


@dataclass(frozen=True, slots=True)
class Entrant:
    """An enterprise that registered, with as many chances as its weight."""

    credit_code: str
    name: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line of the result: the place drawn, from 1, and the key (64 hex digits) that led to it."""

    place: int
    credit_code: str
    name: str
    weight: int
    key: str


@dataclass(frozen=True, slots=True)
class Result:
    """What is published of a draw: `slot` is a public id, the entries are in drawn order."""

    slot: str
    seed: str
    seed_hash: str
    entries: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the trail, which nobody can change, says of a draw: the hash published before it, the digest of the result,
    and the place told to each booking beside the number it has in the queue now (None: it does not wait any more)."""

    seed_hash: str
    digest: str
    numbers: tuple[tuple[int, int | None], ...]


def weight_of(last_served: date | None, on: date) -> int:
    """How many chances an enterprise has in a weighted draw: 1, from six months without a slot 2, from twelve 3."""
    if last_served is None:
        return WEIGHT_MAX
    months = (on.year - last_served.year) * 12 + on.month - last_served.month - (on.day < last_served.day)
    return 1 + (months >= SECOND_CHANCE_MONTHS) + (months >= THIRD_CHANCE_MONTHS)


def draw_key(seed: str, slot: str, credit_code: str, weight: int) -> str:
    """The smallest HMAC-SHA256, keyed by the seed, of "slot|credit code|i" for i from 1 to the weight."""
    chances = (f"{slot}|{credit_code}|{number}" for number in range(1, weight + 1))
    return min(hmac.new(seed.encode(), chance.encode(), hashlib.sha256).hexdigest() for chance in chances)


def draw(seed: str, slot: str, entrants: Iterable[Entrant]) -> tuple[Drawn, ...]:
    """The entrants by their keys, smallest first, whatever order they are given in."""
    keyed = [(draw_key(seed, slot, one.credit_code, one.weight), one) for one in entrants]
    keyed.sort(key=lambda pair: (pair[0], pair[1].credit_code))
    return tuple(Drawn(place, one.credit_code, one.name, one.weight, key) for place, (key, one) in enumerate(keyed, 1))


def digest_of(entries: Sequence[Drawn]) -> str:
    """The SHA-256 by which the trail keeps a whole result."""
    told = json.dumps([asdict(entry) for entry in entries], ensure_ascii=False, sort_keys=True)
    return hash_token(told)


def read_result(told: object) -> Result:
    """The result in what was downloaded; ValueError says what is wrong with it."""
    if not isinstance(told, Mapping):
        raise ValueError("this is no result of a draw")
    if told.get("algorithm") != ALGORITHM:
        raise ValueError(f"the algorithm is not {ALGORITHM}")
    if not isinstance(told.get("entries"), list):
        raise ValueError("there is no list of entries")
    entries = read_entries(told["entries"])
    return Result(_text(told, "slot"), _text(told, "seed"), _text(told, "seed_hash"), entries)


def read_entries(told: Iterable[object]) -> tuple[Drawn, ...]:
    """The lines of a result; ValueError names the one that cannot be read."""
    return tuple(_entry(number, one) for number, one in enumerate(told, 1))


def fault_in(result: Result, published_hash: str = "") -> str | None:
    """What is wrong with a result, in one sentence, or None: recomputes everything that follows from the seed.

    `published_hash` is the seed's hash as it was noted before the draw.
    """
    if hash_token(result.seed) != result.seed_hash:
        return "the seed does not have the published hash"
    if published_hash and published_hash.lower() != result.seed_hash:
        return "the hash published before the draw was another one"
    if len({entry.credit_code for entry in result.entries}) < len(result.entries):
        return "an enterprise is listed twice"
    drawn = draw(result.seed, result.slot, (Entrant(one.credit_code, one.name, one.weight) for one in result.entries))
    for told, right in zip(result.entries, drawn, strict=True):
        if told != right:
            return f"place {right.place} is {right.credit_code}'s by the seed, the list says otherwise"
    return None


def fault_against(result: Result, evidence: Evidence) -> str | None:
    """What of a result that is right in itself differs from the trail, in one sentence, or None."""
    if evidence.seed_hash != result.seed_hash:
        return "the hash published before the draw was another one"
    if evidence.digest != digest_of(result.entries):
        return "the list is not the one that was drawn"
    if sorted(place for place, _now in evidence.numbers) != [entry.place for entry in result.entries]:
        return "the places told to the bookings are not those of the list"
    if any(now not in (None, place) and now <= len(result.entries) for place, now in evidence.numbers):
        return "the waiting list does not have the drawn order"
    return None


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing")
    return value


def _entry(number: int, told: object) -> Drawn:
    kinds = {"place": int, "credit_code": str, "name": str, "weight": int, "key": str}
    if not isinstance(told, Mapping) or any(type(told.get(name)) is not kind for name, kind in kinds.items()):
        raise ValueError(f"entry {number} cannot be read")
    if not 1 <= told["weight"] <= WEIGHT_MAX:
        raise ValueError(f"entry {number} has an impossible weight")
    return Drawn(**{name: told[name] for name in kinds})
