"""Templates in the browser: keep a slot, start from it, rename and delete."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import Enterprise
from eventsys.slots.models import SlotTemplate
from eventsys.slots.rules import Audience, AudienceKind
from tests import cast
from tests.factories import make_slot
from tests.pages.test_slot_editor import sent_by


@pytest.fixture
def clerk(client):
    return client.sign_in(cast.CLERK)


def kept():
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(SlotTemplate)))


def test_a_slot_is_kept_and_others_start_from_it(app, clerk):
    slot = make_slot(title="常用辅导", capacity=7, audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)))
    page = clerk.get(f"/slots/{slot.public_id}/edit").text
    assert f"/slots/{slot.public_id}/template" in page
    assert 'value="常用辅导"' in clerk.get(f"/slots/{slot.public_id}/template").text
    sent = clerk.post(f"/slots/{slot.public_id}/template", data={"name": "常用"})
    assert (sent.status_code, sent.location) == (303, "/desk/templates")
    (template,) = kept()
    for path in ("/desk/slots/new", "/desk/slots/many"):
        page = clerk.get(f"{path}?template={template.public_id}")
        fields = sent_by(page)
        assert (fields["title"], fields["capacity"], fields["minutes"]) == (["常用辅导"], ["7"], ["90"])
        acme = db.session.get_one(Enterprise, cast.ACME)
        assert acme.credit_code in page.text
        assert f'value="{template.public_id}" selected' in page.text
    assert "常用" in clerk.get("/desk/templates").text


def test_who_is_no_enterprise_any_more_is_left_out(app, clerk):
    slot = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME, cast.OTHER)))
    clerk.post(f"/slots/{slot.public_id}/template", data={"name": "定向"})
    with unit_of_work():
        gone = db.session.get_one(Enterprise, cast.OTHER)
        gone.active = False
    (template,) = kept()
    page = clerk.get(f"/desk/slots/new?template={template.public_id}").text
    assert db.session.get_one(Enterprise, cast.ACME).credit_code in page
    assert db.session.get_one(Enterprise, cast.OTHER).credit_code not in page


def test_it_is_renamed_and_deleted(app, clerk):
    slot = make_slot()
    clerk.post(f"/slots/{slot.public_id}/template", data={"name": "一"})
    assert clerk.post(f"/slots/{slot.public_id}/template", data={"name": ""}).status_code == 422
    path = f"/desk/templates/{kept()[0].public_id}"
    assert 'name="version" type="hidden" value="1"' in clerk.get(path).text
    fields = {"version": "1"}
    assert clerk.post(path, data={**fields, "name": "二"}).status_code == 303
    stale = clerk.post(path, data={**fields, "name": "三"})
    assert stale.status_code == 409
    assert clerk.post(path, data={"name": "三", "version": "2"}).status_code == 303
    assert [item.name for item in kept()] == ["三"]
    assert clerk.post(f"{path}/delete").status_code == 303
    assert kept() == []
    assert clerk.post(f"{path}/delete").status_code == 404


def test_another_departments_template_does_not_exist(app, clerk):
    slot = make_slot()
    clerk.post(f"/slots/{slot.public_id}/template", data={"name": "一"})
    (template,) = kept()
    other = app.test_client().sign_in(cast.STRANGER_CLERK)
    assert template.name not in other.get("/desk/templates").text
    for path in (f"/desk/templates/{template.public_id}", f"/desk/slots/new?template={template.public_id}",
                 f"/desk/slots/many?template={template.public_id}", f"/slots/{slot.public_id}/template"):  # fmt: skip
        assert other.get(path).status_code == 404, path
    assert other.post(f"/slots/{slot.public_id}/template", data={"name": "夺"}).status_code == 404
    assert other.post(f"/desk/templates/{template.public_id}/delete").status_code == 404
    assert app.test_client().sign_in(cast.AUDITOR).get("/desk/templates").status_code == 403
