"""The home page: what comes, filters, search, calendar."""

import re
from datetime import timedelta

import pytest
import time_machine

from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.directory.rules import Topic
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from tests import cast
from tests.factories import make_booking, make_slot, soon
from tests.support import counted_statements

MIDDLE_OF_MONTH = "2026-12-09T10:00:00+08:00"


@pytest.fixture(autouse=True)
def _middle_of_month():
    with time_machine.travel(MIDDLE_OF_MONTH, tick=True):
        yield


def titles(page):
    return [title.strip() for title in re.findall(r'<h3 class="h3 mb-1"><a [^>]*>([^<]*)</a>', page.text)]


def test_a_stranger_sees_what_comes_without_signing_in(app, client):
    make_slot(title="政策辅导")
    page = client.get("/?lang=zh_CN")
    assert page.status_code == 200
    assert titles(page) == ["政策辅导"]
    assert "示范区" in page.text
    assert "12月16日（周三）14:00—15:30" in page.text
    assert "第一活动中心" in page.text


def test_drafts_and_hidden_slots_are_not_there(app, client):
    make_slot(publish=False, title="草稿场")
    make_slot(title="慰问", topic=Topic.CARE, format=SlotFormat.VISIT)
    make_slot(title="定向", audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)))
    assert titles(client.get("/")) == []
    db.session.rollback()
    assert titles(app.test_client().sign_in(cast.CONTACT).get("/")) == ["慰问", "定向"]
    db.session.rollback()
    assert titles(app.test_client().sign_in(cast.STRANGER).get("/")) == ["慰问"]


def test_an_empty_month_says_what_to_do(client):
    assert "No slots are planned here yet" in client.get("/?lang=en").text
    page = client.get("/?lang=en&topic=care").text
    assert "Nothing matches these filters" in page
    assert "Clear filters" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("department=tax", ["报税", "企业座谈"]),
        ("department=kxj", ["立项"]),
        (f"department={cast.fixed_id('d', cast.SCIENCE)}", ["立项"]),
        ("topic=policy", ["立项"]),
        ("format=online", ["立项"]),
        (f"park={cast.fixed_id('k', cast.HILL_PARK)}", ["企业座谈"]),
        ("places=1", ["报税", "立项"]),
        ("q=座谈", ["企业座谈"]),
        ("q=swj", ["报税", "企业座谈"]),
        ("q=kexinju", ["立项"]),
        ("q=ruanjianyuan", ["报税"]),
        ("q=SWJ+报税", ["报税"]),
        ("q=%25", []),
        ("topic=nonsense&format=x&park='&department=<b>", ["报税", "立项", "企业座谈"]),
    ],
)
def test_filters_and_pinyin(app, client, query, found):
    make_slot(title="报税", starts_at=soon(2))
    make_slot(
        title="立项", department=cast.SCIENCE, topic=Topic.POLICY, format=SlotFormat.ONLINE, place=None,
        starts_at=soon(3), actor=cast.STRANGER_CLERK.actor,
    )  # fmt: skip
    full = make_slot(title="企业座谈", place=cast.BASE, capacity=1, starts_at=soon(4))
    make_booking(full)
    assert titles(client.get(f"/?{query}")) == found


def test_the_month_narrows(app, client):
    make_slot(title="本月", starts_at=soon(5))
    make_slot(title="下月", starts_at=soon(30))
    make_slot(title="以后", starts_at=soon(70))
    assert titles(client.get("/")) == ["本月", "下月"]
    assert titles(client.get("/?month=2026-12")) == ["本月"]
    assert titles(client.get("/?month=2027-01")) == ["下月"]
    assert titles(client.get("/?month=2027-02")) == ["以后"]
    assert titles(client.get("/?month=2027-13")) == ["本月", "下月"]


def test_pages_follow_a_cursor_and_keep_the_filters(app, client):
    for number in range(35):
        make_slot(title=f"第{number:02d}场", starts_at=soon(7) + timedelta(minutes=number // 2))
    first = client.get("/?department=tax")
    assert titles(first) == [f"第{number:02d}场" for number in range(30)]
    (following,) = re.findall(r'href="(/\?[^"]*cursor=[^"]*)" rel="next"', first.text)
    assert "department=tax" in following
    assert titles(client.get(following.replace("&amp;", "&"))) == [f"第{number:02d}场" for number in range(30, 35)]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0x", "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsMV0", "𠮷", "a" * 5000])
def test_a_malformed_cursor_is_refused(client, cursor):
    assert client.get(f"/?cursor={cursor}").status_code == 422


def test_ones_own_bookings_are_marked(app):
    make_booking(make_slot())
    mine = app.test_client().sign_in(cast.COLLEAGUE).get("/?lang=en").text
    assert "Booked by your enterprise" in mine
    db.session.rollback()
    others = app.test_client().sign_in(cast.STRANGER).get("/?lang=en").text
    assert "Booked by your enterprise" not in others


def test_what_people_type_is_shown_as_text(app, client):
    make_slot(title="<script>alert(1)</script>{{7*7}}𠮷🎉")
    page = client.get('/?q="><script>alert(2)</script>')
    assert "<script>alert" not in page.text
    page = client.get("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}𠮷🎉" in page.text


def test_costs_few_statements(app, client):
    for number in range(12):
        make_slot(title=f"第{number}场", supporting=(cast.SCIENCE,), services=(cast.TAX,))
    client.get("/")
    db.session.remove()
    with counted_statements() as seen:
        assert len(titles(client.get("/"))) == 12
    assert len(seen) <= 8, seen


def test_the_calendar_gets_events(app, client):
    slot = make_slot(title="政策辅导")
    make_slot(title="草稿场", publish=False)
    answer = client.get("/calendar.json?start=2026-12-01T00:00:00%2B08:00&end=2027-01-11T00:00:00%2B08:00")
    (event,) = answer.json["items"]
    assert event == {
        "id": slot.public_id,
        "title": "税务局 政策辅导",
        "start": "2026-12-16T14:00:00+08:00",
        "end": "2026-12-16T15:30:00+08:00",
        "url": f"/slots/{slot.public_id}",
        "color": "dept-c1",
        "muted": False,
        "place": "第一活动中心",
    }
    assert client.get("/calendar.json?start=2026-12-01&end=2027-01-01&department=kxj").json == {"items": []}


@pytest.mark.parametrize(
    "query",
    ["", "start=2026-12-01", "start=x&end=y", "start=2026-12-02&end=2026-12-01", "start=2020-01-01&end=2026-01-01",
     "start=0001-01-01&end=0001-01-02", "start=9999-12-30&end=9999-12-31"],
)  # fmt: skip
def test_a_calendar_without_a_sensible_span_is_refused(client, query):
    answer = client.get(f"/calendar.json?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] in {"start", "end"}


def test_the_calendar_view_keeps_a_list_for_those_without_a_script(app, client):
    make_slot(title="政策辅导")
    page = client.get("/?view=calendar&topic=service").text
    assert 'data-calendar-url="/calendar.json?topic=service"' in page
    assert "政策辅导" in page
    assert "calendar.js" not in client.get("/").text


def test_looking_changes_nothing(app, client):
    slot = make_slot()
    before = slot.version, slot.changed_at
    client.get("/")
    client.get(f"/slots/{slot.public_id}")
    client.get(f"/slots/{slot.public_id}/book")
    with unit_of_work():
        db.session.expire_all()
        assert (slot.version, slot.changed_at, slot.places_taken) == (*before, 0)


def test_departments_with_their_services(client):
    page = client.get("/departments").text
    assert "示范区税务局" in page
    assert "政策辅导" in page
    assert "示范区税务局" not in client.get("/departments?q=kxj").text
    assert "No department found" in client.get("/departments?q=zzzz&lang=en").text


def test_help_and_privacy(client):
    for path in ("/help", "/privacy"):
        assert client.get(path).status_code == 200


def test_a_page_answers_before_set_up(app, client):
    """Errors need a page as well, even when there is no district yet."""
    from sqlalchemy import text

    with unit_of_work():
        db.session.execute(text("DELETE FROM districts"))
    assert client.get("/nothing-here").status_code == 404
    assert now()
