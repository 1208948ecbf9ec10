"""Calendars of staff: when somebody has no time counts as a clash, and nothing else of the calendar is kept."""

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.queries.clashes import list_clashes_of, tell_clashes
from eventsys.calendars.models import BusyCalendar
from eventsys.calendars.services import add_busy_calendar, look_up_busy, remove_busy_calendar
from eventsys.calendars.tasks import read_busy_calendars
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.busy import BusyTime, busy_between, merged
from eventsys.directory.commands import StaffDetails
from eventsys.directory.services.staff import add_staff, set_staff_active
from eventsys.slots.clashes import ClashKind
from tests import cast
from tests.calendars.test_reading import calendar
from tests.factories import make_slot, soon

TAX = cast.fixed_id("d", cast.TAX)


class Served(ThreadingHTTPServer):
    """Somebody's calendar on a server, with a validator."""

    content, tag, status = b"", 0, 200

    def put(self, *events):
        self.content, self.tag = calendar(*events), self.tag + 1

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/busy.ics"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        tag = f'"{self.server.tag}"'
        is_known = self.headers.get("If-None-Match") == tag
        self.send_response(304 if is_known else self.server.status)
        self.send_header("ETag", tag)
        body = b"" if is_known else self.server.content
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def theirs(app, monkeypatch):
    """A calendar that may be fetched although it is on this machine."""
    config = app.config["EVENTSYS"]
    monkeypatch.setattr("eventsys.calendars.services.busy.installation", lambda: _Allowing(config))
    made = Served(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


class _Allowing:
    calendar_hosts = frozenset({"127.0.0.1"})

    def __init__(self, config):
        self.zone = config.zone


@pytest.fixture
def member(app):
    with unit_of_work():
        return add_staff(TAX, StaffDetails("周工"), actor=cast.CLERK.actor)


def event(start, minutes=60, uid="a", lines=""):
    start = start.astimezone(UTC)
    return f"UID:{uid}\nSUMMARY:体检\nDTSTART:{start:%Y%m%dT%H%M%SZ}\nDURATION:PT{minutes}M\n{lines}"


def subscribe(member, theirs, actor=cast.CLERK):
    busy = look_up_busy(theirs.url)
    with unit_of_work():
        return add_busy_calendar(member.public_id, theirs.url, busy, actor=actor.actor)


def spans():
    db.session.rollback()
    return [(row.starts_at, row.ends_at) for row in db.session.scalars(select(BusyTime).order_by(BusyTime.starts_at))]


def told(slot):
    return [item.code for item in tell_clashes(list_clashes_of([slot.id]), cast.CLERK.actor)]


def test_a_busy_time_is_a_clash_of_whoever_comes(app, member, theirs):
    slot = make_slot(staff=(member.id,))
    assert told(slot) == []
    theirs.put(event(slot.starts_at + timedelta(minutes=30)))
    subscribe(member, theirs)
    (clash,) = list_clashes_of([slot.id])
    assert (clash.kind, clash.who, clash.other.key) == (ClashKind.BUSY, member.id, None)
    (one,) = tell_clashes([clash], cast.CLERK.actor)
    assert (one.code, one.fields["who"], one.fields["title"], one.slot) == ("slot_clash_busy", "周工", "", None)
    away = make_slot(staff=(member.id,), starts_at=soon(8))
    assert told(away) == []


def test_what_takes_no_time_is_no_clash(app, member, theirs):
    slot = make_slot(staff=(member.id,))
    at = slot.starts_at
    theirs.put(
        event(at, uid="free", lines="TRANSP:TRANSPARENT"),
        event(at, uid="off", lines="STATUS:CANCELLED"),
        event(at, uid=f"{slot.public_id}@eventsys.test"),  # our own feed, which they subscribed to in that calendar
        event(at - timedelta(hours=1), uid="before"),
        event(slot.ends_at, uid="after"),
    )
    subscribe(member, theirs)
    assert told(slot) == []
    assert len(spans()) == 2


def test_only_from_when_to_when_is_kept(app, member, theirs):
    theirs.put(event(soon()), event(soon() + timedelta(minutes=30), uid="b"))
    row = subscribe(member, theirs)
    assert spans() == [(soon(), soon() + timedelta(minutes=90))]
    assert row.host == "127.0.0.1"
    assert theirs.url not in row.sealed_url
    assert "体检" not in repr([vars(item) for item in db.session.scalars(select(BusyTime))])


def test_it_is_read_again_and_asks_whether_it_changed(app, member, theirs):
    theirs.put(event(soon()))
    subscribe(member, theirs)
    assert read_busy_calendars() is False  # not due yet
    at = now()
    for minutes, events, expected in ((31, None, 1), (62, (event(soon(8)), event(soon(9), uid="b")), 2), (93, (), 0)):
        if events is not None:
            theirs.put(*events)
        with time_machine.travel(at + timedelta(minutes=minutes), tick=False):
            assert read_busy_calendars() is True
            assert read_busy_calendars() is False
        assert len(spans()) == expected


def test_one_that_never_changes_is_read_whole_again_on_a_new_day(app, member, theirs):
    weekly = event(soon(6), lines="RRULE:FREQ=WEEKLY")
    theirs.put(weekly)
    subscribe(member, theirs)
    last = spans()[-1]
    with time_machine.travel(now() + timedelta(days=14), tick=False):
        assert read_busy_calendars() is True
    assert spans()[-1][0] > last[0] + timedelta(days=7)


def test_a_failure_keeps_what_was_known_and_says_so(app, client, member, theirs):
    theirs.put(event(soon()))
    subscribe(member, theirs)
    theirs.tag, theirs.status = 99, 500
    at = now()
    with time_machine.travel(at + timedelta(minutes=31), tick=False):
        assert read_busy_calendars() is True
        assert read_busy_calendars() is False
    db.session.rollback()
    row = db.session.scalars(select(BusyCalendar)).one()
    assert (row.error, len(spans())) == ("url_answer 500", 1)
    page = client.sign_in(cast.CLERK).get("/calendars/busy").get_data(as_text=True)
    assert "周工" in page
    assert "(500)" in page or "（500）" in page
    theirs.status = 200
    with time_machine.travel(at + timedelta(minutes=92), tick=False):
        assert read_busy_calendars() is True
    db.session.rollback()
    assert db.session.scalars(select(BusyCalendar)).one().error == ""


def test_it_is_forgotten_with_its_calendar_and_not_read_of_who_left(app, member, theirs):
    theirs.put(event(soon()))
    row = subscribe(member, theirs)
    with unit_of_work():
        set_staff_active(member.public_id, False, actor=cast.CLERK.actor)
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        assert read_busy_calendars() is False
    with unit_of_work():
        remove_busy_calendar(row.public_id, actor=cast.CLERK.actor)
    assert spans() == []


def test_only_the_own_department_and_the_person_have_a_say(app, client, member, theirs):
    theirs.put(event(soon()))
    row = subscribe(member, theirs)
    for stranger in (cast.STRANGER_CLERK, cast.CONTACT, cast.VOLUNTEER):
        with pytest.raises(NotFound):
            subscribe(member, theirs, stranger)
        with pytest.raises(NotFound), unit_of_work():
            remove_busy_calendar(row.public_id, actor=stranger.actor)
        page = client.sign_in(stranger).get("/calendars/busy").get_data(as_text=True)
        assert "周工" not in page
        assert client.post(f"/calendars/busy/{row.public_id}/remove").status_code == 404
    for _ in range(4):
        subscribe(member, theirs)
    with pytest.raises(Conflict):
        subscribe(member, theirs)


def test_the_page_adds_and_removes_and_names_what_is_wrong(app, client, member, theirs):
    client.sign_in(cast.CLERK)
    theirs.put(event(soon()))
    for url in ("", "x", "http://10.0.0.1/", theirs.url.replace("127.0.0.1", "localhost")):
        answer = client.post("/calendars/busy", data={"staff": member.public_id, "url": url})
        assert answer.status_code == 422
        assert 'id="url-error"' in answer.get_data(as_text=True)
    assert client.post("/calendars/busy", data={"staff": "x", "url": theirs.url}).status_code == 422
    assert client.post("/calendars/busy", data={"staff": member.public_id, "url": theirs.url}).status_code == 303
    page = client.get("/calendars/busy").get_data(as_text=True)
    assert "127.0.0.1" in page
    assert "/busy.ics" not in page
    row = db.session.scalars(select(BusyCalendar)).one()
    assert client.post(f"/calendars/busy/{row.public_id}/remove").status_code == 303
    assert spans() == []
    theirs.content = b"<html>"
    answer = client.post("/calendars/busy", data={"staff": member.public_id, "url": theirs.url})
    assert answer.status_code == 422
    with pytest.raises(Invalid):
        look_up_busy(theirs.url)


@pytest.mark.sqlite_only
def test_spans_that_touch_are_one():
    hours = [datetime(2026, 12, 1, hour, tzinfo=UTC) for hour in range(24)]
    spans = [(9, 11), (3, 4), (10, 10), (11, 12), (4, 3)]
    assert merged((hours[a], hours[b]) for a, b in spans) == [(hours[3], hours[4]), (hours[9], hours[12])]
    assert busy_between([], hours[0], hours[1]) == []
