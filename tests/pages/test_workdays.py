"""The pages of the working calendar: look, change days, import a year, move the slots hit."""

from __future__ import annotations

import html
import io
import json
import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind
from eventsys.workdays.models import WorkdayOverride
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import DayChange, DayKind
from eventsys.workdays.services import change_days
from tests import cast
from tests.factories import ZONE, make_booking, make_slot
from tests.workdays.official import as_holiday_cn

THURSDAY, FRIDAY, MONDAY = date(2026, 12, 3), date(2026, 12, 4), date(2026, 12, 7)
CLOSE = {"first": "2026-12-03", "last": "", "kind": "closed", "name": "台风停工"}


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(datetime(2026, 11, 26, 2, 0, tzinfo=UTC), tick=True):
        yield


def at(day: date, hour: int = 14, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def slot_on(day: date = THURSDAY, hour: int = 14, **changes) -> Slot:
    return make_slot(starts_at=at(day, hour), **changes)


def close(day: date = THURSDAY, kind: DayKind = DayKind.CLOSED) -> None:
    with unit_of_work():
        change_days(DayChange(day, day, kind, "台风停工"), actor=cast.COORDINATOR.actor)


def days() -> dict[str, str]:
    db.session.rollback()
    return {row.day.isoformat(): row.kind.value for row in db.session.scalars(select(WorkdayOverride))}


def fresh(slot: Slot) -> Slot:
    db.session.rollback()
    return db.session.scalars(select(Slot).where(Slot.id == slot.id).execution_options(populate_existing=True)).one()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', page
    )
    assert found, name
    return html.unescape(found[1])


def move(client, slot: Slot, to: datetime, **changes):
    key, start = slot.public_id, to.replace(tzinfo=None).isoformat()
    return client.post("/admin/workdays/slots", data={"slot": key, f"to-{key}": start,
                                                      f"version-{key}": fresh(slot).version} | changes)  # fmt: skip


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


def test_who_booked_is_told_when_the_slots_move_together(client):
    booked, draft = slot_on(), slot_on(publish=False, place=cast.BASE)
    make_booking(booked)
    close()
    close(FRIDAY)
    client.sign_in(cast.COORDINATOR)
    page = client.get("/admin/workdays/slots").text
    keys = [booked.public_id, draft.public_id]
    assert [hidden(page, f"to-{key}") for key in keys] == ["2026-12-07T14:00:00", "2026-12-08T14:00:00"]
    typed = {f"{name}-{key}": hidden(page, f"{name}-{key}") for key in keys for name in ("to", "version")}
    done = client.post("/admin/workdays/slots", data=typed | {"slot": keys})
    assert done.status_code == 200
    assert fresh(booked).starts_at == at(MONDAY)
    assert fresh(draft).starts_at == at(date(2026, 12, 8))
    told = [message.kind for message in db.session.scalars(select(Message))]
    assert "slot_moved" in told
    assert db.session.scalars(select(Booking)).one().month == 202612
    version = fresh(booked).version
    again = client.post("/admin/workdays/slots", data=typed | {"slot": keys})
    assert again.status_code == 200
    assert fresh(booked).version == version


def test_cut_offs_stay_as_many_working_days_before(client):
    times = {"closes_at": at(date(2026, 12, 2), 17), "cancel_until": at(date(2026, 12, 1), 17)}
    slot = slot_on(**times, names_until=None)
    for day in (THURSDAY, FRIDAY):
        close(day)
    assert move(client.sign_in(cast.CLERK), slot, at(MONDAY)).status_code == 200
    moved = fresh(slot)
    assert moved.starts_at == at(MONDAY)
    assert moved.closes_at == at(date(2026, 12, 2), 17)  # the working day before Monday
    assert moved.cancel_until == at(date(2026, 12, 1), 17)
    assert moved.queue_until == at(date(2026, 12, 2), 17)


def test_each_refusal_is_told_and_the_others_move(client):
    gone, stale, fine = slot_on(), slot_on(hour=16), slot_on(hour=9)
    close()
    client.sign_in(cast.CLERK)
    typed = {"slot": [slot.public_id for slot in (gone, stale, fine)]}
    for slot, start in ((gone, "2026-12-06T14:00:00"), (stale, "2026-12-04T16:00:00"), (fine, "2026-12-04T09:00:00")):
        typed |= {f"to-{slot.public_id}": start, f"version-{slot.public_id}": str(slot.version)}
    typed[f"version-{stale.public_id}"] = "7"
    done = client.post("/admin/workdays/slots?lang=en", data=typed)
    assert done.status_code == 200
    assert "Moved: 1" in done.text
    assert "Not moved: 2" in done.text
    assert "is not in working time" in done.text
    assert [fresh(slot).starts_at for slot in (gone, stale)] == [at(THURSDAY), at(THURSDAY, 16)]
    assert fresh(fine).starts_at == at(FRIDAY, 9)


def test_a_time_taken_meanwhile_is_refused(client):
    slot = slot_on()
    close()
    slot_on(FRIDAY, hour=13)
    refused = move(client.sign_in(cast.CLERK), slot, at(FRIDAY))
    assert refused.status_code == 409
    assert fresh(slot).starts_at == at(THURSDAY)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "x",
        "2026-12-04",
        "2026-12-04T14:00:00+08:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59",
        "2026-11-01T14:00:00",
        "9" * 400,
    ],
)
def test_a_nonsense_time_moves_nothing(client, to):
    slot = slot_on()
    close()
    answer = move(client.sign_in(cast.CLERK), slot, at(FRIDAY), **{f"to-{slot.public_id}": to})
    assert answer.status_code == 409
    assert fresh(slot).starts_at == at(THURSDAY)


def test_somebody_elses_slot_does_not_exist(client):
    slot, own = slot_on(), slot_on(department=cast.SCIENCE, actor=cast.COORDINATOR.actor)
    close()
    client.sign_in(cast.STRANGER_CLERK)
    key = own.public_id
    typed = {"slot": [key, slot.public_id], f"to-{key}": "2026-12-04T14:00:00", f"version-{key}": "1"}
    typed |= {f"to-{slot.public_id}": "2026-12-04T14:00:00", f"version-{slot.public_id}": "1"}
    assert client.post("/admin/workdays/slots", data=typed).status_code == 404
    assert {fresh(own).starts_at, fresh(slot).starts_at} == {at(THURSDAY)}
    assert move(client.sign_in(cast.AUDITOR), slot, at(FRIDAY)).status_code == 403
    assert move(client.sign_in(cast.ADMINISTRATOR), slot, at(FRIDAY)).status_code == 403


def test_drafts_and_hidden_slots_are_counted_for_who_may_not_see_them(client):
    draft = slot_on(publish=False)
    invited = slot_on(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)), title="送温暖")
    close()
    for member, told in ((cast.ADMINISTRATOR, True), (cast.STRANGER_CLERK, False)):
        page = client.sign_in(member).get("/admin/workdays/slots?lang=en").text
        assert draft.public_id not in page
        assert invited.public_id not in page
        assert ("such as drafts: 2" in page) is told
    page = client.sign_in(cast.COORDINATOR).get("/admin/workdays/slots?lang=en").text
    assert draft.public_id in page
    assert invited.public_id in page


def test_a_clerk_finds_the_own_departments_slots(client):
    own, other = slot_on(), slot_on(department=cast.SCIENCE, actor=cast.COORDINATOR.actor)
    close()
    page = client.sign_in(cast.CLERK).get("/admin/workdays/slots").text
    assert own.public_id in page
    assert other.public_id not in page
    assert "有1个待举行场次" in client.get("/admin/workdays/").text
    assert "有2个待举行场次" in client.sign_in(cast.COORDINATOR).get("/admin/workdays/").text


def test_without_a_choice_nothing_happens(client):
    slot = slot_on()
    close()
    client.sign_in(cast.CLERK)
    assert client.post("/admin/workdays/slots", data={}).status_code == 200
    assert client.post("/admin/workdays/slots", data={"slot": "zzzzzzzzzzzzy"}).status_code == 404
    assert client.get("/admin/workdays/slots?day=x&day=0001-01-01&day=2026-12-03").status_code == 200
    assert fresh(slot).starts_at == at(THURSDAY)


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


def test_the_list_is_cut_where_it_grows_long(client, monkeypatch):
    monkeypatch.setattr("eventsys.pages.closed_days.SLOTS_SHOWN", 2)
    for hour in (9, 11, 14):
        slot_on(hour=hour)
    close()
    page = client.sign_in(cast.COORDINATOR).get("/admin/workdays/slots?lang=en").text
    assert page.count('type="checkbox"') == 2
    assert "And 1 more." in page
