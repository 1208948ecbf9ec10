"""Slots that lie on days off: listed, and moved together."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.core.db import db
from eventsys.notifications.models import Message
from eventsys.slots.rules import Audience, AudienceKind
from tests import cast
from tests.factories import make_booking
from tests.pages.workdays import FRIDAY, MONDAY, THURSDAY, at, close, fresh, hidden, move, slot_on


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(datetime(2026, 11, 26, 2, 0, tzinfo=UTC), tick=True):
        yield


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


def test_the_list_is_cut_where_it_grows_long(client, monkeypatch):
    monkeypatch.setattr("eventsys.pages.closed_days.SLOTS_SHOWN", 2)
    for hour in (9, 11, 14):
        slot_on(hour=hour)
    close()
    page = client.sign_in(cast.COORDINATOR).get("/admin/workdays/slots?lang=en").text
    assert page.count('type="checkbox"') == 2
    assert "And 1 more." in page
