"""`eventsys worker`: a small loop over due rows. It polls: one indexed query a second costs nothing measurable, while
NOTIFY takes a lock at every commit and would make bookings queue behind one another."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import structlog
from apiflask import APIFlask

from eventsys.bookings.tasks import draw_due, keep_queues, publish_editions, remind_departments
from eventsys.calendars.tasks import read_answers, read_busy_calendars, sweep_feeds
from eventsys.checkin.tasks import record_no_shows, thank_who_came
from eventsys.cli.application import installed
from eventsys.cli.housekeeping import clean_up
from eventsys.core.db import db
from eventsys.directory.queries import get_district
from eventsys.notifications.rules import BATCH
from eventsys.notifications.tasks import Sender, deliver_due

POLL_SECONDS = 1.0
HEARTBEAT = "worker.heartbeat"
HEARTBEAT_SECONDS = 10.0
SWEEP_SECONDS = 300.0  # once a day it has something to do; asking costs one row
ANSWERS_SECONDS = 60.0
APPROVAL_SECONDS = 60.0
BUSY_SECONDS = 30.0
NO_SHOW_SECONDS = 300.0
CLEAN_UP_SECONDS = 3600.0
AFTER_AN_ERROR_SECONDS = 15.0

log = structlog.get_logger(__name__)


@dataclass
class Chore:
    """Something done again and again; `run` answers whether there is more to do at once.

    Paced by the monotonic clock: a clock that is set back keeps nothing waiting.
    """

    name: str
    run: Callable[[], bool]
    every_seconds: float
    due: float = 0.0


@click.command()
@click.option("--once", is_flag=True, help="Do what is due and end.")
def worker(once: bool) -> None:
    """Send mails and do the daily chores until interrupted. Several may run on PostgreSQL, one on SQLite."""
    with installed() as app:
        get_district()
        db.session.remove()
        if once:
            work_off(chores(app))
            return
        work_until(stop_signal(), chores(app))


def stop_signal() -> threading.Event:
    """Set by SIGTERM or SIGINT: the mail that is under way is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def chores(app: APIFlask) -> list[Chore]:
    """Everything this installation's worker does."""
    heartbeat: Path = app.config["EVENTSYS"].home / HEARTBEAT
    return [
        Chore("heartbeat", lambda: _beat(heartbeat), HEARTBEAT_SECONDS),
        Chore("outbox", _deliver, POLL_SECONDS),
        Chore("draws", _draw, POLL_SECONDS),
        Chore("queues", _keep_queues, POLL_SECONDS),
        Chore("editions", _publish_editions, POLL_SECONDS),
        Chore("approvals", _remind_departments, APPROVAL_SECONDS),
        Chore("no_shows", record_no_shows, NO_SHOW_SECONDS),
        Chore("thanks", thank_who_came, NO_SHOW_SECONDS),
        Chore("busy_calendars", read_busy_calendars, BUSY_SECONDS),
        Chore("answers", read_answers, ANSWERS_SECONDS),
        Chore("sweep_feeds", _sweep, SWEEP_SECONDS),
        Chore("clean_up", _clean_up, CLEAN_UP_SECONDS),
    ]


def work_until(stop: threading.Event, todo: list[Chore]) -> None:
    """Do whatever is due until `stop` is set. A chore that fails is logged and tried again; the others go on."""
    log.info("worker_started")
    while not stop.is_set():
        is_more = do_due(todo)
        stop.wait(0 if is_more else POLL_SECONDS)
    log.info("worker_stopped")


def work_off(todo: list[Chore]) -> None:
    """Do everything that is due now, and once what is not."""
    for chore in todo:
        while _do(chore):
            pass


def do_due(todo: list[Chore]) -> bool:
    """Run each due chore once; True when one of them has more to do."""
    at = time.monotonic()
    answers = [_do(chore) for chore in todo if chore.due <= at]
    return any(answers)


def _do(chore: Chore) -> bool:
    try:
        is_more = chore.run()
    except Exception:
        log.exception("chore_failed", chore=chore.name)
        chore.due = time.monotonic() + AFTER_AN_ERROR_SECONDS
        return False
    finally:
        db.session.remove()
    chore.due = time.monotonic() + (0 if is_more else chore.every_seconds)
    return is_more


def _beat(file: Path) -> bool:
    file.touch()
    return False


def _deliver() -> bool:
    district = get_district()
    sender = Sender(district=district.name, uid_host=district.uid_host)
    db.session.remove()
    return deliver_due(sender) == BATCH


def _draw() -> bool:
    draw_due()
    return False


def _keep_queues() -> bool:
    keep_queues()
    return False


def _publish_editions() -> bool:
    publish_editions()
    return False


def _remind_departments() -> bool:
    remind_departments()
    return False


def _sweep() -> bool:
    sweep_feeds()
    return False


def _clean_up() -> bool:
    clean_up()
    return False
