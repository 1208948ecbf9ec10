"""Arrivals as they happen."""

import time
from datetime import timedelta

import pytest
import time_machine

from eventsys.checkin.queries import live
from eventsys.checkin.rules import CheckIn, Direction
from eventsys.checkin.services import annul, check_in
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot
from tests.support import counted_statements


@pytest.fixture
def slot(app):
    return make_slot()


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=("王一", "李二"), party=3)


@pytest.fixture
def others(slot):
    return make_booking(slot, cast.STRANGER, names=("赵三",))


@pytest.fixture
def gate(slot, booking, others):
    return make_gate(slot)[0]


@pytest.fixture
def at_the_door(slot, gate):
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def scan(code, gate, **more):
    with unit_of_work():
        return check_in(
            CheckIn(code, f"n{now().timestamp()}{code[-6:]}", gate=gate.public_id, **more), actor=cast.STEWARD.actor
        )


def test_who_is_here_late_and_missing(slot, booking, others, gate, at_the_door):
    shown = live(slot)
    assert (shown.arrived, shown.expected, shown.enterprises, shown.latest) == (0, 4, 0, [])
    assert not any(party.is_missing for party in shown.parties)
    scan(code_for(booking), gate)
    at_the_door.move_to(slot.starts_at + timedelta(minutes=15, seconds=1))
    scan(code_for(booking, 1), gate)
    shown = live(slot)
    assert (shown.arrived, shown.inside, shown.late, shown.enterprises) == (2, 2, 1, 1)
    assert [(item.name, item.gate, item.is_late) for item in shown.latest] == [
        ("李二", "南门", True),
        ("王一", "南门", False),
    ]
    assert [(party.arrived, party.party, party.is_missing) for party in shown.parties] == [(0, 1, True), (2, 3, False)]
    assert shown.by_gate == [("南门", 2)]


def test_who_goes_out_is_not_inside_and_who_is_taken_back_did_not_come(slot, booking, others, gate, at_the_door):
    first = scan(code_for(booking), gate).scan.public_id
    at_the_door.shift(60)
    scan(code_for(others), gate)
    at_the_door.shift(60)
    scan(code_for(others), gate, direction=Direction.EXIT)
    with unit_of_work():
        annul(first, actor=cast.STEWARD.actor)
    shown = live(slot)
    assert (shown.arrived, shown.inside) == (1, 0)


def test_what_has_not_changed_is_not_sent_again(slot, booking, others, gate, at_the_door, client):
    client.sign_in(cast.CLERK)
    address = f"/slots/{slot.public_id}/live/now"
    first = client.get(address)
    assert "王一" not in first.text
    same = {"If-None-Match": first.headers["ETag"]}
    with counted_statements() as seen:
        assert client.get(address, headers=same).status_code == 304
    assert len(seen) <= 5, seen
    scan(code_for(booking), gate)
    second = client.get(address, headers=same)
    assert (second.status_code, "王一" in second.text) == (200, True)
    at_the_door.move_to(slot.starts_at)  # time alone makes somebody missing
    assert client.get(address, headers={"If-None-Match": second.headers["ETag"]}).status_code == 200


def test_a_wall_names_no_person(slot, booking, others, gate, at_the_door, client):
    scan(code_for(booking), gate)
    client.sign_in(cast.STEWARD)
    for address in ("live?wall=1", "live/now?wall=1"):
        page = client.get(f"/slots/{slot.public_id}/{address}")
        assert (page.status_code, "王一" in page.text, booking.enterprise.name in page.text) == (200, False, True)
    assert "王一" in client.get(f"/slots/{slot.public_id}/live").text
    for member in (cast.STRANGER_CLERK, cast.CONTACT):
        assert client.sign_in(member).get(f"/slots/{slot.public_id}/live").status_code in {403, 404}


class TestTheStream:
    def test_tells_when_somebody_comes_and_holds_no_connection(
        self, app, slot, booking, at_the_door, client, monkeypatch
    ):
        monkeypatch.setattr("eventsys.web.streams.ASK_SECONDS", 0.02)
        client.sign_in(cast.CLERK)
        answer = client.get(f"/slots/{slot.public_id}/live/events")
        assert (answer.status_code, answer.content_type) == (200, "text/event-stream")
        events = iter(answer.response)
        assert next(events).startswith(b"retry")
        with unit_of_work():
            check_in(CheckIn(code_for(booking), "n1"), actor=cast.STEWARD.actor)
        assert next(events).startswith(b"event: changed")
        answer.close()
        watcher = app.extensions["eventsys-live"]
        while watcher._thread is not None:  # it is asking the database: let it end with the test
            time.sleep(0.01)

    def test_not_for_strangers(self, slot, client):
        client.sign_in(cast.STRANGER_CLERK)
        assert client.get(f"/slots/{slot.public_id}/live/events").status_code == 404

    def test_when_there_are_too_many_the_page_asks_by_itself(self, slot, client, monkeypatch):
        monkeypatch.setattr("eventsys.web.streams.STREAMS_AT_MOST", 0)
        client.sign_in(cast.CLERK)
        assert client.get(f"/slots/{slot.public_id}/live/events").status_code == 429
