"""What the clients do, phase by phase. All who meet in a round begin a phase at the same instant."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from eventsys.cli.race.clients import Client, Contact
from eventsys.cli.race.district import Plan
from eventsys.cli.race.history import Ledger

CROWD = 32  # two servers run sixteen requests at once: more clients would only stand in front of them
ALL = 1_000_000
THINK_SECONDS = 0.1


@dataclass
class Round:
    """One round: its slots, who meets, the booking each client (by its number in the round) has, whether it is over."""

    slots: tuple[str, ...]
    players: Sequence[Contact]
    is_odd: bool = False
    board: dict[int, str] = field(default_factory=dict)
    over: Event = field(default_factory=Event)


Phase = Callable[[Client, Round], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens in each round to the slots that are planned for so many clients: of all clients at most `crowd`, the
    next ones in each round. `is_right` looks at the slots' ledgers afterwards."""

    name: str
    plans: Callable[[int], tuple[Plan, ...]]
    phases: tuple[Phase, ...]
    crowd: int = CROWD
    is_right: Callable[[list[Ledger]], bool] = lambda _ledgers: True


def _press(client: Client, turn: Round) -> None:
    client.book(turn.slots[0])


def _fill(client: Client, turn: Round) -> None:
    """A tenth of the clients take the slot."""
    if client.number < _tenth(len(turn.players)):
        _note(client, turn, client.book(turn.slots[0], 1 + client.number % 2).body.get("id"))


def _leave_or_wait(client: Client, turn: Round) -> None:
    """Whoever has a place gives it up, the others want it: in parties, of which some may be smaller, some ask first."""
    slot, number = turn.slots[0], client.number
    if number in turn.board:
        client.cancel(turn.board.pop(number), slot)
        return
    party = 1 + number % 3
    more = {"waitlist": True, "party_min": 1 if number % 2 else party, "ask_first": number % 5 == 0}
    _note(client, turn, client.book(slot, party, more=more).body.get("id"))


def _answer(client: Client, turn: Round) -> None:
    """Offers are taken or let go, some who have a place or wait leave, and whoever has nothing tries once more."""
    slot, booking = turn.slots[0], turn.board.get(client.number)
    state = client.look(booking) if booking else ""
    if booking and state == "offered" and client.random.random() < 0.6:
        client.confirm(booking, slot)
    elif booking and state in {"offered", "confirmed", "waitlisted"}:
        if client.random.random() < 0.3:
            client.cancel(booking, slot)
    else:
        client.book(slot)


def _take_sides(client: Client, turn: Round) -> None:
    """A quarter of the clients is in each of two slots."""
    if client.number % 4 < 2:
        _note(client, turn, client.book(turn.slots[client.number % 2]).body.get("id"))


def _change_sides(client: Client, turn: Round) -> None:
    """They move to the other slot, against those who come from there and those who book."""
    booking, to = turn.board.get(client.number), turn.slots[1 - client.number % 2]
    if booking:
        client.move(booking, to)
    else:
        client.book(to)


def _hold_or_book(client: Client, turn: Round) -> None:
    """Every other client holds a place, the others book."""
    if client.number % 2:
        client.book(turn.slots[0])
    else:
        _note(client, turn, client.hold(turn.slots[0]).body.get("id"))


def _continue_or_try(client: Client, turn: Round) -> None:
    """Who holds a place books it, or gives it up; whoever was refused tries again."""
    hold = turn.board.get(client.number)
    if hold is None:
        client.book(turn.slots[0])
    elif client.number % 6:
        client.book(turn.slots[0], more={"hold": hold})
    else:
        client.cancel(hold, turn.slots[0])


def _ask(client: Client, turn: Round) -> None:
    """Everybody asks for the department's consent."""
    _note(client, turn, client.book(turn.slots[0]).body.get("id"))


def _answer_or_withdraw(client: Client, turn: Round) -> None:
    """Contacts withdraw what the clerk approves or declines at the same instant, while others ask."""
    slot, waiting = turn.slots[0], sorted(turn.board)
    if client.number in turn.board:
        client.cancel(turn.board[client.number], slot)
        return
    place = client.number - sum(number < client.number for number in waiting)  # among those without a booking
    if place >= len(waiting):
        client.book(slot)
    elif place % 3:
        client.confirm(turn.board[waiting[place]], slot, who=client.clerk)
    else:
        client.cancel(turn.board[waiting[place]], slot, who=client.clerk)


def _send_one_key(client: Client, turn: Round) -> None:
    """All send one request; in every other round half of them say something else under the same key."""
    party = 2 if turn.is_odd and client.number % 2 else 1
    client.book(turn.slots[0], party, key=turn.slots[0], who=turn.players[0])


def _send_it_changed(client: Client, turn: Round) -> None:
    """The same key with another body, when the first has long been answered."""
    if client.number == 0:
        client.book(turn.slots[0], 3, key=turn.slots[0])


def _wander(client: Client, turn: Round) -> None:
    """Book, hold, wait, confirm, move and cancel as one likes until the round is over."""
    mine: dict[str, str] = {}
    while not turn.over.is_set():
        time.sleep(client.random.uniform(0, THINK_SECONDS))
        slot = client.random.choice(turn.slots)
        booking = mine.pop(slot, None)
        if booking is None:
            _begin(client, slot, mine)
        else:
            _go_on(client, booking, slot, turn, mine)


def _begin(client: Client, slot: str, mine: dict[str, str]) -> None:
    hold = client.hold(slot).body.get("id", "") if client.random.random() < 0.3 else ""
    more = {"hold": hold} if hold else {"waitlist": True, "ask_first": client.random.random() < 0.3}
    booked = client.book(slot, more=more).body.get("id") or hold
    if booked:
        mine[slot] = booked


def _go_on(client: Client, booking: str, slot: str, turn: Round, mine: dict[str, str]) -> None:
    state, other = client.look(booking), client.random.choice(turn.slots)
    if state == "offered" and client.confirm(booking, slot).is_done:
        mine[slot] = booking
    elif state == "confirmed" and other not in {slot, *mine} and client.random.random() < 0.5:
        moved = client.move(booking, other)
        mine[other if moved.is_done else slot] = moved.body.get("id", booking)
    else:
        client.cancel(booking, slot)


def _note(client: Client, turn: Round, booking: str | None) -> None:
    if booking:
        turn.board[client.number] = booking


def _tenth(count: int) -> int:
    return max(2, count // 10)


def _is_full(ledgers: list[Ledger]) -> bool:
    return ledgers[0].places == ledgers[0].capacity


def _has_one(ledgers: list[Ledger]) -> bool:
    return ledgers[0].places == 1


_QUEUED = (_fill, _leave_or_wait, _answer, _answer)
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("last-place", lambda _count: (Plan(1),), (_press,), ALL, _is_full),
        Scenario("waiting-list", lambda count: (Plan(_tenth(count), 2 * _tenth(count)),), _QUEUED),
        Scenario("moves", lambda count: (Plan(count // 4 + 1),) * 2, (_take_sides, _change_sides)),
        Scenario("holds", lambda count: (Plan(_tenth(count)),), (_hold_or_book, _continue_or_try)),
        Scenario("approvals", lambda count: (Plan(_tenth(count), None, True),), (_ask, _answer_or_withdraw)),
        Scenario("double-submit", lambda count: (Plan(count),), (_send_one_key, _send_it_changed), 50, _has_one),
    )
}
KILLS = Scenario("kill -9", lambda count: (Plan(_tenth(count), 2 * _tenth(count)),) * 6, (_wander,), ALL)
