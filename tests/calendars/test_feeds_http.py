"""FEEDS.md, rules 8 and 9: what is asked over HTTP, and what it costs."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState
from tests import cast
from tests.calendars.conftest import (
    ALL,
    add_booking,
    add_slot,
    all_feeds,
    change,
    read,
)
from tests.support import counted_statements

# 8: HTTP


def test_a_feed_is_inline_text_for_clients_that_ask_for_anything(client):
    for feed in all_feeds():
        answer = client.get(feed, headers={"Accept": "application/json"})
        assert answer.content_type == "text/calendar; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith("inline;")
        assert answer.headers["Content-Disposition"].endswith('.ics"')
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert not answer.headers["ETag"].startswith("W/")
        assert "Set-Cookie" not in answer.headers


def test_a_client_that_has_it_all_gets_304_with_one_statement_and_no_event_is_read(client):
    add_booking(add_slot())
    feeds = all_feeds()
    for feed in feeds:
        first = client.get(feed)
        with counted_statements() as seen:
            answer = client.get(feed, headers={"If-None-Match": first.headers["ETag"]})
            assert answer.status_code == 304
            assert not answer.data
            assert len(seen) == 1
        assert "slots.title" not in seen[0]
        assert answer.headers["ETag"] == first.headers["ETag"]
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        since = client.get(feed, headers={"If-Modified-Since": first.headers["Last-Modified"]})
        is_desk = feed == feeds[-1]  # two bookings of one second share a time: only the tag tells them apart
        assert since.status_code == (200 if is_desk else 304)


def test_no_session_is_read_or_kept_even_when_a_cookie_is_sent(client):
    client.sign_in(cast.CONTACT)
    feeds = all_feeds()
    db.session.remove()
    for feed in feeds:
        with counted_statements() as seen:
            answer = client.get(feed)
        assert not any("sign_ins" in statement for statement in seen)
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("condition", ['"other"', "*junk", "", '"a", "b"', 'W/"other"', "\x7f", '"' + "x" * 5000 + '"'])
def test_a_validator_that_is_not_ours_gets_the_whole_feed(client, condition):
    assert client.get(ALL, headers={"If-None-Match": condition}).status_code == 200


def test_validators_are_compared_as_the_standard_says(client):
    tag, modified = (client.get(ALL).headers[name] for name in ("ETag", "Last-Modified"))
    assert client.get(ALL, headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
    assert client.get(ALL, headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    assert client.get(ALL, headers={"If-None-Match": "*"}).status_code == 304
    # If-None-Match goes before If-Modified-Since
    both = {"If-None-Match": '"other"', "If-Modified-Since": modified}
    assert client.get(ALL, headers=both).status_code == 200
    assert client.get(ALL, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_a_removal_never_yields_a_false_304_not_even_within_one_second(client):
    slots = [add_slot(), add_slot()]
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    with time_machine.travel(at, tick=False):
        first = client.get(ALL)
        for slot in slots:  # two removals and two fetches, all within the same second
            change(slot, bump={"district": True}, state=SlotState.DRAFT)
            for condition in ("ETag", "Last-Modified"):
                header = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[condition]
                answer = client.get(ALL, headers={header: first.headers[condition]})
                assert answer.status_code == 200
                assert slot.public_id not in read(answer)
            first = answer
        # a client that sends its own clock instead of our Last-Modified
        own_clock = {"If-Modified-Since": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        assert client.get(ALL, headers=own_clock).status_code == 200


def test_gzip_is_another_representation_with_its_own_strong_tag(client):
    add_slot()
    plain = client.get(ALL)
    packed = client.get(ALL, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert client.get(ALL, headers={"Accept-Encoding": "gzip"}).data == packed.data
    refused = client.get(ALL, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert client.get(ALL, headers=known).status_code == 304
    assert client.get(ALL, headers={"If-None-Match": packed.headers["ETag"]}).status_code == 200


def test_head_says_what_get_would(client):
    add_slot()
    get, head = client.get(ALL), client.head(ALL)
    assert head.status_code == 200
    assert not head.data
    for name in ("ETag", "Last-Modified", "Content-Length", "Content-Type"):
        assert head.headers[name] == get.headers[name]


def test_the_tag_changes_with_the_language_and_address_of_the_installation(app, client, monkeypatch):
    from dataclasses import replace

    tag = client.get(ALL).headers["ETag"]
    for change_of in ({"locale": "en"}, {"base_url": "https://example.org"}):
        monkeypatch.setitem(app.config, "EVENTSYS", replace(app.config["EVENTSYS"], **change_of))
        assert client.get(ALL, headers={"If-None-Match": tag}).status_code == 200
        monkeypatch.undo()


def test_an_english_installation_has_english_feeds(app, client, monkeypatch):
    from dataclasses import replace

    slot = add_slot(title_en="R&D tax credit", services=[1])
    off = add_slot(state=SlotState.CALLED_OFF, call_off_reason="typhoon")
    monkeypatch.setitem(app.config, "EVENTSYS", replace(app.config["EVENTSYS"], locale="en"))
    events = read(client.get(ALL))
    assert events[slot.public_id]["SUMMARY"] == "TAX Department: R&D tax credit"
    assert "Booking closes: Tue, 1 Dec 14:00" in events[slot.public_id]["DESCRIPTION"]
    assert events[off.public_id]["SUMMARY"].startswith("[Cancelled] TAX Department: ")


def test_feeds_that_do_not_exist_are_404_and_cost_no_more(client):
    for path in (
        "departments/none",
        "departments/" + "a" * 5000,
        "parks/1",
        "parks/%F0%9F%8E%89",
        "parks/'--",
    ):
        answer = client.get(f"/feeds/{path}.ics")
        assert (answer.status_code, answer.data) == (404, b"not found\n")
    for path in ("/feeds/", "/feeds/x.ics", "/feeds/all.ICS"):
        assert client.get(path).status_code == 404
    assert client.post(ALL).status_code == 405


def test_robots_may_read_public_feeds_and_not_private_ones(client):
    rules = client.get("/robots.txt").get_data(as_text=True)
    assert "Allow: /feeds/\n" in rules
    assert "Disallow: /feeds/private/\n" in rules


def test_any_number_of_events_costs_the_same_statements(client):
    counts = []
    for _round in range(2):
        for _slot in range(5):
            add_booking(add_slot(services=[1], supporting=[cast.SCIENCE]))
        feeds = all_feeds()
        db.session.remove()
        with counted_statements() as seen:
            for feed in feeds:
                read(client.get(feed))
        counts.append(len([statement for statement in seen if "feed_links SET" not in statement]))
    assert counts[0] == counts[1]
    assert db.session.query(Slot).count() == 10
