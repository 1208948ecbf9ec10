"""The pages of visit requests: ask, look, withdraw, decline, make a slot of one."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from eventsys.bookings.models import Booking, VisitRequest
from eventsys.bookings.rules import NewBooking, NewVisitRequest, RequestState
from eventsys.bookings.services import arrange_visit, ask_for_visit, book_slot, decline_request
from eventsys.core.db import db, unit_of_work
from eventsys.directory.rules import EnterpriseSize
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat, SlotState
from tests import cast
from tests.factories import make_slot, new_slot, soon

TAX = cast.fixed_id("d", cast.TAX)
ASKED = {"department": TAX, "topic": "service", "asks": "出口退税怎么办", "wanted": "下月第二周", "enterprise": ""}


@pytest.fixture
def request_id(app):
    with unit_of_work():
        command = NewVisitRequest(cast.ACME, cast.TAX, "出口退税<b>怎么办", wanted="下月第二周")
        return ask_for_visit(command, actor=cast.CONTACT.actor).public_id


def row():
    db.session.rollback()
    return db.session.scalars(select(VisitRequest)).one()


def test_the_contact_asks_and_withdraws(app, client):
    client.sign_in(cast.CONTACT)
    assert client.get("/requests").status_code == 200
    assert 'href="/requests/new?enterprise=' in client.get("/my").text
    page = client.get(f"/requests/new?department={TAX}").text
    assert re.search(rf'<option selected value="{TAX}">', page)
    missing = client.post("/requests/new", data={**ASKED, "asks": " ", "department": ""})
    assert missing.status_code == 422
    assert "下月第二周" in missing.text
    assert client.post("/requests/new", data={**ASKED, "department": "nothing"}).status_code == 422
    assert client.post("/requests/new", data={**ASKED, "topic": "nothing"}).status_code == 422
    other = {**ASKED, "enterprise": cast.fixed_id("e", cast.OTHER)}
    assert client.post("/requests/new", data=other).status_code == 422
    sent = client.post("/requests/new", data=ASKED)
    assert sent.status_code == 303
    asked = row()
    assert sent.location == f"/requests/{asked.public_id}"
    assert (asked.asks, asked.wanted, asked.contact_name) == ("出口退税怎么办", "下月第二周", "联系人丁")
    assert client.post("/requests/new", data=ASKED).status_code == 409
    assert asked.public_id in client.get("/requests").text
    assert f"/requests/{asked.public_id}/withdraw" in client.get(sent.location).text
    for _ in range(2):
        assert client.post(f"/requests/{asked.public_id}/withdraw").status_code == 303
    assert row().state is RequestState.WITHDRAWN
    assert "/withdraw" not in client.get(sent.location).text


def test_a_slot_for_others_leads_to_a_request(client, app):
    slot = make_slot(audience=Audience(AudienceKind.FILTERED, sizes=(EnterpriseSize.LARGE,)))
    page = client.sign_in(cast.CONTACT).get(f"/slots/{slot.public_id}").text
    assert f"/requests/new?department={TAX}" in page


def test_the_clerk_declines(client, request_id):
    client.sign_in(cast.CLERK)
    assert request_id in client.get("/requests").text
    page = client.get(f"/requests/{request_id}").text
    assert "出口退税&lt;b&gt;怎么办" in page
    assert f"/desk/slots/new?request={request_id}" in page
    assert "/withdraw" not in page
    assert client.post(f"/requests/{request_id}/decline", data={"decision": " "}).status_code == 422
    assert client.post(f"/requests/{request_id}/decline", data={"decision": "本月人手不足"}).status_code == 303
    assert client.post(f"/requests/{request_id}/decline", data={"decision": "再说一次"}).status_code == 409
    assert row().decision == "本月人手不足"
    client.sign_in(cast.CONTACT)
    assert "本月人手不足" in client.get(f"/requests/{request_id}").text
    assert "本月人手不足" in client.get("/requests").text


def filled(page):
    """What a browser would send of the form as it is shown."""
    values = {}
    for tag in re.findall(r"<input[^>]*>", page):
        about = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if about.get("type") not in {"radio", "checkbox"} or re.search(r"\bchecked\b", tag):
            values[about.get("name", "")] = about.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\r?\n?([^<]*)</textarea>', page):
        values[name] = text
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options) or re.search(r'value="([^"]*)"', options)
        values[name] = chosen[1] if chosen else ""
    return values


@pytest.mark.parametrize("action", ["publish", "save"])
def test_the_clerk_makes_a_slot_of_it(client, request_id, action):
    client.sign_in(cast.CLERK)
    page = client.get(f"/desk/slots/new?request={request_id}").text
    assert f'action="/desk/slots/new?request={request_id}"' in page
    values = filled(page)
    assert (values["format"], values["capacity"], values["audience"]) == ("visit", "1", "named")
    assert "91350299MA00000019\t甲网络公司" in values["invited"]
    assert "甲网络公司" in values["title"]
    values |= {"starts_at": soon(9).strftime("%Y-%m-%dT%H:%M"), "action": action}
    wrong = client.post(f"/desk/slots/new?request={request_id}", data={**values, "invited": "乙网络公司"})
    assert wrong.status_code == 422
    assert f'action="/desk/slots/new?request={request_id}"' in wrong.text
    made = client.post(f"/desk/slots/new?request={request_id}", data=values)
    assert made.status_code == 303, made.text
    slot = db.session.scalars(select(Slot)).one()
    assert (slot.format, slot.audience_kind, slot.capacity) == (SlotFormat.VISIT, AudienceKind.NAMED, 1)
    assert row().slot_id == slot.id
    booked = len(db.session.scalars(select(Booking)).all())
    assert booked == (1 if action == "publish" else 0)
    contact = client.application.test_client().sign_in(cast.CONTACT)
    shown = contact.get(f"/requests/{request_id}").text
    assert (f"/slots/{slot.public_id}" in shown) is (action == "publish")
    if action == "save":
        assert client.post(f"/slots/{slot.public_id}/publish").status_code == 303
        assert f"/slots/{slot.public_id}" in contact.get(f"/requests/{request_id}").text
        assert len(db.session.scalars(select(Booking)).all()) == 1
    assert client.post(f"/desk/slots/new?request={request_id}", data=values).status_code == 409


def test_what_stands_against_publishing_is_said(client, request_id):
    with unit_of_work():
        command = new_slot(
            format=SlotFormat.VISIT, audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)), place=None
        )
        slot = arrange_visit(request_id, command, actor=cast.CLERK.actor)
    busy = make_slot(format=SlotFormat.VISIT, department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    with unit_of_work():
        book_slot(NewBooking(busy.public_id, cast.ACME, party=1), actor=cast.CONTACT.actor)
    client.sign_in(cast.CLERK)
    told = client.post(f"/slots/{slot.public_id}/publish", follow_redirects=True)
    assert "甲网络公司在同一时间已登记参加" in told.text
    db.session.rollback()
    assert db.session.get_one(Slot, slot.id).state is SlotState.DRAFT


def test_deleting_the_draft_asks_again(client, request_id):
    with unit_of_work():
        audience = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))
        command = new_slot(format=SlotFormat.VISIT, audience=audience)
        slot = arrange_visit(request_id, command, actor=cast.CLERK.actor)
    client.sign_in(cast.CLERK)
    assert client.post(f"/slots/{slot.public_id}/delete").status_code == 303
    assert row().state is RequestState.OPEN
    assert f"/desk/slots/new?request={request_id}" in client.get(f"/requests/{request_id}").text


def test_it_is_nobody_elses_business(client, request_id):
    for member in (cast.STRANGER, cast.STRANGER_CLERK):
        client.sign_in(member)
        assert client.get(f"/requests/{request_id}").status_code == 404
        assert client.post(f"/requests/{request_id}/withdraw").status_code in {403, 404}
        assert client.post(f"/requests/{request_id}/decline", data={"decision": "x"}).status_code in {403, 404}
        assert request_id not in client.get("/requests").text
    assert client.get(f"/desk/slots/new?request={request_id}").status_code == 404
    assert client.post(f"/desk/slots/new?request={request_id}", data={}).status_code == 404
    for member in (cast.STEWARD, cast.VOLUNTEER, cast.ADMINISTRATOR):
        client.sign_in(member)
        assert client.get("/requests").status_code == 403
        assert client.get(f"/requests/{request_id}").status_code == 403
    auditor = client.sign_in(cast.AUDITOR)
    assert request_id in auditor.get("/requests").text
    assert auditor.post(f"/requests/{request_id}/decline", data={"decision": "x"}).status_code == 403
    assert client.sign_in(cast.CONTACT).get(f"/requests?enterprise={cast.fixed_id('e', cast.OTHER)}").status_code == 404
    assert row().state is RequestState.OPEN


def test_answered_ones_stay_readable(client, request_id):
    with unit_of_work():
        decline_request(request_id, "请到专场来", actor=cast.COORDINATOR.actor)
    for member in (cast.CLERK, cast.COORDINATOR, cast.CONTACT):
        client.sign_in(member)
        assert "请到专场来" in client.get("/requests").text
        assert "请到专场来" in client.get(f"/requests/{request_id}").text
