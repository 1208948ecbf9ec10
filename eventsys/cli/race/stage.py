"""Play a scenario at two servers, kill them where it is asked for, and read what came of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice, product
from random import Random

from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.cli.race.clients import Call, Client, Contact
from eventsys.cli.race.district import make_slots
from eventsys.cli.race.history import Entry, Ledger, Replay, Violation, check_calls, check_tables
from eventsys.cli.race.scenarios import Phase, Round, Scenario
from eventsys.cli.race.servers import Server
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot

PHASE_SECONDS = 300.0  # the longest that one client waits for the others
SETTLE_SECONDS = 60.0
PAUSE_SECONDS = 0.5
KILL_PAUSE_SECONDS = 1.0


@dataclass
class Played:
    """A scenario that was played: how long, what the clients got, what is wrong, seconds until a server was back."""

    name: str
    seconds: float
    calls: list[Call]
    replay: Replay
    violations: list[Violation]
    back: list[float] = field(default_factory=list)

    @property
    def outcomes(self) -> Counter[str]:
        """How often each act ended how."""
        return Counter(f"{call.act} {call.outcome}" for call in self.calls)


@dataclass(frozen=True)
class Stage:
    """Who plays where. `patience` is how long the worker has for what a killed server left undone."""

    contacts: Sequence[Contact]
    clerk: Contact
    servers: Sequence[Server]
    patience: float = SETTLE_SECONDS

    def play(self, scenario: Scenario, rounds: int, *, kills: int = 0) -> Played:
        """Play the scenario and check its history. With `kills` a round lasts until the last server is back."""
        turns = self._rounds(scenario, rounds)
        ports = [server.port for server in self.servers]
        clients = [Client(number, me, self.clerk, ports) for number, me in enumerate(self.contacts)]
        began = time.monotonic()
        back = self._run(scenario, turns, clients, kills)
        seconds = time.monotonic() - began
        calls = [call for client in clients for call in client.calls]
        slots = [slot for turn in turns for slot in turn.slots]
        replay = self._settled(slots)
        violations = [*replay.violations, *replay.idle(now()), *_check(replay, slots, calls)]
        for turn in turns:
            if not scenario.is_right([replay.ledgers[slot] for slot in turn.slots]):
                violations.append(Violation("the slot has not as many bookings as it should", turn.slots[0]))
        return Played(scenario.name, seconds, calls, replay, violations, back)

    def _rounds(self, scenario: Scenario, count: int) -> list[Round]:
        """The rounds with their slots, and with the clients who come next."""
        crowd = min(scenario.crowd, len(self.contacts))
        plans = scenario.plans(crowd)
        slots, contacts = make_slots([plan for plan in plans for _ in range(count)]), cycle(self.contacts)
        return [
            Round(tuple(slots[number::count]), list(islice(contacts, crowd)), is_odd=bool(number % 2))
            for number in range(count)
        ]

    def _run(self, scenario: Scenario, turns: list[Round], clients: list[Client], kills: int) -> list[float]:
        """All clients in threads of their own; the seconds until each killed server was back."""
        gate = threading.Barrier(len(clients), timeout=PHASE_SECONDS)
        errors: list[Exception] = []
        threads = [
            threading.Thread(target=_act, args=(client, turns, scenario.phases, gate, errors), daemon=True)
            for client in clients
        ]
        for thread in threads:
            thread.start()
        try:
            back = [self._kill_one(Random(number)) for number in range(kills)]  # noqa: S311 - no secret
        finally:
            for turn in turns:
                turn.over.set()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return back

    def _kill_one(self, random: Random) -> float:
        """Kill a server at a random moment; the seconds until it serves again."""
        time.sleep(random.uniform(0, KILL_PAUSE_SECONDS))
        server = random.choice(self.servers)
        killed = time.monotonic()
        server.kill()
        server.start()
        server.wait_until_ready()
        return time.monotonic() - killed

    def _settled(self, slots: Sequence[str]) -> Replay:
        """The trail of the slots, once no place is idle that the worker would give, or its time is over."""
        deadline = time.monotonic() + self.patience
        while True:
            replay = _read(slots)
            if time.monotonic() >= deadline or not replay.idle(now()):
                return replay
            time.sleep(PAUSE_SECONDS)


def _act(
    client: Client, turns: list[Round], phases: tuple[Phase, ...], gate: threading.Barrier, errors: list[Exception]
) -> None:
    """One client's part in all rounds; whoever fails, or keeps the others waiting for too long, ends the race."""
    try:
        for turn, phase in product(turns, phases):
            gate.wait()
            if client.me in turn.players:
                client.number = turn.players.index(client.me)
                phase(client, turn)
    except Exception as error:
        errors.append(error)
        gate.abort()
    finally:
        client.close()


def _read(slots: Sequence[str]) -> Replay:
    db.session.rollback()
    wanted = set(slots)
    ledgers = [
        Ledger(row.public_id, row.capacity, row.attendee_capacity)
        for row in db.session.execute(select(Slot.public_id, Slot.capacity, Slot.attendee_capacity))
        if row.public_id in wanted
    ]
    columns = (AuditEntry.id, AuditEntry.at, AuditEntry.action, AuditEntry.object_id, AuditEntry.request_id)
    query = select(*columns, AuditEntry.before, AuditEntry.after).where(AuditEntry.object_type == "booking")
    entries = [Entry(*row) for row in db.session.execute(query.order_by(AuditEntry.id))]
    ours = {entry.booking for entry in entries if entry.after.get("slot") in wanted}
    return Replay(ledgers, [entry for entry in entries if entry.booking in ours and "state" in entry.after])


def _check(replay: Replay, slots: Sequence[str], calls: list[Call]) -> list[Violation]:
    """What tables and clients say against the trail."""
    wanted = set(slots)
    rows = [row for row in db.session.scalars(select(Slot)) if row.public_id in wanted]
    keys = {row.id for row in rows}
    bookings = [row for row in db.session.scalars(select(Booking)) if row.slot_id in keys]
    return [
        *check_tables(
            replay,
            [(row.public_id, row.places_taken, row.people_taken, row.waiting, row.queue_last) for row in rows],
            [(row.public_id, row.state, row.party, row.passed_over) for row in bookings],
        ),
        *check_calls(replay, calls),
    ]
