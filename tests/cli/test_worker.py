"""The worker's loop, as a process and chore by chore."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from eventsys.accounts.models import Throttle
from eventsys.app import create_app
from eventsys.cli.housekeeping import clean_up
from eventsys.cli.worker import HEARTBEAT, Chore, do_due, work_until
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from eventsys.notifications.rules import MessageState
from eventsys.notifications.services import Recipient, enqueue


@pytest.mark.sqlite_only
def test_a_chore_that_fails_keeps_no_other_back(app):
    ran = []

    def fail() -> bool:
        raise ZeroDivisionError

    todo = [Chore("bad", fail, 0.0), Chore("good", lambda: bool(ran.append(1)), 0.0)]
    assert do_due(todo) is False
    assert do_due(todo) is False
    assert ran == [1, 1]
    assert todo[0].due > time.monotonic() + 5  # rests before it is tried again


@pytest.mark.sqlite_only
def test_more_to_do_is_done_at_once_and_stop_ends_the_loop(app):
    stop, left = threading.Event(), [1, 2, 3]

    def work() -> bool:
        left.pop()
        if not left:
            stop.set()
        return bool(left)

    began = time.monotonic()
    work_until(stop, [Chore("work", work, 60.0)])
    assert left == []
    assert time.monotonic() - began < 2


def test_cleaning_up_takes_only_what_is_over(app):
    with unit_of_work():
        db.session.add(Throttle(key="old", failures=1, window_ends_at=now() - timedelta(minutes=1)))
        db.session.add(Throttle(key="new", failures=1, window_ends_at=now() + timedelta(minutes=1)))
    clean_up()
    assert db.session.scalars(db.select(Throttle.key)).all() == ["new"]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process_it_delivers_beats_and_ends_cleanly(district, home, number):
    with create_app().app_context():
        with unit_of_work():
            enqueue("password_changed", [Recipient(address="a@example.com")], {"name": "甲"})
        message = db.session.query(Message).one().public_id
        db.session.remove()
    process = subprocess.Popen([sys.executable, "-m", "eventsys.cli", "worker"], env=os.environ)
    file = home / "mail" / f"{message}.eml"
    deadline = time.monotonic() + 30
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(number)
    assert process.wait(15) == 0
    assert file.exists()
    assert (home / HEARTBEAT).exists()
    with create_app().app_context():
        assert db.session.query(Message).one().state is MessageState.SENT
        db.session.remove()
