"""What people and programmes read most, and booking, of a real server on the demonstration district on SQLite.

Reads are compared with /healthz on the same server, writes with bare one-row transactions on a database file of the
same settings.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eventsys.core.db import sqlite_module
from tests.browser.server import environment, eventsys, free_port, serving

ROUNDS = 5
SLOTS = 50_000
MONTH, NEXT_MONTH = f"{date.today():%Y-%m}", f"{date.today() + timedelta(days=31):%Y-%m}"  # noqa: DTZ011 - any month does
SECONDS = 1.0
CLIENTS = 8
Act = Callable[["Client"], None]


class Client:
    """One kept-alive connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def send(self, verb: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and body of one answer; header names are given with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        self.connection.request(verb, path, json.dumps(body) if body is not None else None, sent)
        answer = self.connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def rate(act: Act, url: str) -> float:
    """Acts a second by all clients together."""
    counts = [0] * CLIENTS
    ends = time.perf_counter() + SECONDS

    def work(number: int) -> None:
        client = Client(url)
        while time.perf_counter() < ends:
            act(client)
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def bare_writes(folder: Path) -> float:
    """One-row transactions a second, one after the other, on a file with the application's settings."""
    connection = sqlite_module.connect(str(folder / "bare.db"), isolation_level=None)
    for setting in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("CREATE TABLE IF NOT EXISTS rows_written (id INTEGER PRIMARY KEY, text TEXT)")
    count, ends = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < ends:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows_written (text) VALUES ('x')")
        connection.execute("COMMIT")
        count += 1
    connection.close()
    return count / SECONDS


def add_slots(file: Path) -> None:
    """Copies of the published slots, over four years, until there are many."""
    with closing(sqlite_module.connect(str(file))) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(slots)")]
        kept = [name for name in columns if name not in {"id", "public_id"}]
        shifted = [
            f"strftime('%Y-%m-%d %H:%M:%f000', {name}, n || ' days')" if name.endswith(("_at", "_until")) else name
            for name in kept
        ]
        connection.execute(
            f"""INSERT INTO slots (public_id, {", ".join(kept)})
            WITH RECURSIVE numbers(n) AS (SELECT -730 UNION ALL SELECT n + 7 FROM numbers WHERE n < 730)
            SELECT lower(hex(randomblob(6))) || 'a', {", ".join(shifted)}
            FROM slots, numbers WHERE state = 'published' LIMIT {SLOTS}"""
        )
        connection.execute("ANALYZE")


def reads(url: str, demo: dict[str, Any]) -> dict[str, Act]:
    """What people and calendar clients read most."""
    etag = Client(url).send("GET", "/feeds/all.ics")[1]["etag"]

    def get(path: str, expected: int = 200, **headers: str) -> Act:
        def act(client: Client) -> None:
            status, _, _ = client.send("GET", path, **headers)
            assert status == expected, (path, status)

        return act

    return {
        "bare page": get("/healthz"),
        "home": get("/"),
        "month of the calendar": get(f"/calendar.json?start={MONTH}-01T00:00:00&end={NEXT_MONTH}-01T00:00:00"),
        "slot page": get(f"/slots/{demo['slots'][0]}"),
        "feed, unchanged (304)": get("/feeds/all.ics", 304, If_None_Match=etag),
        "feed, whole": get("/feeds/all.ics"),
        "slots by API": get("/api/v1/slots"),
    }


def bookings(demo: dict[str, Any]) -> Act:
    """Book and cancel in turn, each enterprise on slots with many places."""
    tokens = [token for name, token in demo["tokens"].items() if name.startswith("contact")]
    pairs = itertools.cycle([(token, slot) for slot in demo["slots"][:10] for token in tokens])
    lock = threading.Lock()

    def act(client: Client) -> None:
        with lock:
            token, slot = next(pairs)
        bearer = f"Bearer {token}"
        body = {"slot": slot, "attendees": [{"name": "林女士"}]}
        key = uuid.uuid4().hex
        status, _, raw = client.send("POST", "/api/v1/bookings", body, Authorization=bearer, Idempotency_Key=key)
        if status == 201:
            client.send("POST", f"/api/v1/bookings/{json.loads(raw)['id']}/cancel", {}, Authorization=bearer)
        else:
            assert status == 409, (status, raw[:200])

    return act


@contextmanager
def demonstration() -> Iterator[tuple[Path, dict[str, str], int, dict[str, Any]]]:
    """The demonstration district with many slots on SQLite: its database file, its variables, its port, what demo load
    wrote."""
    with tempfile.TemporaryDirectory() as home:
        folder, port = Path(home), free_port()
        env = environment(folder, port)
        eventsys(env, "db", "upgrade")
        eventsys(env, "demo", "load", "--json", f"{home}/demo.json")
        add_slots(folder / "eventsys.db")
        yield folder / "eventsys.db", env, port, json.loads((folder / "demo.json").read_text("utf-8"))


def measure() -> None:
    """Measure and print."""
    with demonstration() as (file, env, port, demo), serving(env, port) as url:
        acts = {**reads(url, demo), "book and cancel": bookings(demo)}
        rates: dict[str, list[float]] = {name: [] for name in [*acts, "bare writes"]}
        for _ in range(ROUNDS):
            for name, act in acts.items():
                rates[name].append(rate(act, url))
            rates["bare writes"].append(bare_writes(file.parent))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, median in medians.items():
        base = "bare writes" if name == "book and cancel" else "bare page"
        print(f"{name:<24}{median:>10.0f} /s{median / medians[base]:>10.1%} of {base}")
