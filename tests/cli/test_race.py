"""`eventsys race`: small here, at full size in `make soak`; and what its check finds in a history that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from eventsys.bookings.rules import BookingState
from eventsys.cli.race.clients import Call, Contact
from eventsys.cli.race.history import Entry, Ledger, Replay, Seat, check_calls, check_tables
from tests.conftest import fresh_database

FULL = bool(os.environ.get("EVENTSYS_SOAK"))
CLIENTS, ROUNDS, KILLS = (200, 100, 50) if FULL else (16, 2, 2)


def race(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell runs it; at full size one reads along."""
    command = [sys.executable, "-m", "eventsys.cli", "race", *arguments]
    return subprocess.run(command, stdout=None if FULL else subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def database_arguments(database, request, worker_id):
    """A database of its own, or none: then the command makes one."""
    if database == "sqlite":
        return ()
    server = sa.make_url(request.getfixturevalue("postgres_url"))
    return ("--database", fresh_database(server, f"{worker_id}_race").replace("+psycopg", ""))


@pytest.mark.soak
def test_nothing_is_oversold_or_lost(database_arguments):
    done = race(*database_arguments, f"--clients={CLIENTS}", f"--rounds={ROUNDS}", f"--kills={KILLS}")
    assert done.returncode == 0, done.stdout


def test_a_database_with_data_is_left_alone(app):
    done = race("--database", str(app.config["EVENTSYS"].database_url).replace("+psycopg", ""))
    assert done.returncode == 1
    assert done.stdout == "error: the database holds data; give `race` one of its own\n"


# One place: 甲 books it at second 1, 乙 waits from 2, 甲 leaves at 3, 乙 gets the place at 4 and 甲 none at 5.
START = datetime(2026, 12, 1, tzinfo=UTC)
JIA, YI = Contact("", "jia"), Contact("", "yi")


def entry(second: int, action: str, who: Contact, before: dict, after: dict, request: str = "") -> Entry:
    told = {"slot": "slot", "enterprise": who.enterprise} if not before else {}
    number = {"queue_number": 1, "party_min": 1} if after["state"] == "waitlisted" else {}
    at = START + timedelta(seconds=second)
    return Entry(second, at, action, f"of {who.enterprise}", request, before, {**after, **told, **number})


def state(name: str) -> dict:
    return {"state": name, "party": 1}


TRAIL = [
    entry(1, "booking.created", JIA, {}, state("confirmed"), "a"),
    entry(2, "booking.created", YI, {}, state("waitlisted"), "b"),
    entry(3, "booking.cancelled", JIA, state("confirmed"), state("cancelled"), "c"),
    entry(4, "booking.promoted", YI, state("waitlisted"), state("confirmed")),
]
SLOTS = [("slot", 1, 1, 0, 1)]
BOOKINGS = [("of jia", BookingState.CANCELLED, 1, 0), ("of yi", BookingState.CONFIRMED, 1, 0)]


def call(request: str, act: str, who: Contact, second: float, status: int, **body: object) -> Call:
    began = START.timestamp() + second - 0.5
    return Call(request, act, who, "slot", 1, "", "", began, began, began + 1, status, body)


CALLS = [
    call("a", "book", JIA, 1, 201, id="of jia", state="confirmed", party=1, place_in_queue=None),
    call("b", "book", YI, 2, 201, id="of yi", state="waitlisted", party=1, place_in_queue=1),
    call("c", "cancel", JIA, 3, 200, id="of jia", state="cancelled"),
    call("d", "book", JIA, 5, 409, code="slot_full"),
]


def violations(trail=TRAIL, slots=SLOTS, bookings=BOOKINGS, calls=CALLS) -> list[str]:
    replay = Replay([Ledger("slot", 1, None)], trail)
    found = [*replay.violations, *replay.idle(START), *check_tables(replay, slots, bookings)]
    return [each.what for each in [*found, *check_calls(replay, calls)]]


def test_a_right_history_is_right():
    assert violations() == []


REFUSED = call("b", "book", YI, 2, 409, code="already_booked")
OVERSOLD = entry(2, "booking.created", YI, {}, state("confirmed"), "b")
THIRD = Contact("", "bing")


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("makes 2 of 1 places", {"trail": [TRAIL[0], OVERSOLD]}),
        ("was {'state'", {"trail": [*TRAIL[:2], replace(TRAIL[2], before=state("pending")), TRAIL[3]]}),
        ("may not go from confirmed", {"trail": [*TRAIL, entry(5, "x", YI, state("confirmed"), state("held"))]}),
        ("second one in the slot", {"trail": [TRAIL[0], replace(OVERSOLD, after=TRAIL[0].after)]}),
        ("although others waited", {"trail": [*TRAIL[:3], entry(4, "booking.created", THIRD, {}, state("confirmed"))]}),
        ("although there was room", {"trail": [TRAIL[1]]}),
        ("out of turn", {"trail": [*TRAIL[:2], TRAIL[3]]}),
        ("it is the turn of booking", {"trail": TRAIL[:3]}),
        ("number 1 in the queue after", {"trail": [*TRAIL[:2], entry(3, "x", THIRD, {}, state("waitlisted"))]}),
        ("the slot counts [2, 1, 0, 1]", {"slots": [("slot", 2, 1, 0, 1)]}),
        ("in the trail", {"bookings": [("of jia", BookingState.CONFIRMED, 1, 0), BOOKINGS[1]]}),
        ("is not stored", {"bookings": BOOKINGS[:1]}),
        ("is in no entry", {"bookings": [*BOOKINGS, ("of bing", BookingState.CONFIRMED, 1, 0)]}),
        ("in 0 entries of the trail", {"calls": [replace(CALLS[0], id="lost"), *CALLS[1:]]}),
        ("in the trail all the same", {"calls": [CALLS[0], REFUSED, *CALLS[2:]]}),
        ("different answers", {"calls": [replace(CALLS[0], key="k"), replace(CALLS[1], key="k")]}),
        ("not 422", {"calls": [replace(CALLS[0], key="k"), replace(CALLS[3], key="k", party=2)]}),
        ("got no answer", {"calls": [*CALLS[:3], replace(CALLS[3], status=0, body={})]}),
        ("got no answer", {"calls": [*CALLS[:3], replace(CALLS[3], status=500, body={})]}),
        ("tells otherwise", {"calls": [CALLS[0], replace(CALLS[1], body={**CALLS[1].body, "place_in_queue": 2})]}),
        ("was told slot_full, which", {"calls": [*CALLS[:3], call("d", "book", JIA, 0, 409, code="slot_full")]}),
        ("was told queue_ahead, which", {"calls": [*CALLS[:3], call("d", "book", JIA, 5, 409, code="queue_ahead")]}),
        ("before an earlier entry", {"calls": [CALLS[0], replace(CALLS[2], ended=CALLS[1].started - 1), CALLS[1]]}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(what, wrong):
    assert any(what in found for found in violations(**wrong))


def test_an_answer_that_was_cut_off_may_have_been_an_act():
    assert violations(calls=[CALLS[0], replace(REFUSED, cut=1), *CALLS[2:]]) == []


def test_a_place_that_gathers_for_a_large_party_is_not_idle():
    seat = {"booking": "x", "slot": "slot", "enterprise": "yi", "party": 2, "party_min": 2, "number": 1}
    ledger = Ledger("slot", 2, 2, people=1, queue={1: Seat(1, passed_over=3, **seat)})
    assert (Replay([ledger], []).idle(START), ledger.fits(1)) == ([], True)
