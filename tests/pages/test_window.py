"""The window of a slot for pages that count down: what it says, who sees it, how long it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.directory.rules import Topic
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from eventsys.slots.services import mark_called_off
from eventsys.web.rfc3339 import parse_instant
from tests import cast
from tests.bookings.test_waiting import wait
from tests.factories import make_booking, make_slot, soon
from tests.support import counted_statements

A_SECOND = timedelta(seconds=1)
NAMED = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))


def look(app, slot, member=None, **headers):
    db.session.rollback()
    browser = app.test_client()
    if member:
        browser.sign_in(member)
    return browser.get(f"/slots/{slot.public_id}/window.json", headers=headers)


@pytest.fixture
def slot(app):
    """One that opens tomorrow at two."""
    return make_slot(opens_at=soon(days=1), closes_at=soon(days=6), capacity=2, attendee_capacity=5)


def test_before_it_opens(app, slot):
    told = look(app, slot).json
    assert list(told) == [
        "attendee_places_left", "closes_at", "is_open", "now", "opens_at", "places_left", "waiting",
    ]  # fmt: skip
    assert (told["places_left"], told["attendee_places_left"], told["waiting"], told["is_open"]) == (2, 5, 0, False)
    assert parse_instant(told["opens_at"], "opens_at") == soon(days=1)
    assert parse_instant(told["closes_at"], "closes_at") == soon(days=6)
    assert abs(parse_instant(told["now"], "now") - now()) < timedelta(minutes=5)


def test_it_opens_and_closes_at_the_moment(app, slot):
    for moment, is_open in ((slot.opens_at, True), (slot.closes_at, False)):
        with time_machine.travel(moment - A_SECOND, tick=False):
            assert look(app, slot).json["is_open"] is not is_open
        with time_machine.travel(moment, tick=False):
            assert look(app, slot).json["is_open"] is is_open


def test_it_counts_what_is_left_and_who_waits(app):
    slot = make_slot(capacity=1, attendee_capacity=None)
    assert look(app, slot).json["opens_at"] is None
    make_booking(slot)
    wait(slot)
    told = look(app, slot).json
    assert (told["is_open"], told["places_left"], told["attendee_places_left"], told["waiting"]) == (True, 0, None, 1)


def test_it_is_that_of_who_is_not_invited(app):
    invited = Audience(AudienceKind.PUBLIC, enterprises=(cast.ACME,))
    slot = make_slot(opens_at=soon(days=1), invited_until=soon(days=2), audience=invited)
    with time_machine.travel(soon(days=1) + A_SECOND, tick=False):
        for member in (None, cast.CONTACT):
            told = look(app, slot, member).json
            assert told["is_open"] is False
            assert parse_instant(told["opens_at"], "opens_at") == slot.invited_until


def test_what_is_called_off_is_closed(app):
    slot = make_slot()
    with unit_of_work():
        db.session.add(slot)
        mark_called_off(slot, "台风", actor=cast.CLERK.actor)
    assert look(app, slot).json["is_open"] is False


@pytest.mark.parametrize(
    ("before", "kept"),
    [(3600.0, 5), (5.0, 5), (4.9, 4), (0.4, 0), (-1.0, 5)],
)
def test_caches_keep_it_for_five_seconds_and_never_past_the_opening(app, slot, before, kept):
    with time_machine.travel(slot.opens_at - timedelta(seconds=before), tick=False):
        answer = look(app, slot)
        assert answer.headers["Cache-Control"] == f"public, max-age={kept}"


@pytest.mark.parametrize("member", [None, cast.CONTACT, cast.CLERK])
def test_it_is_the_same_for_everybody_and_sets_no_cookie(app, slot, member):
    answer = look(app, slot, member)
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["ETag"] == look(app, slot).headers["ETag"]


def test_who_knows_it_already_hears_no_more(app, slot):
    known = look(app, slot).headers["ETag"]
    with time_machine.travel(now() + timedelta(minutes=1), tick=False):
        answer = look(app, slot, If_None_Match=known)
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["Cache-Control"] == "public, max-age=5"
    with time_machine.travel(slot.opens_at, tick=False):
        assert look(app, slot, If_None_Match=known).status_code == 200
        make_booking(slot)
        assert look(app, slot).headers["ETag"] != known


@pytest.mark.parametrize(("member", "most"), [(None, 1), (cast.CONTACT, 2), (cast.CLERK, 2), (cast.COORDINATOR, 2)])
def test_it_costs_one_statement_and_one_for_who_asks(app, slot, member, most):
    browser = app.test_client()
    if member:
        browser.sign_in(member)
    with counted_statements() as seen:
        assert browser.get(f"/slots/{slot.public_id}/window.json").status_code == 200
    assert len(seen) <= most, seen


HIDDEN = [{"audience": NAMED}, {"topic": Topic.CARE, "format": SlotFormat.VISIT, "place": None}, {"publish": False}]


@pytest.mark.parametrize("changes", HIDDEN)
def test_what_not_everybody_sees_is_kept_by_nobody(app, changes):
    slot = make_slot(**changes)
    answer = look(app, slot, cast.CLERK)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("changes", [HIDDEN[0], HIDDEN[2]])
@pytest.mark.parametrize("member", [None, cast.STRANGER, cast.STRANGER_CLERK])
def test_it_is_there_for_whom_the_slot_is(app, changes, member):
    slot = make_slot(**changes)
    assert look(app, slot, member).status_code == 404


def test_the_invited_see_a_hidden_one(app):
    assert look(app, make_slot(audience=NAMED), cast.COLLEAGUE).status_code == 200


def test_what_never_was_is_not_there(app, client):
    assert client.get("/slots/aaaaaaaaaaaaa/window.json").status_code == 404


def test_the_page_counts_down_from_the_servers_clock(app, slot):
    with time_machine.travel(slot.opens_at - timedelta(seconds=90), tick=False):
        page = app.test_client().get(f"/slots/{slot.public_id}?lang=en").text
    assert f'data-opening="90.0" data-window="/slots/{slot.public_id}/window.json"' in page
    assert "Booking opens" in page
    assert (
        f'<p class="no-js" data-opening-again><a href="/slots/{slot.public_id}">Load the page again then.</a></p>'
        in page
    )
    with time_machine.travel(slot.opens_at, tick=False):
        assert "data-opening" not in app.test_client().get(f"/slots/{slot.public_id}").text
