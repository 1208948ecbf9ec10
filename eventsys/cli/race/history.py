"""The history check (pure): the trail is replayed entry by entry, then compared with the tables and the clients' log.

Entries of one slot are written under its lock, so their order is the order of the commits, and no moment of a slot lies
between two entries. A request decides under the lock too: it saw the state that an entry made only if it began before
the next entry was written and ended after this one was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from eventsys.bookings.rules import ACTIVE, BookingState, Turn, Waiting, footprint, next_turn
from eventsys.bookings.rules.states import NEXT
from eventsys.cli.race.clients import Call

Seats = tuple[int, int, int]  # places, people, who waits
ENTRIES_OF = {"move": 2}  # the old booking's and the new one's; one for every other act
BY_QUEUE = "booking.promoted"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the trail about a booking; `slot` and `enterprise` (public ids) are told when it is made."""

    id: int
    at: datetime
    action: str
    booking: str
    request: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class Seat:
    """A booking as the trail tells it: its `number` in the queue, and the `place` there which that was at first."""

    id: int
    booking: str
    slot: str
    enterprise: str
    state: BookingState | None = None
    party: int = 0
    party_min: int = 0
    number: int | None = None
    place: int | None = None
    passed_over: int = 0
    passed_since: datetime | None = None

    @property
    def waiting(self) -> Waiting:
        """As the queue's rule sees it."""
        return Waiting(self.id, self.party, self.party_min, self.passed_over, self.passed_since)


@dataclass(slots=True)
class Ledger:
    """A slot as the trail tells it: its counters, and when each value of them began (seconds since the epoch)."""

    slot: str
    capacity: int
    limit: int | None
    places: int = 0
    people: int = 0
    last_number: int = 0
    queue: dict[int, Seat] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    moments: list[tuple[float, Seats]] = field(default_factory=lambda: [(0.0, (0, 0, 0))])

    def fits(self, party: int, seats: Seats | None = None) -> bool:
        """Whether a party fits now, or at a moment."""
        places, people, _waiting = seats or (self.places, self.people, 0)
        return places < self.capacity and (self.limit is None or people + party <= self.limit)

    def turn(self, at: datetime) -> Turn | None:
        """Whose turn the queue's rule says it is."""
        waiting = [seat.waiting for _number, seat in sorted(self.queue.items())]
        people_left = None if self.limit is None else self.limit - self.people
        return next_turn(waiting, self.capacity - self.places, people_left, at, people_max=self.limit)

    def take(self, at: datetime) -> None:
        """Note the counters as they are from now on."""
        self.moments.append((at.timestamp(), (self.places, self.people, len(self.queue))))

    def during(self, began: float, ended: float) -> Iterator[Seats]:
        """The counters that a request may have seen which began and ended then."""
        first = bisect_right(self.moments, began, key=itemgetter(0)) - 1
        for since, seats in self.moments[max(first, 0) :]:
            if since > ended:
                return
            yield seats


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong, and in which slot (public id)."""

    what: str
    slot: str = ""


class Replay:
    """The trail, replayed into `ledgers` by slot and `seats` by booking; what cannot be right is a violation."""

    def __init__(self, slots: Iterable[Ledger], entries: Iterable[Entry]) -> None:
        self.ledgers = {ledger.slot: ledger for ledger in slots}
        self.seats: dict[str, Seat] = {}
        self.violations: list[Violation] = []
        self.entries: dict[str, list[Entry]] = defaultdict(list)  # by request
        self.told: dict[str, list[Entry]] = defaultdict(list)  # by slot
        for entry in entries:
            self._follow(entry)

    def _follow(self, entry: Entry) -> None:
        seat = self.seats.get(entry.booking)
        if seat is None:
            seat = Seat(entry.id, entry.booking, entry.after.get("slot", ""), entry.after.get("enterprise", ""))
            self.seats[entry.booking] = seat
        ledger = self.ledgers.get(seat.slot)
        if ledger is None:
            self._wrong(entry, seat, "changes before it is made")
            return
        self.entries[entry.request].append(entry)
        self.told[seat.slot].append(entry)
        state, party = BookingState(entry.after["state"]), int(entry.after["party"])
        self._judge(entry, seat, ledger, state, party)
        self._enter(entry, seat, ledger, state, party)

    def _judge(self, entry: Entry, seat: Seat, ledger: Ledger, state: BookingState, party: int) -> None:
        """The step itself, as the rules have it from the state that the trail tells."""
        told = {"state": seat.state, "party": seat.party} if seat.state else {}
        if entry.before != told:
            self._wrong(entry, seat, f"was {told or 'nothing'} and not {entry.before}")
        elif seat.state is not None and state is not seat.state and state not in NEXT[seat.state]:
            self._wrong(entry, seat, f"may not go from {seat.state} to {state}")
        if seat.state is None and seat.enterprise in ledger.active:
            self._wrong(entry, seat, "is the enterprise's second one in the slot")
        old, new = footprint(seat.state, seat.party), footprint(state, party)
        if entry.action == BY_QUEUE:
            self._judge_turn(entry, seat, ledger, party)
        elif new.places > old.places and ledger.queue:
            self._wrong(entry, seat, "got a place although others waited")
        elif new.waiting > old.waiting and ledger.fits(party) and not ledger.queue:
            self._wrong(entry, seat, "was made to wait although there was room")

    def _judge_turn(self, entry: Entry, seat: Seat, ledger: Ledger, party: int) -> None:
        """Who comes next, and who was passed over for it."""
        turn = ledger.turn(entry.at)
        if turn is None or (turn.id, turn.party) != (seat.id, party):
            self._wrong(entry, seat, f"got a place out of turn (the queue's: {turn})")
            return
        for other in ledger.queue.values():
            if other.id in turn.passed:
                other.passed_over += 1
                other.passed_since = other.passed_since or entry.at

    def _enter(self, entry: Entry, seat: Seat, ledger: Ledger, state: BookingState, party: int) -> None:
        """Book the step, and see whether the slot is still within its capacity."""
        old, new = footprint(seat.state, seat.party), footprint(state, party)
        ledger.places += new.places - old.places
        ledger.people += new.people - old.people
        if old.waiting and seat.number is not None:
            ledger.queue.pop(seat.number, None)
        if new.waiting:
            seat.number, seat.party_min = entry.after["queue_number"], entry.after["party_min"]
            seat.passed_over, seat.passed_since = 0, None
            if seat.number != ledger.last_number + 1:
                self._wrong(entry, seat, f"got number {seat.number} in the queue after number {ledger.last_number}")
            ledger.last_number = max(ledger.last_number, seat.number)
            ledger.queue[seat.number] = seat
            seat.place = len(ledger.queue)
        seat.state, seat.party = state, party
        (ledger.active.add if state in ACTIVE else ledger.active.discard)(seat.enterprise)
        ledger.take(entry.at)
        if ledger.places > ledger.capacity or (ledger.limit is not None and ledger.people > ledger.limit):
            limit = "any number of" if ledger.limit is None else ledger.limit
            self._wrong(
                entry, seat, f"makes {ledger.places} of {ledger.capacity} places, {ledger.people} of {limit} people"
            )

    def _wrong(self, entry: Entry, seat: Seat, what: str) -> None:
        self.violations.append(
            Violation(f"entry {entry.id} ({entry.action}): booking {entry.booking} {what}", seat.slot)
        )

    def idle(self, at: datetime) -> list[Violation]:
        """Places that the queue's rule may give and nobody has given."""
        return [
            Violation(f"a place is free and it is the turn of booking {turn.id}", ledger.slot)
            for ledger in self.ledgers.values()
            if (turn := ledger.turn(at)) is not None and turn.party  # else places gather for it
        ]


def check_tables(
    replay: Replay, slots: Iterable[tuple[str, int, int, int, int]], bookings: Iterable[tuple[str, str, int, int]]
) -> Iterator[Violation]:
    """The tables are what the trail tells: slots as (slot, places, people, waiting, last number), bookings as (booking,
    state, party, passed over)."""
    for slot, *stored in slots:
        ledger = replay.ledgers[slot]
        told = [ledger.places, ledger.people, len(ledger.queue), ledger.last_number]
        if stored != told:
            yield Violation(
                f"the slot counts {stored} and the trail {told} (places, people, waiting, last number)", slot
            )
    missing = dict(replay.seats)
    for booking, *values in bookings:
        seat = missing.pop(booking, None)
        if seat is None:
            yield Violation(f"booking {booking} is in no entry of the trail")
        elif (*values,) != (seat.state, seat.party, seat.passed_over):
            yield Violation(
                f"booking {booking} is {values}, in the trail {seat} (state, party, passed over)", seat.slot
            )
    for seat in missing.values():
        yield Violation(f"booking {seat.booking} of the trail is not stored", seat.slot)


def check_calls(replay: Replay, calls: Sequence[Call]) -> Iterator[Violation]:
    """What the clients were told is what happened: each acknowledged act once, no refused one, true answers."""
    by_request: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_request[call.key or call.id].append(call)
    for group in by_request.values():
        yield from _check_request(replay, group)
    for call in calls:
        yield from _check_answer(replay, call)
    yield from _check_order(replay, {call.id: call for call in calls})


def _check_request(replay: Replay, calls: list[Call]) -> Iterator[Violation]:
    """One act, sent by one call or, under one key, by several."""
    first = calls[0]
    entries = [entry for call in calls for entry in replay.entries.get(call.id, ())]
    done = [call for call in calls if call.is_done]
    expected = ENTRIES_OF.get(first.act, 1)
    if done and len(entries) != expected:
        yield _told(first, f"was acknowledged and is in {len(entries)} entries of the trail, not in {expected}")
    elif not done and entries and not any(call.cut or not call.status for call in calls):
        yield _told(first, f"was refused ({first.outcome}) and is in the trail all the same")
    elif len(entries) > expected:
        yield _told(first, f"was done {len(entries)} times")
    if any(call.body != done[0].body for call in done):
        yield _told(first, "got different answers under one key")
    for call in calls:
        is_late = any(other.ended < call.asked and other.party != call.party for other in done)
        if is_late and call.status != 422:
            yield _told(call, f"used a key again for something else and got {call.outcome}, not 422")


def _check_answer(replay: Replay, call: Call) -> Iterator[Violation]:
    """One answer: what it says was so."""
    if call.status == 0 or (call.status >= 500 and call.status != 503):
        yield _told(call, f"got no answer in the end ({call.outcome}; {call.busy} times 503, {call.cut} times cut off)")
    elif call.is_done and call.act == "book":
        made = next(iter(replay.entries.get(call.id, ())), None)
        state = made.after["state"] if made else call.outcome  # another call with the same key made it
        seat = replay.seats.get(call.body["id"])
        told = (call.outcome, call.body["party"], call.body["place_in_queue"])
        if seat is None or told != (state, call.party, seat.place if call.outcome == "waitlisted" else None):
            yield _told(call, f"was told {told} (state, party, place in the queue), the trail tells otherwise: {seat}")
    elif call.outcome in {"slot_full", "queue_ahead"}:
        ledger = replay.ledgers[call.slot]
        seen = ledger.during(call.asked, call.ended)
        wanted = call.outcome == "slot_full"
        if not any((not ledger.fits(call.party, seats)) if wanted else seats[2] > 0 for seats in seen):
            yield _told(call, f"was told {call.outcome}, which it was at no moment from {call.asked} to {call.ended}")


def _check_order(replay: Replay, calls: dict[str, Call]) -> Iterator[Violation]:
    """Whoever was answered before another one began comes before it in the trail."""
    for slot, entries in replay.told.items():
        latest = 0.0
        for entry in entries:
            call = calls.get(entry.request)
            if call is None or not call.is_done:
                continue
            if call.ended < latest:
                yield Violation(f"entry {entry.id} was answered before an earlier entry's request began", slot)
            latest = max(latest, call.started)


def _told(call: Call, what: str) -> Violation:
    who = f" for enterprise {call.who.enterprise}" if call.who.enterprise else " by the clerk"
    return Violation(f"request {call.id} ({call.act}{who}) {what}", call.slot)
