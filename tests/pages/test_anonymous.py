"""What everybody who is not signed in sees is made once a moment, and never shown to anybody it is not for."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from eventsys.pages.views.anonymous import FRESH_SECONDS, Page
from tests import cast
from tests.factories import make_booking, make_slot
from tests.support import counted_statements

AT_MOST = 1  # the revision


def test_the_second_visitor_costs_one_statement(app, client):
    make_slot(title="政策辅导")
    first = client.get("/")
    with counted_statements() as seen:
        second = client.get("/")
    assert second.data == first.data
    assert "政策辅导" in second.text
    assert len(seen) <= AT_MOST, seen


def test_who_has_it_gets_304(app, client):
    make_slot()
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Content-Security-Policy"]


def test_a_public_change_shows_at_once(app, client):
    client.get("/")
    make_slot(title="新的场次")
    assert "新的场次" in client.get("/").text


def test_places_left_are_seconds_old_at_most(app, client, monkeypatch):
    slot = make_slot(capacity=1)
    before = client.get("/?places=1").text
    make_booking(slot)
    later = time.monotonic() + FRESH_SECONDS + 1
    monkeypatch.setattr("eventsys.pages.views.anonymous.time", SimpleNamespace(monotonic=lambda: later))
    assert slot.title in before
    assert slot.title not in client.get("/?places=1").text


@pytest.mark.parametrize("path", ["/", "/calendar.json?start=2026-01-01T00:00:00&end=2026-03-01T00:00:00"])
def test_who_is_signed_in_has_a_page_of_their_own(app, client, path):
    other = app.test_client()
    other.sign_in(cast.CONTACT)
    own = other.get(path)
    assert "ETag" not in own.headers
    assert own.headers["Cache-Control"] == "no-store"
    assert cast.CONTACT.name not in client.get(path).text
    assert "ETag" in client.get(path).headers


def test_each_language_and_address_has_its_own(app, client):
    chinese, english = client.get("/?lang=zh_CN").text, client.get("/?lang=en").text
    assert 'lang="zh-CN"' in chinese
    assert 'lang="en"' in english
    client.post("/locale", data={"locale": "en"})
    assert 'lang="en"' in client.get("/").text
    assert 'lang="zh-CN"' in app.test_client().get("/", headers={"Accept-Language": "zh-CN"}).text


def test_a_stranger_s_page_sets_no_cookie_and_holds_no_token(app, client):
    page = client.get("/")
    assert "Set-Cookie" not in page.headers
    assert "csrf" not in page.text


def test_what_is_said_once_is_not_kept(app, client):
    client.get("/")
    with client.session_transaction() as session:
        session["_flashes"] = [("success", "您已退出")]
    assert "您已退出" in client.get("/").text
    assert "您已退出" not in client.get("/").text
    assert "您已退出" not in app.test_client().get("/").text


def test_an_address_made_up_is_not_kept(app, client):
    assert "ETag" not in client.get("/?q=" + "x" * 400).headers


def test_one_makes_it_anew_and_the_others_have_the_old_one(app):
    page = Page(app.response_class("old"), time.monotonic() - FRESH_SECONDS - 1)
    assert [page.is_fresh() for _ in range(3)] == [False, True, True]
