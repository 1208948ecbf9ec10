"""Checking in over the API on PostgreSQL beside pgbench: at the doors of many slots, and at the one of a large hall.

`python -m benchmarks.checkins PORT SECONDS CODES FIRST SPREAD` is the clients: it prints the check-ins and the seconds.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.bookings import ROUNDS, SECONDS, WARM_UP_SECONDS, WORKERS, first_people
from benchmarks.clients import CLIENTS, Client, act_for, named
from benchmarks.postgres import ENTERPRISES, HERE, SPREAD, Cluster, run_pgbench, running, seed
from tests.browser.server import environment, eventsys, free_port, serving

OURS = 40_000  # tickets that we read; pgbench has as many
HALL = 5_000
KINDS = {f"doors of {SPREAD:,} slots": (0, SPREAD), f"a hall of {HALL:,}": (2 * OURS, 1)}


def measure() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home, running() as cluster:
        port = free_port()
        env = {**environment(Path(home), port), "EVENTSYS_DATABASE_URL": cluster.url}
        eventsys(env, "db", "upgrade")
        eventsys(env, "setup", "--name", "示范区", *first_people())
        seed(cluster)
        cluster.run(HERE / "doors.sql", enterprises=ENTERPRISES, people=2 * OURS, hall=HALL, spread=SPREAD)
        codes = Path(home) / "codes.json"
        subprocess.run([sys.executable, "-c", SIGN, str(codes)], check=True, env=os.environ | env)
        with serving(env, port, workers=WORKERS):
            _measure(cluster, port, codes)


SIGN = """
import json, sys
from benchmarks.checkins import HALL, OURS, tickets
from eventsys.app import create_app
from eventsys.bookings.keys import _keys
from eventsys.bookings.tickets import sign
with create_app().app_context():
    key_id, keys = _keys()
    codes = {number: sign(ticket, slot, key_id, keys[key_id]) for number, ticket, slot in tickets()}
open(sys.argv[1], "w").write(json.dumps(codes))
"""


def tickets() -> list[tuple[int, str, str]]:
    """(number, ticket, slot) of those that we read: the first of the doors, and the hall's."""
    doors = [(number, 1 + (number + number // ENTERPRISES) % SPREAD) for number in range(1, OURS + 1)]
    hall = [(number, SPREAD + 1) for number in range(2 * OURS + 1, 2 * OURS + HALL + 1)]
    return [(number, named("a", number), named("s", slot)) for number, slot in (*doors, *hall)]


def _measure(cluster: Cluster, port: int, codes: Path) -> None:
    used = dict.fromkeys(KINDS, 0)
    rates: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in KINDS}
    for number in range(ROUNDS + 1):  # the first warms up
        for kind, (first, spread) in KINDS.items():
            seconds = WARM_UP_SECONDS if number == 0 and spread > 1 else SECONDS if spread > 1 else SECONDS / 2
            made, took = _ours(port, seconds, codes, first + used[kind], spread)
            used[kind] += made + CLIENTS
            if number:
                rates[kind][0].append(made / took)
                people = {"first": 1 + first + (OURS if spread > 1 else HALL), "people": OURS if spread > 1 else HALL}
                rates[kind][1].append(run_pgbench(cluster, HERE / "checkin.sql", SECONDS, **people))
    for kind, (ours, theirs) in rates.items():
        mine, bare = statistics.median(ours), statistics.median(theirs)
        print(f"{kind:<24}{mine:>10.0f} /s{mine / bare:>10.1%} of pgbench's {bare:.0f} /s")


def _ours(port: int, seconds: float, codes: Path, first: int, spread: int) -> tuple[int, float]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.checkins",
        str(port),
        str(seconds),
        str(codes),
        str(first),
        str(spread),
    ]
    made, took = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(made), float(took)


def _check_in(port: int, seconds: float, codes: dict[str, str], first: int, spread: int) -> tuple[int, float]:
    coming = itertools.count(1 + first)  # one queue for all doors

    def act(client: Client, _number: int) -> None:
        ticket = next(coming)
        gate = 1 + (ticket + ticket // ENTERPRISES) % SPREAD if spread > 1 else SPREAD + 1
        client.check_in(gate, codes[str(ticket)], f"bench-{ticket}")

    return act_for(port, seconds, act)


if __name__ == "__main__":
    port, seconds, codes, first, spread = sys.argv[1:]
    made, took = _check_in(int(port), float(seconds), json.loads(Path(codes).read_text()), int(first), int(spread))
    print(made, took)
