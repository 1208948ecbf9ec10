"""What feeds cost: the same bytes from every process, little memory for any number, a change as dear as one."""

import os
import subprocess
import sys
import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import insert

from eventsys.bookings.services import change_slot
from eventsys.calendars.bodies import compress
from eventsys.calendars.queries import events, find_public_feed, iter_events
from eventsys.core.db import db, unit_of_work
from eventsys.core.ical import Calendar, calendar_lines
from eventsys.core.installation import installation
from eventsys.slots.models import Slot
from eventsys.slots.queries import SlotFilter
from tests import cast, factories
from tests.browser.conftest import inside, site_home
from tests.browser.server import environment, eventsys
from tests.calendars.conftest import add_slot, on
from tests.support import counted_statements

__all__ = ["site_home"]


def add_many(number):
    """So many copies of a slot, a minute apart, in one statement."""
    first = add_slot(on(20))
    columns = [column for column in Slot.__table__.columns if column.name not in {"id", "public_id"}]
    values = {column.name: getattr(first, column.name) for column in columns}
    rows = [
        values | {"public_id": f"many{n:09d}", "starts_at": at, "ends_at": at + timedelta(hours=1)}
        for n in range(number - 1)
        for at in [first.starts_at + timedelta(minutes=n)]
    ]
    with unit_of_work():
        db.session.execute(insert(Slot.__table__), rows)


def build():
    pieces = calendar_lines(Calendar(installation().zone), iter_events(find_public_feed(SlotFilter())))
    body = compress(pieces)
    body.file.close()
    return body.length


def peak():
    build()  # what is loaded once
    db.session.expunge_all()
    tracemalloc.start()
    length = build()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return length, most


@pytest.mark.sqlite_only
def test_ten_times_the_events_take_little_more_memory(app, monkeypatch):
    monkeypatch.setattr(events, "CHUNK", 100)
    add_many(300)
    small, least = peak()
    db.session.execute(Slot.__table__.delete())
    db.session.commit()
    add_many(3_000)
    large, most = peak()
    assert large > 9 * small
    assert most < least + 600_000


def test_a_feed_read_in_chunks_is_the_whole_feed(client, monkeypatch):
    add_many(25)
    for _ in range(3):
        add_slot(on(20))  # of the same start
    whole = client.get("/feeds/all.ics").data
    for chunk in (1, 3, 28, 29):
        monkeypatch.setattr(events, "CHUNK", chunk)
        parts = [event.uid for event in iter_events(find_public_feed(SlotFilter()))]
        assert len(parts) == len(set(parts)) == 28
        assert [line for line in whole.decode().split("\r\n") if line.startswith("UID:")] == [
            f"UID:{uid}" for uid in parts
        ]


def test_a_change_costs_the_same_however_many_events_a_feed_has(app):
    counts = []
    for number in (2, 400):
        add_many(number)
        slot = factories.make_slot()
        db.session.remove()
        with counted_statements() as seen, unit_of_work():
            values = factories.new_slot(title=f"改成{number}")
            change_slot(slot.public_id, values, version=None, actor=cast.CLERK.actor)
        counts.append(len(seen))
        with unit_of_work():
            db.session.execute(Slot.__table__.delete())
    assert counts[0] == counts[1]


READ = """
import hashlib
from eventsys.app import create_app
app = create_app()
client = app.test_client()
for path in ("/feeds/all.ics", "/feeds/departments/tax.ics", "/feeds/slots.ics?topic=policy"):
    for encoding in ("gzip", "identity"):
        answer = client.get(path, headers={"Accept-Encoding": encoding})
        assert answer.status_code == 200
        print(path, encoding, answer.headers["ETag"], hashlib.sha256(answer.data).hexdigest())
"""


@pytest.mark.sqlite_only
def test_every_process_in_every_time_zone_gives_the_same_bytes(site_home):
    env = environment(site_home, 8765)
    eventsys(env, "db", "upgrade")
    with inside(site_home, env["EVENTSYS_BASE_URL"]):
        from tests.browser.conftest import write_cast

        write_cast()
        factories.make_slot(title="一场👩‍👩‍👧", supporting=(cast.SCIENCE,))
    told = set()
    for zone, seed in (
        ("UTC", "1"),
        ("Asia/Shanghai", "2"),
        ("America/New_York", "3"),
        ("Pacific/Kiritimati", "random"),
    ):
        told.add(
            subprocess.run(
                [sys.executable, "-c", READ],
                env={**os.environ, **env, "TZ": zone, "PYTHONHASHSEED": str(seed)},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
    assert len(told) == 1
    assert told.pop().count("gzip") == 3
