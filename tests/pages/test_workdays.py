"""The pages of the working calendar: look, change days, import a year."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime

import pytest
import time_machine

from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import DayKind
from tests import cast
from tests.pages.workdays import FRIDAY, THURSDAY, close, days, hidden, slot_on
from tests.workdays.official import as_holiday_cn

CLOSE = {"first": "2026-12-03", "last": "", "kind": "closed", "name": "台风停工"}


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(datetime(2026, 11, 26, 2, 0, tzinfo=UTC), tick=True):
        yield


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize(
    "member", [cast.ADMINISTRATOR, cast.COORDINATOR, cast.CLERK, cast.AUDITOR], ids=lambda member: member.role
)
def test_the_staff_look_at_the_year(client, member, language):
    close()
    page = client.sign_in(member).get(f"/admin/workdays/?lang={language}").text
    assert page.count('<table class="caption-top') == 12
    assert "台风停工" in page
    assert ("247个工作日" if language == "zh_CN" else "247 working days") in page
    assert ("/admin/workdays/days?first=2026-12-03" in page) is (member in (cast.ADMINISTRATOR, cast.COORDINATOR))


def test_a_year_not_announced_is_marked(client):
    page = client.sign_in(cast.COORDINATOR).get("/admin/workdays/?year=2027&lang=en").text
    assert "Provisional" in page
    assert "Provisional" not in client.get("/admin/workdays/?year=2026&lang=en").text


@pytest.mark.parametrize("year", ["1", "0000", "2009", "2100", "9999", "２０２６", "x", "-2026", "20260"])
def test_a_year_that_is_none_is_not_found(client, year):
    assert client.sign_in(cast.COORDINATOR).get("/admin/workdays/", query_string={"year": year}).status_code == 404


@pytest.mark.parametrize(
    "member", [cast.CONTACT, cast.STEWARD, cast.VOLUNTEER, cast.VOLUNTEER_LEAD], ids=lambda member: member.role
)
def test_others_do_not_look(client, member):
    client.sign_in(member)
    for path in ("/admin/workdays/", "/admin/workdays/days", "/admin/workdays/import", "/admin/workdays/slots"):
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("member", [cast.CLERK, cast.AUDITOR], ids=lambda member: member.role)
def test_who_may_look_does_not_change(client, member):
    client.sign_in(member)
    assert client.get("/admin/workdays/days").status_code == 403
    assert client.post("/admin/workdays/days", data=CLOSE).status_code == 403
    assert client.post("/admin/workdays/import/confirm", data={"notice": "{}"}).status_code == 403
    assert days() == {}


def test_a_day_is_previewed_then_closed_and_given_back(client):
    slot = slot_on()
    client.sign_in(cast.COORDINATOR)
    preview = client.get("/admin/workdays/days", query_string=CLOSE).text
    assert slot.public_id in preview
    assert days() == {}
    seen = hidden(preview, "seen")
    done = client.post("/admin/workdays/days", data=CLOSE | {"seen": seen})
    assert (done.status_code, done.location) == (303, "/admin/workdays/slots?day=2026-12-03")
    assert days() == {"2026-12-03": "closed"}
    assert slot.public_id in client.get(done.location).text
    stale = client.post("/admin/workdays/days", data=CLOSE | {"kind": "open", "seen": seen})
    assert stale.status_code == 409
    assert hidden(stale.text, "seen") != seen
    again = client.post("/admin/workdays/days", data=CLOSE)
    assert (again.status_code, again.location) == (303, "/admin/workdays/?year=2026")
    back = client.post("/admin/workdays/days", data={"first": "2026-12-03", "kind": "official"})
    assert back.location == "/admin/workdays/?year=2026"
    assert days() == {}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"first": ""}, 422),
        ({"first": "2026-02-30"}, 422),
        ({"first": "0001-01-01"}, 422),
        ({"first": "9999-12-31"}, 422),
        ({"last": "2026-12-01"}, 422),
        ({"last": "2027-12-03"}, 422),
        ({"last": "x"}, 422),
        ({"kind": ""}, 422),
        ({"kind": "nothing"}, 422),
        ({"name": ""}, 422),
        ({"name": "长" * 41}, 422),
        ({"name": "🙂𠮷" * 20}, 200),
        ({"name": "<b>'\""}, 200),
    ],
)
def test_what_cannot_be_right_is_refused_in_preview_and_for_real(client, changes, status):
    client.sign_in(cast.ADMINISTRATOR)
    typed = CLOSE | changes
    shown = client.get("/admin/workdays/days", query_string=typed)
    assert shown.status_code == status
    assert "<b>'" not in shown.text
    assert days() == {}
    done = client.post("/admin/workdays/days", data=typed)
    assert done.status_code == (422 if status == 422 else 303)
    assert len(days()) == (status == 200)


def test_a_preview_names_only_slots_that_the_change_hits(client):
    hit, other_day = slot_on(THURSDAY), slot_on(FRIDAY)
    sunday = slot_on(date(2026, 12, 6))
    past = {"first": "2026-12-03", "last": "2026-12-06", "kind": "closed", "name": "停电"}
    page = client.sign_in(cast.COORDINATOR).get("/admin/workdays/days", query_string=past).text
    assert hit.public_id in page
    assert other_day.public_id in page
    assert sunday.public_id not in page  # it lay on a Sunday before
    morning, afternoon = slot_on(THURSDAY, 9), slot_on(THURSDAY, 15, place=cast.BASE)
    page = client.get("/admin/workdays/days", query_string=CLOSE | {"kind": "morning"}).text
    assert morning.public_id not in page
    assert afternoon.public_id in page


def upload(client, content: bytes | dict, name: str = "2027.json"):
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    return client.post("/admin/workdays/import", data={"file": (io.BytesIO(body), name)})


def as_2027(closed: date = date(2027, 3, 4)) -> dict:
    return {"year": 2027, "days": [{"name": "演练", "date": closed.isoformat(), "isOffDay": True}]}


def test_a_year_is_previewed_then_imported(client):
    slot = slot_on(date(2027, 3, 4))
    client.sign_in(cast.ADMINISTRATOR)
    preview = upload(client, as_2027())
    assert preview.status_code == 200
    assert slot.public_id in preview.text
    assert days() == {}
    typed = {name: hidden(preview.text, name) for name in ("notice", "seen")}
    done = client.post("/admin/workdays/import/confirm", data=typed)
    assert done.status_code == 303
    assert "day=2027-03-04" in done.location
    assert days() == {"2027-03-04": "closed"}
    assert not working_calendar().is_provisional(date(2027, 3, 5))
    assert client.post("/admin/workdays/import/confirm", data=typed).status_code == 409  # seen before it was imported
    page = upload(client, as_2027(date(2027, 3, 5)))
    typed = {name: hidden(page.text, name) for name in ("notice", "seen")}
    assert client.post("/admin/workdays/import/confirm", data=typed).status_code == 303
    assert days() == {"2027-03-05": "closed"}


def test_the_official_file_of_2026_hits_nothing(client):
    slot_on()
    page = upload(client.sign_in(cast.COORDINATOR), as_holiday_cn(2026))
    assert page.status_code == 200
    done = client.post(
        "/admin/workdays/import/confirm", data={name: hidden(page.text, name) for name in ("notice", "seen")}
    )
    assert (done.status_code, done.location) == (303, "/admin/workdays/?year=2026")


@pytest.mark.parametrize("content", [b"", b"x", b"[" * 50_000, b"{}", "年".encode("gbk"), b"x" * 300_000])
def test_a_file_that_is_no_notice_is_refused(client, content):
    client.sign_in(cast.COORDINATOR)
    assert upload(client, content).status_code == 422
    sent = {"notice": content.decode("latin1"), "seen": ""}
    assert client.post("/admin/workdays/import/confirm", data=sent).status_code == 422
    assert client.post("/admin/workdays/import").status_code == 422
    assert days() == {}


def test_each_wrong_line_is_named(client):
    wrong = as_2027()
    wrong["days"] += [{"name": "元旦", "date": "2027-02-30", "isOffDay": True}, "x"]
    page = upload(client.sign_in(cast.COORDINATOR), wrong).text
    assert "第2条" in page
    assert "第3条" in page


def test_the_slot_editor_speaks_of_own_days(client):
    close()
    close(FRIDAY, DayKind.MORNING)
    thursday, friday, early = slot_on(publish=False), slot_on(FRIDAY, publish=False), slot_on(FRIDAY, 9, publish=False)
    client.sign_in(cast.CLERK)
    assert "台风停工" in client.get(f"/slots/{thursday.public_id}").text
    assert "仅上午办公" in client.get(f"/slots/{friday.public_id}/edit").text
    assert "仅上午办公" not in client.get(f"/slots/{early.public_id}").text
