"""Clients in several processes who all want the last place at the same instant. With `canary`, locking is off."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PATIENCE = 60.0


@dataclass(frozen=True)
class Race:
    """What the clients run on. `slots` are one a round; `enterprises` are primary keys, one a client."""

    home: Path
    database_url: str
    slots: tuple[str, ...]
    enterprises: tuple[int, ...]
    clients: int
    processes: int = 2
    canary: bool = False


def run(race: Race) -> Counter[str]:
    """Run every round and count the outcomes: `ok` or the refusal's code."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(race.processes)
    queue: Any = context.Queue()
    workers = [
        context.Process(target=_work, args=(race, number, barrier, queue), daemon=True)
        for number in range(race.processes)
    ]
    for worker in workers:
        worker.start()
    outcomes: Counter[str] = Counter()
    for _ in workers:
        outcomes.update(queue.get(timeout=PATIENCE * 4 + len(race.slots)))
    for worker in workers:
        worker.join(PATIENCE)
    return outcomes


def _work(race: Race, number: int, barrier: Barrier, queue: Any) -> None:
    from eventsys.app import create_app
    from tests.conftest import make_config

    app = create_app(make_config(race.home, race.database_url))
    if race.canary:
        _turn_locking_off(app)
    mine = range(number, race.clients, race.processes)
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()
    for slot in race.slots:
        gate = threading.Barrier(len(mine))

        def client(enterprise: int, slot: str = slot, gate: threading.Barrier = gate) -> None:
            gate.wait(PATIENCE)
            outcome = _book(app, slot, enterprise)
            with lock:
                outcomes[outcome] += 1

        threads = [threading.Thread(target=client, args=(race.enterprises[k],)) for k in mine]
        barrier.wait(PATIENCE)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    queue.put(dict(outcomes))


def _book(app: Any, slot: str, enterprise: int) -> str:
    from eventsys.bookings.rules import NewBooking
    from eventsys.bookings.services import book_slot
    from eventsys.core.actor import Actor, Grant, Role
    from eventsys.core.db import Busy, db, unit_of_work
    from eventsys.core.errors import Refusal

    actor = Actor(person=None, name="客户端", grants=frozenset({Grant(Role.CONTACT, enterprise=enterprise)}))
    for _attempt in range(20):  # 503 with Retry-After: a client comes back
        try:
            with app.app_context(), unit_of_work():
                book_slot(NewBooking(slot, enterprise, party=1), actor=actor)
        except Refusal as refusal:
            return refusal.code
        except (Busy, sa.exc.TimeoutError, sa.exc.OperationalError):
            time.sleep(0.05)
        else:
            return "ok"
        finally:
            with app.app_context():
                db.session.remove()
    return "busy"


def _turn_locking_off(app: Any) -> None:
    """Read without locks and, on SQLite, without a transaction; think a moment between reading and writing."""
    from contextlib import nullcontext

    from eventsys.bookings.services import booking
    from eventsys.core import db as core_db

    read = booking.lock_slot_for_booking

    def read_and_dawdle(*args: Any) -> Any:
        found = read(*args)
        time.sleep(0.05)
        return found

    booking.lock_slot_for_booking = read_and_dawdle
    sa.sql.Select.with_for_update = lambda self, **_how: self  # type: ignore[method-assign, assignment]
    if core_db.sqlite_module and str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite"):
        sa.event.remove(sa.Engine, "begin", core_db._begin_sqlite)

        class NoLock(nullcontext[None]):
            def acquire(self, timeout: float = 0) -> bool:
                return True

            def release(self) -> None:
                pass

        core_db._writer = NoLock()  # type: ignore[assignment]
