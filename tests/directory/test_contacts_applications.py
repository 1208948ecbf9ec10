"""Applications without a link: received, accepted, turned down."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from eventsys.accounts.models import Person
from eventsys.accounts.rules import ACCOUNT_FAILURES, ADDRESS_FAILURES
from eventsys.core.actor import ANYBODY
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed
from eventsys.directory.contact_services import (
    NewApplication,
    accept_application,
    apply_for_enterprise,
    refuse_application,
)
from eventsys.directory.models import Application, Membership
from eventsys.directory.rules import MembershipState
from tests import cast

CODE = "91350299MA00000019"
FORM = {"credit_code": CODE, "enterprise_name": "甲网络公司", "name": "求职", "mobile": "13900006666", "note": "请尽快"}
COMMAND = NewApplication(CODE, "甲网络公司", "申请人", "13900006666")


def waiting() -> list[Application]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Application).where(Application.decided_at.is_(None))))


def send(command: NewApplication = COMMAND) -> str:
    with unit_of_work():
        return apply_for_enterprise(command, actor=ANYBODY).public_id


def test_applicant_is_heard_accepted_and_gets_a_link(app, client):
    assert client.post("/apply", data=FORM).headers["Location"] == "/apply/sent"
    assert client.get("/apply/sent").status_code == 200
    staff = app.test_client().sign_in(cast.COORDINATOR)
    one = waiting()[0]
    page = staff.get("/admin/applications").text
    assert "求职" in page
    answer = staff.post(f"/admin/applications/{one.public_id}/accept").text
    link = re.search(r"/e/[a-z2-7]{32}", answer)[0]
    assert client.get(link).status_code == 200
    db.session.rollback()
    person = db.session.scalars(sa.select(Person).where(Person.mobile == "+8613900006666")).one()
    membership = db.session.scalars(sa.select(Membership).where(Membership.person_id == person.id)).one()
    assert (membership.enterprise_id, membership.state) == (cast.ACME, MembershipState.ACTIVE)
    assert waiting() == []


def test_known_number_keeps_its_person_and_name(app):
    public_id = send(replace(COMMAND, mobile=cast.STRANGER.mobile, name="冒名"))
    with unit_of_work():
        membership, _token = accept_application(public_id, actor=cast.COORDINATOR.actor)
    assert membership.person_id == cast.STRANGER.id
    assert db.session.get(Person, cast.STRANGER.id).name == cast.STRANGER.name


def test_turned_down_application_changes_nothing_else(app, client):
    public_id = send()
    client.sign_in(cast.ADMINISTRATOR)
    people = db.session.scalar(sa.select(sa.func.count(Person.id)))
    client.post(f"/admin/applications/{public_id}/refuse", data={"note": "查无此人"})
    assert waiting() == []
    assert db.session.scalar(sa.select(sa.func.count(Person.id))) == people
    assert db.session.scalars(sa.select(Application.decision_note)).one() == "查无此人"


def test_an_application_is_decided_once(app):
    public_id = send()
    with unit_of_work():
        refuse_application(public_id, "", actor=cast.COORDINATOR.actor)
    with pytest.raises(Conflict, match="application_decided"), unit_of_work():
        accept_application(public_id, actor=cast.COORDINATOR.actor)


def test_unknown_enterprise_must_be_added_before_acceptance(app, client):
    public_id = send(replace(COMMAND, credit_code="91350200MA34567893"))
    with pytest.raises(Conflict, match="no_such_enterprise"), unit_of_work():
        accept_application(public_id, actor=cast.COORDINATOR.actor)
    page = client.sign_in(cast.COORDINATOR).get("/admin/applications").text
    assert f"/admin/applications/{public_id}/accept" not in page


def test_the_same_once_more_is_one_application(app):
    assert send() == send(replace(COMMAND, credit_code=CODE.lower()))
    assert len(waiting()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"credit_code": "123"}, "credit_code"),
        ({"credit_code": "𠮷" * 18}, "credit_code"),
        ({"mobile": "nobody"}, "mobile"),
        ({"name": "　"}, "name"),
        ({"enterprise_name": "x" * 121}, "enterprise_name"),
        ({"name": "a\nb"}, "name"),
        ({"note": "x" * 501}, "note"),
        ({"note": "\x07"}, "note"),
    ],
)
def test_bad_applications_name_the_field(app, client, change, field):
    with pytest.raises(Invalid) as refused, unit_of_work():
        apply_for_enterprise(replace(COMMAND, **change), actor=ANYBODY)
    assert refused.value.field == field
    assert client.post("/apply", data={**FORM, **change}).status_code == 422
    assert waiting() == []


def test_one_number_is_throttled(client):
    statuses = [client.post("/apply", data=FORM).status_code for _ in range(ACCOUNT_FAILURES + 1)]
    assert statuses == [302] * ACCOUNT_FAILURES + [429]


def test_one_address_is_throttled(client):
    answers = [
        client.post("/apply", data={**FORM, "mobile": f"139001{number:05d}"}) for number in range(ADDRESS_FAILURES + 1)
    ]
    assert [answer.status_code for answer in answers] == [302] * ADDRESS_FAILURES + [429]
    assert len(waiting()) == ADDRESS_FAILURES


@pytest.mark.parametrize("member", [cast.CLERK, cast.CONTACT, cast.AUDITOR, cast.STEWARD])
def test_others_neither_see_nor_decide(app, client, member):
    public_id = send()
    client.sign_in(member)
    assert client.get("/admin/applications").status_code == 403
    assert client.post(f"/admin/applications/{public_id}/accept").status_code == 403
    with pytest.raises(NotAllowed), unit_of_work():
        accept_application(public_id, actor=member.actor)
    assert len(waiting()) == 1


def test_unknown_application_is_not_found(client):
    assert client.sign_in(cast.COORDINATOR).post("/admin/applications/aaaaaaaaaaaaa/accept").status_code == 404
