"""The audit log in the browser."""

import time_machine

from eventsys.core import audit
from eventsys.core.db import db, unit_of_work
from tests import cast


def _record(actor, action, object_id, **values):
    with unit_of_work():
        audit.record(actor, action, action.split(".")[0], object_id, **values)


def test_an_auditor_reads_before_and_after(app, client):
    _record(
        cast.CLERK.actor, "department.edited", "abc", before={"name": "旧<b>名"}, after={"name": "新名"}, reason="因为"
    )
    page = client.sign_in(cast.AUDITOR).get("/admin/audit")
    assert page.status_code == 200
    for text in ("旧&lt;b&gt;名", "新名", "因为", cast.CLERK.name, "abc"):
        assert text in page.text


def test_it_is_filtered_by_object_actor_and_day(app, client):
    with time_machine.travel("2026-03-01T15:59:00+00:00", tick=False):  # still the 1st in Shanghai
        _record(cast.CLERK.actor, "park.edited", "first")
    with time_machine.travel("2026-03-01T16:01:00+00:00", tick=False):
        _record(cast.COORDINATOR.actor, "place.edited", "second")
    client.sign_in(cast.AUDITOR)
    for query, seen in (
        ("type=park", {"first"}),
        ("object=second", {"second"}),
        ("actor=统筹", {"second"}),
        ("day=2026-03-01", {"first"}),
        ("day=2026-03-02", {"second"}),
        ("actor=%25", set()),
        ("", {"first", "second"}),
    ):
        text = client.get(f"/admin/audit?{query}").text
        assert {name for name in ("first", "second") if f">{name}</a>" in text} == seen, query


def test_a_wrong_day_is_said_and_a_wrong_cursor_refused(app, client):
    client.sign_in(cast.AUDITOR)
    assert client.get("/admin/audit?day=yesterday").status_code == 422
    assert client.get("/admin/audit?cursor=zzz").status_code == 422


def test_it_pages_newest_first_and_keeps_the_filter(app, client):
    with unit_of_work():
        for number in range(60):
            audit.record(cast.CLERK.actor, "park.edited", "park", f"n{number}")
    client.sign_in(cast.AUDITOR)
    first = client.get("/admin/audit?type=park&_scheme=javascript")
    assert ">n59</a>" in first.text
    assert ">n9</a>" not in first.text
    assert "javascript" not in first.text.split('rel="next"')[0].rsplit("<a", 1)[1]
    link = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = client.get(link)
    assert "type=park" in link
    assert ">n9</a>" in second.text


def test_only_auditors_and_administrators_read_it(app, client):
    for member in cast.CAST:
        allowed = member in (cast.AUDITOR, cast.ADMINISTRATOR)
        db.session.rollback()  # the request before has left its snapshot open in this context
        browser = app.test_client().sign_in(member)
        assert browser.get("/admin/audit").status_code == (200 if allowed else 403), member.name
