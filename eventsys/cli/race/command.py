"""`eventsys race`: hammer two servers with clients and check the history."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from sqlalchemy import text

from eventsys.cli.application import installed
from eventsys.cli.race.canary import drop_indexes
from eventsys.cli.race.district import make_database, make_district
from eventsys.cli.race.scenarios import KILLS, SCENARIOS, Scenario
from eventsys.cli.race.servers import serving
from eventsys.cli.race.stage import Played, Stage
from eventsys.core.db import db, is_sqlite

CANARY_CLIENTS, CANARY_ROUNDS = 24, 2
SHOWN, ENTRIES_SHOWN = 5, 8  # violations of a scenario, and entries of the slot's trail
_LINE = "  {:<16}{:>10}{:>7}{:>9}  {:<10}{}"


@click.command()
@click.option("--database", default="", help="postgresql://… or sqlite:////…, empty or of a race before.")
@click.option("--clients", type=click.IntRange(4, 1000), default=200, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Of each scenario.")
@click.option("--kills", type=click.IntRange(0, 10_000), default=0, show_default=True, help="kill -9 of a server.")
@click.option("--scenario", "names", multiple=True, type=click.Choice(list(SCENARIOS)), help="Repeat it; default: all.")
@click.option("--canary/--no-canary", default=True, show_default=True, help="Locking off first.")
def race(database: str, clients: int, rounds: int, kills: int, names: tuple[str, ...], canary: bool) -> None:
    """Prove that nothing is oversold or lost.

    Clients press at once at two servers; then what they were told, the audit trail and the tables are compared. The
    database is made anew: a SQLite file of its own unless one is named. Exit 1 with the evidence when anything is
    wrong, or when the canary, the same race with locking off, passes.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended too
    chosen = [SCENARIOS[name] for name in names or SCENARIOS]
    with ExitStack() as tidying:
        folder = Path(tempfile.mkdtemp(prefix="eventsys-race-"))
        tidying.callback(shutil.rmtree, folder, ignore_errors=True)
        settings = {"HOME": str(folder), "DATABASE_URL": database, "SECRET_KEY": "", "MAIL_URL": "", "BASE_URL": ""}
        os.environ |= {f"EVENTSYS_{name}": value for name, value in settings.items()}
        with installed():
            is_seen = not canary or _is_canary_seen(folder, chosen, min(clients, CANARY_CLIENTS))
            is_well = _is_proved(folder, chosen, clients, rounds, kills)
        if not (is_seen and is_well):
            tidying.pop_all()
            raise click.ClickException(f"see above; what the servers wrote is kept in {folder}")


def _is_canary_seen(folder: Path, chosen: Sequence[Scenario], clients: int) -> bool:
    """Whether the history check finds fault with every scenario when nothing is locked."""
    make_database()
    contacts, clerk = make_district(clients)
    drop_indexes()
    click.echo(f"Canary: {clients} clients, {CANARY_ROUNDS} rounds, locking off.")
    with serving(folder, locks=False, works=False) as servers:
        stage = Stage(contacts, clerk, servers, patience=0)
        played = [stage.play(scenario, CANARY_ROUNDS) for scenario in chosen]
    for each in played:
        first = f"caught, {each.violations[0].what}" if each.violations else "NOT CAUGHT"
        click.echo(f"  {each.name:<16}{len(each.violations):>10} violations  {first}")
    return all(each.violations for each in played)


def _is_proved(folder: Path, chosen: Sequence[Scenario], clients: int, rounds: int, kills: int) -> bool:
    """Whether the history check finds nothing wrong."""
    make_database()
    contacts, clerk = make_district(clients)
    before = _deadlocks()
    click.echo(f"Race: {clients} clients, {rounds} rounds, {kills} kills, on {db.engine.dialect.name}.")
    click.echo(_LINE.format("scenario", "requests", "503", "seconds", "verdict", "outcomes"))
    with serving(folder) as servers:
        stage = Stage(contacts, clerk, servers)
        played = [_shown(stage.play(scenario, rounds)) for scenario in chosen]
        if kills:
            played.append(_shown(stage.play(KILLS, 1, kills=kills)))
    deadlocks = _deadlocks() - before
    busy, left = _logged(folder, "database_busy"), _logged(folder, "after_commit_failed")
    click.echo(f"  deadlocks: {deadlocks}; 503 because of the database: {busy}; places left to the worker: {left}")
    return not deadlocks and not any(each.violations for each in played)


def _shown(played: Played) -> Played:
    """One row of the table, and the evidence of what is wrong."""
    outcomes = ", ".join(f"{name} {count:,}" for name, count in played.outcomes.most_common())
    busy = sum(call.busy for call in played.calls)
    verdict = f"{len(played.violations)} WRONG" if played.violations else "holds"
    click.echo(_LINE.format(played.name, f"{len(played.calls):,}", busy, f"{played.seconds:.1f}", verdict, outcomes))
    if played.back:
        median, longest = statistics.median(played.back), max(played.back)
        lost = sum(call.cut for call in played.calls)
        click.echo(
            f"    {len(played.back)} kills cut {lost} requests off; serving again after {median:.1f} s (median), "
            f"{longest:.1f} s (longest)"
        )
    for violation in played.violations[:SHOWN]:
        click.echo(f"    {violation.what}; slot {violation.slot or 'none'}")
        for entry in played.replay.told.get(violation.slot, ())[-ENTRIES_SHOWN:]:
            click.echo(f"        {entry.at:%H:%M:%S.%f} {entry.id} {entry.action} {entry.booking} {entry.after}")
    return played


def _deadlocks() -> int:
    """How many PostgreSQL has seen in this database; SQLite knows none."""
    if is_sqlite():
        return 0
    db.session.rollback()
    found = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(db.session.execute(found).scalar_one())


def _logged(folder: Path, event: str) -> int:
    """How often the servers have logged it."""
    logs = [log.read_text("utf-8", "replace") for log in folder.glob("server-*.log")]
    return sum(log.count(f'"event": "{event}"') for log in logs)
