"""Booking over the API on PostgreSQL beside pgbench: spread over slots, on one slot, and among a million bookings."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.postgres import SPREAD, Cluster, add_million, hot, our_rate, pgbench_rate, running, seed, spread_over
from tests.browser.server import environment, eventsys, free_port, serving

ROUNDS = 5
SECONDS = 4
WARM_UP_SECONDS = 8  # until every connection has planned what it asks
WORKERS = 2
KINDS = {f"spread over {SPREAD:,} slots": spread_over, "one hot slot": hot}
PEOPLE = ("coordinator", "administrator")


def measure() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home, running() as cluster:
        port = free_port()
        env = {**environment(Path(home), port), "EVENTSYS_DATABASE_URL": cluster.url}
        eventsys(env, "db", "upgrade")
        eventsys(env, "setup", "--name", "示范区", *first_people())
        seed(cluster)
        with serving(env, port, workers=WORKERS):
            empty = _medians(cluster, port, first=0)
            _print(empty)
            add_million(cluster)
            full = _medians(cluster, port, first=ROUNDS + 1)
        print("with a million bookings more")
        _print(full, before=empty)


def first_people() -> list[str]:
    """The answers to `eventsys setup` about who begins."""
    answers: list[str] = []
    for role in PEOPLE:
        password = "face-to-face-2026"
        answers += [f"--{role}", role, f"--{role}-login", f"{role}@example.com", f"--{role}-password", password]
    return answers


def _medians(cluster: Cluster, port: int, *, first: int) -> dict[str, tuple[float, float]]:
    """Of each kind (ours, pgbench's) in bookings a second; a round before the first warms up."""
    rates: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in KINDS}
    our_rate(port, spread_over(first, ours=True), WARM_UP_SECONDS)
    for number in range(first + 1, first + 1 + ROUNDS):
        for kind, load in KINDS.items():
            ours, theirs = rates[kind]
            ours.append(our_rate(port, load(number, ours=True), SECONDS))
            theirs.append(pgbench_rate(cluster, load(number, ours=False), SECONDS))
    return {kind: (statistics.median(ours), statistics.median(theirs)) for kind, (ours, theirs) in rates.items()}


def _print(medians: dict[str, tuple[float, float]], before: dict[str, tuple[float, float]] | None = None) -> None:
    for kind, (ours, theirs) in medians.items():
        line = f"{kind:<24}{ours:>10.0f} /s{ours / theirs:>10.1%} of pgbench's {theirs:.0f} /s"
        print(line + (f", {before[kind][0] / ours:.2f} times as long as before" if before else ""))
