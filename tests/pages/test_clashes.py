"""Clashes as a clerk sees them: typing, saving, on the slot's page, on the desk; who comes and what to bring."""

import pytest

from eventsys.core.db import db, unit_of_work
from eventsys.directory.commands import StaffDetails
from eventsys.directory.models import District
from eventsys.directory.services import add_staff
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from tests import cast
from tests.factories import make_booking, make_slot, soon
from tests.pages.test_slot_editor import NEW, typed

CLERK = cast.CLERK.actor
ASK = "/desk/slots/clashes"


@pytest.fixture
def clerk(client):
    return client.sign_in(cast.CLERK)


@pytest.fixture
def member(app):
    with unit_of_work():
        return add_staff(cast.fixed_id("d", cast.TAX), StaffDetails("陈一", "科长", "0592 1"), actor=CLERK)


def set_rule(**settings):
    with unit_of_work():
        db.session.get(District, 1).settings = settings


def test_asked_while_typing(clerk, member):
    slot = make_slot(staff=(member.id,))
    told = clerk.post(ASK, data=typed(staff=member.public_id)).text
    assert told.count("<li>") == 2
    assert slot.public_id in told
    assert "陈一" in told
    assert "<li>" not in clerk.post(ASK, data=typed(starts_at=f"{soon(8):%Y-%m-%dT%H:%M}")).text
    assert "<li>" not in clerk.post(f"{ASK}?slot={slot.public_id}", data=typed()).text  # itself


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_at": ""},
        {"starts_at": "nonsense"},
        {"minutes": "9" * 400},
        {"department": "zzzzzzzzzzzzy"},
        {"place": "🙂"},
        {"staff": "zzzzzzzzzzzzy"},
        {"format": "visit", "audience": "named", "invited": "没有这家"},
    ],
)
def test_half_typed_is_no_error(clerk, changes):
    make_slot()
    assert clerk.post(ASK, data=typed(**changes)).status_code == 200


def test_only_those_who_make_slots_may_ask(app):
    draft = make_slot(publish=False)
    for who, status in ((cast.CONTACT, 403), (cast.STEWARD, 403)):
        assert app.test_client().sign_in(who).post(ASK, data=typed()).status_code == status
    stranger = app.test_client().sign_in(cast.STRANGER_CLERK)
    assert stranger.post(f"{ASK}?slot={draft.public_id}", data=typed()).status_code == 404


def test_saved_with_the_warning(clerk):
    other = make_slot()
    answer = clerk.post(NEW, data=typed(), follow_redirects=True)
    assert answer.status_code == 200
    assert other.title in answer.text
    assert f"/slots/{other.public_id}" in answer.text
    assert db.session.query(Slot).count() == 2
    assert clerk.get(f"/desk?month={soon():%Y-%m}").text.count("state-bad") >= 2


def test_refused_when_forbidden_with_the_way_to_the_other(clerk):
    other = make_slot()
    set_rule(clash_venue="forbid")
    answer = clerk.post(NEW, data=typed())
    assert answer.status_code == 409
    assert "error-summary" in answer.text
    assert f'href="/slots/{other.public_id}"' in answer.text
    assert db.session.query(Slot).count() == 1


def test_the_api_refuses_with_a_code(api):
    other = make_slot()
    set_rule(clash_venue="forbid")
    body = {"title": "x", "starts_at": soon().isoformat(), "ends_at": soon(7, 16).isoformat(), "format": "session"}
    body |= {"capacity": 2, "place": cast.fixed_id("l", cast.CENTRE)}
    answer = api(cast.CLERK).post("/slots", body)
    assert (answer.status_code, answer.json["code"], answer.json["slot"]) == (409, "slot_clash", other.public_id)
    answer = api(cast.CLERK).post("/slots", [{**body, "place": None}, body])
    assert (answer.status_code, answer.json["code"], answer.json["position"]) == (409, "slot_clash", 1)
    made = api(cast.CLERK).post("/slots", {**body, "place": None, "bring": "执照"})
    assert (made.status_code, made.json["bring"], made.json["staff"]) == (201, "执照", [])
    tag = {"If_Match": made.headers["ETag"]}
    answer = api(cast.CLERK).patch(f"/slots/{made.json['id']}", {"place": body["place"]}, **tag)
    assert (answer.status_code, answer.json["code"]) == (409, "slot_clash")


def test_the_api_tells_who_comes_to_those_who_may_know(api, member):
    slot = make_slot(staff=(member.id,))
    path = f"/slots/{slot.public_id}"
    assert api(cast.CLERK).get(path).json["staff"] == [{"id": member.public_id, "name": "陈一", "office": "科长"}]
    assert api.get(path).json["staff"] is None
    assert api(cast.CONTACT).get(path).json["staff"] is None
    make_booking(slot)
    assert api(cast.CONTACT).get(path).json["staff"][0]["name"] == "陈一"
    assert all(item["staff"] is None for item in api(cast.CLERK).get("/slots").json["items"])


def test_names_are_for_the_department_and_those_who_booked(app, client, member):
    slot = make_slot(staff=(member.id,), bring="营业执照\n公章")
    page = f"/slots/{slot.public_id}"
    public = client.get(page).text
    assert "营业执照" in public
    assert "陈一" not in public
    contact, clerk = app.test_client().sign_in(cast.CONTACT), app.test_client().sign_in(cast.CLERK)
    assert "陈一" not in contact.get(page).text
    booking = make_booking(slot)
    for text in (contact.get(page).text, contact.get(f"/bookings/{booking.public_id}").text, clerk.get(page).text):
        assert "陈一" in text
        assert "科长" in text
        assert "公章" in text
        assert "0592 1" not in text
    stranger = app.test_client().sign_in(cast.STRANGER)
    assert "陈一" not in stranger.get(page).text


def test_the_form_offers_the_staff_of_those_who_take_part(clerk, member):
    with unit_of_work():
        other = add_staff(cast.fixed_id("d", cast.SCIENCE), StaffDetails("外"), actor=cast.STRANGER_CLERK.actor)
    assert member.public_id in clerk.get(NEW).text
    assert other.public_id not in clerk.get(NEW).text
    shown = clerk.post(NEW, data=typed(action="rows", supporting=cast.fixed_id("d", cast.SCIENCE))).text
    assert other.public_id in shown
    assert clerk.post(NEW, data=typed(staff=other.public_id)).status_code == 422
    assert clerk.post(NEW, data=typed(staff=member.public_id, bring="x" * 501)).status_code == 422
    clerk.post(NEW, data=typed(staff=member.public_id, bring="<b>执照</b>"))
    slot = db.session.query(Slot).one()
    assert [item.name for item in slot.staff] == ["陈一"]
    assert "&lt;b&gt;执照" in clerk.get(f"/slots/{slot.public_id}").text
    assert "checked" in clerk.get(f"/slots/{slot.public_id}/edit").text.split(member.public_id)[1][:40]


def test_a_named_visit_twice_a_day_is_told_while_typing(clerk):
    audience = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))
    make_slot(format=SlotFormat.VISIT, audience=audience, place=None, starts_at=soon(7, 9))
    told = clerk.post(ASK, data=typed(format="visit", audience="named", invited="甲网络公司", place="")).text
    assert "甲网络公司" in told
