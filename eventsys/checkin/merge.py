"""What a set of scans of one ticket means (pure): who is in, since when, and which scans contradict each other.

Gates work without a network and send their scans later, shuffled, and more than once. The log keeps every one of
them; what they mean follows from the set alone, so it does not matter in which order they came.

An entry counts when its gate let the person in and the code was good at that instant. The earliest such entry is the
admission; a later one is a duplicate unless the person had gone out in between. An entry at which the person was not
let in changes nothing, and one that was taken back never happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from eventsys.checkin.rules import LET_THROUGH, PASSES, Direction, ScanResult


@dataclass(frozen=True, slots=True)
class Reading:
    """One scan of a genuine ticket. `verdict` is what ticket, booking, slot and time say of it, whatever other scans
    there are: one of PASSES when they have nothing against it. `shown` is what the steward saw."""

    nonce: str
    at: datetime
    direction: Direction
    verdict: ScanResult
    shown: ScanResult
    is_taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """The result of each scan by its nonce; the nonce of the admission that stands; whether the person is inside; the
    entries let through although the person was inside; the scans let through although the code was not good."""

    results: Mapping[str, ScanResult]
    first: str | None
    is_inside: bool
    duplicates: tuple[str, ...]
    let_through_wrongly: tuple[str, ...]


def merge(readings: Iterable[Reading]) -> Meaning:
    """What the scans mean together; the same for every order of `readings`, and for any of them given twice."""
    results: dict[str, ScanResult] = {}
    first, is_inside = None, False
    duplicates: list[str] = []
    wrongly: list[str] = []
    for reading in sorted(set(readings), key=lambda reading: (reading.at, reading.nonce)):
        result = _own_result(reading)
        if result is None:
            result = ScanResult.ALREADY_ADMITTED if is_inside else ScanResult.ADMITTED
            if reading.direction is Direction.EXIT:
                result = ScanResult.EXITED
            elif is_inside:
                duplicates.append(reading.nonce)
            if result is ScanResult.ADMITTED:
                first = first or reading.nonce
            if result is not ScanResult.ALREADY_ADMITTED:
                is_inside = result is ScanResult.ADMITTED
        elif result not in LET_THROUGH and reading.shown in LET_THROUGH and not reading.is_taken_back:
            wrongly.append(reading.nonce)
        results[reading.nonce] = result
    return Meaning(results, first, is_inside, tuple(duplicates), tuple(wrongly))


def _own_result(reading: Reading) -> ScanResult | None:
    """The result of a scan that moves nobody; None when it brings somebody in or out."""
    if reading.verdict not in PASSES:
        return reading.verdict
    if reading.is_taken_back:
        return ScanResult.ANNULLED
    if reading.shown not in LET_THROUGH:
        return reading.shown
    return None
