"""Calendar feeds: polling clients that have it all beside a bare text answer, and what a cold and a warm feed cost
beside building the same strings in a bare loop.

The feed holds 1,000 events of the demonstration's kind; memory is measured with 10,000.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.bare_feed import bare_loop
from benchmarks.reads import Client, demonstration, rate
from eventsys import create_app
from eventsys.calendars.bodies import compress
from eventsys.calendars.queries import find_public_feed, heading_of, iter_events
from eventsys.config import load_config
from eventsys.core.db import db, sqlite_module
from eventsys.core.ical import Calendar, calendar_lines
from eventsys.core.installation import installation
from eventsys.slots.queries import SlotFilter
from tests.browser.server import serving

ROUNDS = 7
EVENTS = 1_000


def keep(file: Path, number: int) -> None:
    """Leave so many public slots in the window of the feeds; the others were long ago."""
    with closing(sqlite_module.connect(str(file))) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(slots)")]
        times = [name for name in columns if name.endswith(("_at", "_until")) and name != "called_off_at"]
        long_ago = [f"{name} = strftime('%Y-%m-%d %H:%M:%f000', {name}, '-3650 days')" for name in times]
        connection.execute(f"UPDATE slots SET {', '.join(long_ago)} WHERE starts_at > '2020'")
        day = "strftime('%Y-%m-%d %H:%M:%f000', 'now', (id % 300) || ' days'"
        connection.execute(
            f"""UPDATE slots SET starts_at = {day}), ends_at = {day}, '+90 minutes'), opens_at = NULL,
            closes_at = {day}, '-1 days'), changed_at = {day}, '-20 days')
            WHERE id IN (SELECT id FROM slots WHERE state = 'published' AND NOT is_hidden LIMIT {number})"""
        )
        connection.execute("UPDATE districts SET feed_revision = feed_revision + 1")


def polling(url: str, demo: dict[str, Any]) -> dict[str, float]:
    """Answers a second of each kind, medians of interleaved rounds."""
    tags = {path: Client(url).send("GET", path)[1]["etag"] for path in ("/feeds/all.ics", *_private(demo))}
    acts = {"bare text": lambda client: client.send("GET", "/healthz")}
    for path, tag in tags.items():
        acts[f"304 {path.split('/')[2]}"] = lambda client, path=path, tag=tag: _unchanged(client, path, tag)
    rates: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            rates[name].append(rate(act, url))
    return {name: statistics.median(values) for name, values in rates.items()}


def _private(demo: dict[str, Any]) -> list[str]:
    return [demo["feeds"]["private"]]


def _unchanged(client: Client, path: str, tag: str) -> None:
    status, _, _ = client.send("GET", path, If_None_Match=tag)
    assert status == 304, (path, status)


def cost(url: str, file: Path) -> dict[str, float]:
    """Seconds of one whole feed, cold (its revision just rose) and warm, over HTTP; the best, for others disturb."""
    client, cold, warm = Client(url), [], []
    for _ in range(3 * ROUNDS):
        with closing(sqlite_module.connect(str(file))) as connection, connection:
            connection.execute("UPDATE districts SET feed_revision = feed_revision + 1")
        for kind in (cold, warm):
            started = time.perf_counter()
            _status, _headers, body = client.send("GET", "/feeds/all.ics", Accept_Encoding="gzip")
            kind.append(time.perf_counter() - started)
            assert body
    return {"cold": min(cold), "warm": min(warm)}


def measure() -> None:
    """Measure and print."""
    with demonstration() as (file, env, port, demo):
        keep(file, EVENTS)
        with serving(env, port) as url:
            rates = polling(url, demo)
            for name, value in rates.items():
                print(f"{name:<24}{value:>10.0f} /s{value / rates['bare text']:>10.1%} of bare text")
            seconds = cost(url, file)
            raw = Client(url).send("GET", "/feeds/all.ics")[2]
        head = raw[: raw.index(b"BEGIN:VEVENT")]
        built = [bare_loop(file, head, url) for _ in range(3 * ROUNDS)]
        assert built[0][1] == raw, "the bare loop builds another text"
        bare = min(taken for taken, _text in built)
        for name, value in seconds.items():
            beside = f"{value / bare:>10.2f} x a bare loop of {bare * 1e3:.1f} ms"
            print(f"{EVENTS} events, {name:<12}{value * 1e3:>10.1f} ms{beside}")
        for number in (EVENTS, 10 * EVENTS):
            keep(file, number)
            print(f"{number:>6} events built in {_peak(env):.1f} MiB")


def _peak(env: dict[str, str]) -> float:
    """The most memory that building the feed of everything takes, in MiB."""
    app = create_app(load_config(env))
    with app.app_context():
        _build()  # what is loaded once
        db.session.remove()
        tracemalloc.start()
        _build()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak / 2**20


def _build() -> None:
    feed = find_public_feed(SlotFilter())
    assert feed is not None
    heading = heading_of(feed)
    calendar = Calendar(installation().zone, heading.name, heading.description, heading.url, heading.color)
    compress(calendar_lines(calendar, iter_events(feed))).file.close()


if __name__ == "__main__":
    measure()
