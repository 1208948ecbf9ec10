"""The page of a draw and the file it offers: what is public before and after, for whom, and that it can be checked."""

import json

import pytest
import time_machine

from eventsys.bookings.rules.ballot import fault_in, read_result
from eventsys.bookings.services import call_off_slot, cancel_booking
from eventsys.bookings.tasks import draw_due
from eventsys.core.db import db, unit_of_work
from eventsys.slots.models import Ballot
from eventsys.slots.rules import Audience, AudienceKind
from tests import cast
from tests.factories import make_booking, make_slot, soon

NAMED = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))


def look(app, slot, suffix="ballot", member=None, language="en"):
    db.session.rollback()
    browser = app.test_client()
    if member:
        browser.sign_in(member)
    return browser.get(f"/slots/{slot.public_id}/{suffix}?lang={language}")


def drawn_slot(**changes):
    """One place, two enterprises, drawn."""
    slot = make_slot(**{"capacity": 1, "draw_at": soon(2, 10), **changes})
    bookings = [make_booking(slot), make_booking(slot, cast.STRANGER)]
    with time_machine.travel(soon(2, 11), tick=False):
        draw_due()
    db.session.rollback()
    return slot, bookings


def test_before_the_draw_it_says_how_when_and_the_hash(app):
    slot = make_slot(draw_at=soon(2, 10))
    make_booking(slot)
    page = look(app, slot)
    ballot = db.session.get_one(Ballot, slot.id)
    assert page.status_code == 200
    assert ballot.seed_hash in page.text
    assert ballot.seed not in page.text
    assert "甲网络公司" not in page.text  # who registered is nobody's business yet
    assert '<span class="stat-value">1</span>' in page.text
    assert "The same for every enterprise." in page.text
    assert look(app, slot, "ballot.json").status_code == 404


def test_after_the_draw_everybody_sees_list_and_seed(app):
    slot, _bookings = drawn_slot()
    page = look(app, slot)
    ballot = db.session.get_one(Ballot, slot.id)
    for words in (
        ballot.seed,
        ballot.seed_hash,
        "甲网络公司",
        "91350299MA00000019",
        "乙网络公司",
        "91350299MA00000027",
    ):
        assert words in page.text
    assert all(entry["key"] in page.text for entry in ballot.entries)
    assert page.text.count("Has a place") == 1
    assert page.text.count("Waits") == 1
    assert "hmac.new(seed, chance.encode(), hashlib.sha256)" in page.text
    assert "{told[&#39;slot&#39;]}|{entry[&#39;credit_code&#39;]}" in page.text
    assert f"open(&#34;ballot-{slot.public_id}.json&#34;" in page.text
    assert "Secret number" in page.text
    assert "随机数" in look(app, slot, language="zh_CN").text


def test_the_file_can_be_checked_and_stays_the_same(app):
    slot, bookings = drawn_slot()
    answer = look(app, slot, "ballot.json")
    assert answer.content_type == "application/json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="ballot-{slot.public_id}.json"'
    told = json.loads(answer.text)
    assert fault_in(read_result(told)) is None
    assert (told["slot"], told["is_weighted"], told["draw_at"]) == (slot.public_id, False, soon(2, 10).isoformat())
    assert [set(entry) for entry in told["entries"]] == [{"place", "credit_code", "name", "weight", "key"}] * 2
    with unit_of_work():
        cancel_booking(bookings[0].public_id, actor=cast.CONTACT.actor)
    assert look(app, slot, "ballot.json").data == answer.data
    page = look(app, slot)
    assert (page.text.count("Has a place"), page.text.count("Waits"), page.text.count("Withdrawn")) == (1, 0, 1)


def test_a_contact_reads_the_own_number_first(app):
    slot, _bookings = drawn_slot()
    assert "甲网络公司 drew number" in look(app, slot, member=cast.COLLEAGUE).text
    assert "drew number" not in look(app, slot, member=cast.CLERK).text


def test_weights_are_shown_where_there_are_any(app):
    slot, _bookings = drawn_slot(is_draw_weighted=True)
    page = look(app, slot)
    assert "three after twelve months" in page.text
    assert page.text.count('data-label="Chances"') == 2


def test_a_draw_nobody_came_to(app):
    slot = make_slot(draw_at=soon(2, 10))
    with time_machine.travel(soon(2, 11), tick=False):
        draw_due()
    assert "Nobody registered." in look(app, slot).text
    assert json.loads(look(app, slot, "ballot.json").text)["entries"] == []


def test_called_off_before_the_draw(app):
    slot = make_slot(draw_at=soon(2, 10))
    make_booking(slot)
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
    page = look(app, slot)
    assert (page.status_code, "台风" in page.text) == (200, True)
    assert db.session.get_one(Ballot, slot.id).seed not in page.text


@pytest.mark.parametrize("suffix", ["ballot", "ballot.json"])
def test_it_is_as_visible_as_the_slot(app, suffix):
    assert look(app, make_slot(), suffix).status_code == 404  # not drawn at all
    draft = make_slot(publish=False, draw_at=soon(2, 10))
    for member in (None, cast.CONTACT, cast.STRANGER_CLERK):
        assert look(app, draft, suffix, member).status_code == 404
    assert look(app, draft, member=cast.CLERK).status_code == 200
    hidden = make_slot(capacity=1, draw_at=soon(2, 10), audience=NAMED)
    make_booking(hidden)
    with time_machine.travel(soon(2, 11), tick=False):
        draw_due()
    for member in (None, cast.STRANGER, cast.VOLUNTEER, cast.STRANGER_CLERK):
        assert look(app, hidden, suffix, member).status_code == 404
    for member in (cast.CONTACT, cast.CLERK, cast.COORDINATOR, cast.AUDITOR):
        assert look(app, hidden, suffix, member).status_code == 200


def test_the_slots_page_leads_to_it(app):
    slot = make_slot(draw_at=soon(2, 10))
    link = f'href="/slots/{slot.public_id}/ballot"'
    page = app.test_client().get(f"/slots/{slot.public_id}?lang=en")
    assert link in page.text
    assert "being early is no advantage" in page.text
    assert "Register until " in app.test_client().get("/?lang=en").text
    drawn, _bookings = drawn_slot()
    page = app.test_client().get(f"/slots/{drawn.public_id}?lang=en")
    assert "See the result" in page.text
    assert "/ballot" not in app.test_client().get(f"/slots/{make_slot().public_id}").text


def test_the_booking_tells_the_number(app):
    _slot, bookings = drawn_slot()
    texts = [
        app.test_client().sign_in(member).get(f"/bookings/{booking.public_id}?lang=en").text
        for booking, member in zip(bookings, (cast.CONTACT, cast.STRANGER), strict=True)
    ]
    assert sorted("Drew number 1 of 2" in text for text in texts) == [False, True]
