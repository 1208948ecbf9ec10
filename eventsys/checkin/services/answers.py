"""What a gate is told of a scan: its meaning among all the scans of the ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eventsys.bookings.models import Attendee
from eventsys.checkin.models import Scan
from eventsys.checkin.queries import Counters, Known, meaning_of
from eventsys.checkin.rules import ScanResult
from eventsys.slots.models import Slot


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate shows. `first` is the admission that stands; `slot` is the ticket's own, for wrong_slot."""

    scan: Scan | None
    result: ScanResult
    attendee: Attendee | None = None
    first: Scan | None = None
    arrived: int = 0
    party: int = 0
    counters: Counters | None = None

    @property
    def slot(self) -> Slot | None:
        """The ticket's slot."""
        return self.attendee.booking.slot if self.attendee else None

    @property
    def opens_at(self) -> datetime | None:
        """From when the ticket's slot admits."""
        return self.slot.door_opens_at if self.slot else None


def answer_of(row: Scan, attendee: Attendee, known: Known) -> Answer:
    """The answer about `row`, the scan just logged, or one of those known (a repeated request)."""
    is_new = all(scan.nonce != row.nonce for scan in known.scans)
    scans = [*known.scans, row] if is_new else known.scans
    meaning = meaning_of(scans)
    more = (meaning.first is not None) - (meaning_of(known.scans).first is not None) if is_new else 0
    first = next((scan for scan in scans if scan.nonce == meaning.first), None)
    counters = Counters(known.counters.admitted + more, known.counters.expected)
    result = meaning.results[row.nonce]
    return Answer(row, result, attendee, first, known.arrived + more, attendee.booking.party, counters)
