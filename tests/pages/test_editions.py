"""The collection in the browser, and the page of an edition."""

from __future__ import annotations

import pytest

from eventsys.core.db import db, unit_of_work
from eventsys.slots.models import Edition, Submission
from eventsys.slots.queries.editions import get_edition
from eventsys.slots.services.editions import create_edition, submit
from tests import cast
from tests.factories import make_slot, soon
from tests.slots.test_collection import command
from tests.support import counted_statements

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def edition(app):
    with unit_of_work():
        return create_edition(command(title="金融服务月"), actor=cast.COORDINATOR.actor)


def answers():
    db.session.rollback()
    return {row.department_id: row.state.value for row in db.session.query(Submission)}


def test_the_coordinator_makes_one(app, client):
    client.sign_in(cast.COORDINATOR)
    page = client.get("/desk/editions/new").text
    assert 'value="1"' in page
    assert "T17:30" in page
    values = {"number": "1", "title": "开门红", "starts_on": "2027-01-01", "ends_on": "2027-01-31",
              "collects_until": "2026-12-21T17:30", "opens_at": "2026-12-25T10:00"}  # fmt: skip
    bad = client.post("/desk/editions/new", data={**values, "ends_on": "2026-12-01"})
    assert bad.status_code == 422
    assert "开门红" in bad.text
    made = client.post("/desk/editions/new", data=values)
    (edition,) = db.session.query(Edition)
    assert made.location == f"/desk/editions/{edition.public_id}"
    again = client.post("/desk/editions/new", data=values)
    assert (again.status_code, "期数已存在" in again.text) == (409, True)
    assert "开门红" in client.get("/desk/editions").text


def test_a_clerk_submits_from_the_desk(edition, client):
    client.sign_in(cast.CLERK)
    assert f"/desk/editions/{edition.public_id}" in client.get("/desk").text
    page = client.get(f"/desk/editions/{edition.public_id}").text
    assert "示范区税务局" in page
    assert "示范区科信局" not in page
    tax = f"/desk/editions/{edition.public_id}/departments/{cast.fixed_id('d', cast.TAX)}"
    assert f"{tax}/nothing" in page
    make_slot(publish=False, edition=edition.id)
    assert f"{tax}/submit" in client.get(f"/desk/editions/{edition.public_id}").text
    assert client.post(f"{tax}/submit").status_code == 303
    assert answers() == {cast.TAX: "submitted"}
    assert "已报送" in client.get("/desk").text
    assert client.post(f"{tax}/back").status_code == 303
    assert answers() == {cast.TAX: "missing"}
    assert client.post(f"{tax}/nothing").status_code == 303  # refused, and said why
    assert "本期已有1个场次" in client.get(f"/desk/editions/{edition.public_id}").text
    assert client.post(f"{tax}/return", data={"remark": "x"}).status_code == 403
    assert client.post(f"{tax}/anything").status_code == 404


def test_another_department_s_clerk_finds_nothing(edition, client):
    client.sign_in(cast.STRANGER_CLERK)
    tax = f"/desk/editions/{edition.public_id}/departments/{cast.fixed_id('d', cast.TAX)}"
    for verb in ("submit", "nothing", "back"):
        assert client.post(f"{tax}/{verb}").status_code == 404
    assert answers() == {}


def test_the_coordinator_returns_reminds_and_publishes(edition, client):
    make_slot(publish=False, edition=edition.id, title="融资对接")
    with unit_of_work():
        submit(edition.public_id, "tax", actor=cast.CLERK.actor)
    client.sign_in(cast.COORDINATOR)
    url = f"/desk/editions/{edition.public_id}"
    assert "一键催报（1个部门）" in client.get(url).text
    client.post(f"{url}/remind")
    assert "已提醒1个部门" in client.get(url).text
    empty = client.post(f"{url}/departments/tax/return", data={"remark": ""})
    assert (empty.status_code, 'aria-invalid="true"' in empty.text) == (422, True)
    client.post(f"{url}/departments/tax/return", data={"remark": "请补充<b>地点𠮷"})
    assert "请补充&lt;b&gt;地点𠮷" in client.get(url).text
    with unit_of_work():
        submit(edition.public_id, "tax", actor=cast.CLERK.actor)
    client.post(f"{url}/publish")
    assert "已发布1场" in client.get(url).text
    assert "融资对接" in app_page(client, edition)
    client.post(f"{url}/publish")
    assert "本期已发布" in client.get(url).text


def app_page(client, edition):
    return client.get(f"/editions/{edition.public_id}").text


def test_everybody_sees_when_it_comes_and_then_what(edition, client):
    draft = make_slot(publish=False, edition=edition.id, title="未公开")
    page = app_page(client, edition)
    assert "金融服务月" in page
    assert "统一发布" in page
    assert draft.title not in page
    assert client.get("/editions/aaaaaaaaaaaaa").status_code == 404
    slot = make_slot(edition=edition.id, title="公开的", starts_at=soon(9))
    assert slot.title in app_page(client, edition)
    assert f"/editions/{edition.public_id}" in client.get(f"/slots/{slot.public_id}").text


def test_two_coordinators_at_once(edition, client):
    client.sign_in(cast.COORDINATOR)
    url = f"/desk/editions/{edition.public_id}/edit"
    assert 'name="version"' in client.get(url).text
    values = {
        "number": "9",
        "starts_on": edition.starts_on.isoformat(),
        "ends_on": edition.ends_on.isoformat(),
        "version": "1",
    }
    assert client.post(url, data={**values, "title": "甲改的"}).status_code == 303
    stale = client.post(url, data={**values, "title": "乙改的"})
    assert stale.status_code == 409
    assert "甲改的" in stale.text
    assert "乙改的" in stale.text
    assert client.post(url, data={**values, "title": "乙改的", "version": "2"}).status_code == 303
    db.session.expire_all()
    assert get_edition(edition.public_id).title == "乙改的"


def test_the_collection_costs_few_statements(edition, client):
    for _ in range(3):
        make_slot(publish=False, edition=edition.id)
    client.sign_in(cast.COORDINATOR)
    url = f"/desk/editions/{edition.public_id}"
    client.get(url)
    with counted_statements() as seen:
        assert client.get(url).status_code == 200
    assert len(seen) <= 6, seen


def test_an_edition_without_a_collection(app, client):
    with unit_of_work():
        plain = create_edition(command(collects_until=None, opens_at=None), actor=cast.COORDINATOR.actor)
    client.sign_in(cast.CLERK)
    page = client.get(f"/desk/editions/{plain.public_id}").text
    assert "各场次单独发布" in page
    assert "/submit" not in page
    client.post(f"/desk/editions/{plain.public_id}/departments/tax/nothing")
    assert "本期未设报送" in client.get(f"/desk/editions/{plain.public_id}").text
