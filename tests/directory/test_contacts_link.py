"""The enterprise's link: who gets in by it, what waits, what is removed, and what it never gives."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from apiflask import APIFlask

from eventsys.accounts.models import Person, SignIn
from eventsys.accounts.rules import ACCOUNT_FAILURES, SignInKind
from eventsys.core.actor import ANYBODY, Role
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, NotAllowed, NotFound
from eventsys.directory.contact_services import (
    NewContact,
    approve_device,
    bind_device,
    make_enterprise_link,
    remove_contact,
    remove_device,
    revoke_enterprise_link,
)
from eventsys.directory.models import Device, Enterprise, Membership
from eventsys.directory.queries import load_session_actor
from eventsys.directory.rules import MembershipState
from eventsys.notifications.models import Message
from tests import cast

PHONE = {"name": "新人", "mobile": "139 0000 2222", "consent": "y"}
ENTERPRISE = cast.fixed_id("e", cast.ACME)


@pytest.fixture
def link(app: APIFlask) -> str:
    """A fresh link of the contact's enterprise."""
    with unit_of_work():
        return make_enterprise_link(cast.ACME, actor=cast.CLERK.actor)


def bind(token: str, mobile: str, name: str = "新人"):
    with unit_of_work():
        return bind_device(token, NewContact(name, mobile), actor=ANYBODY)


def devices() -> list[Device]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Device).order_by(Device.id)))


def secret_in(client) -> str:
    with client.session_transaction() as session:
        return session["key"]


def counts() -> tuple[int, ...]:
    db.session.rollback()
    tables = (Person, SignIn, Device, Membership, Message)
    return tuple(db.session.scalar(sa.select(sa.func.count(table.id))) for table in tables)


def test_opening_the_link_changes_nothing(client, link):
    before = counts()
    page = client.get(f"/e/{link}")
    assert page.status_code == 200
    assert "甲网络公司" in page.text
    client.head(f"/e/{link}")
    assert counts() == before


def test_first_device_can_book_at_once_for_180_days(client, link):
    answer = client.post(f"/e/{link}", data=PHONE)
    assert answer.headers["Location"] == "/"
    actor = load_session_actor(secret_in(client))
    assert actor.enterprises() == {cast.ACME}
    person = db.session.get(Person, actor.person)
    assert (person.name, person.mobile) == ("新人", "+8613900002222")
    assert person.consented_at is not None
    sign_in = db.session.scalars(sa.select(SignIn)).one()
    assert sign_in.kind is SignInKind.DEVICE
    assert sign_in.expires_at - sign_in.created_at == timedelta(days=180)
    with time_machine.travel(now() + timedelta(days=179)):
        assert client.get("/my/colleagues").status_code == 200
    with time_machine.travel(now() + timedelta(days=181)):
        assert client.get("/my/colleagues").status_code == 302


def test_second_device_waits_is_approved_by_a_colleague_and_then_counts(app, client, link):
    client.post(f"/e/{link}", data=PHONE)
    second = app.test_client()
    answer = second.post(f"/e/{link}", data={**PHONE, "name": "后来", "mobile": "13900003333"})
    assert answer.headers["Location"] == "/my/waiting"
    assert second.get("/my/waiting").status_code == 200
    assert second.get("/my/colleagues").status_code == 403
    assert load_session_actor(secret_in(second)).grants == frozenset()
    waiting = devices()[1]
    assert waiting.membership.state is MembershipState.PENDING
    assert "后来" in client.get("/my/colleagues").text
    assert client.post(f"/devices/{waiting.public_id}/approve").status_code == 302
    assert second.get("/my/waiting").headers["Location"] == "/"
    assert second.get("/my/colleagues").status_code == 200


def test_nobody_approves_the_own_waiting_device(app, link):
    bind(link, "13900002222")
    second = app.test_client()
    second.post(f"/e/{link}", data={**PHONE, "mobile": "13900003333"})
    assert second.post(f"/devices/{devices()[1].public_id}/approve").status_code == 403
    assert devices()[1].approved_at is None


def test_colleagues_hear_of_a_new_device(client, link):
    client.post(f"/e/{link}", data=PHONE)
    db.session.rollback()
    told = db.session.scalars(sa.select(Message).where(Message.kind == "new_device")).all()
    assert {cast.CONTACT.id, cast.COLLEAGUE.id} < {message.person_id for message in told}
    assert cast.STRANGER.id not in {message.person_id for message in told}


def test_removed_device_is_out_at_once(app, client, link):
    client.post(f"/e/{link}", data=PHONE)
    staff = app.test_client().sign_in(cast.CLERK)
    assert staff.post(f"/devices/{devices()[0].public_id}/remove").status_code == 302
    assert load_session_actor(secret_in(client)) is None
    assert client.get("/my/colleagues").status_code == 302
    with pytest.raises(Conflict, match="device_gone"), unit_of_work():
        approve_device(devices()[0].public_id, actor=cast.CLERK.actor)


def test_device_after_a_removed_one_waits(link):
    bind(link, "13900002222")
    with unit_of_work():
        remove_device(devices()[0].public_id, actor=cast.CLERK.actor)
    assert bind(link, "13900004444").is_approved is False


def test_waiting_person_who_is_removed_waits_no_longer(link):
    bind(link, "13900002222")
    bind(link, "13900003333")
    with unit_of_work():
        remove_device(devices()[1].public_id, actor=cast.CONTACT.actor)
    assert devices()[1].membership.state is MembershipState.ENDED


def test_removed_contact_loses_every_device_and_waits_after_opening_the_link_again(link):
    first = bind(link, "13900002222")
    membership = devices()[0].membership
    with unit_of_work():
        remove_contact(membership.public_id, actor=cast.CONTACT.actor)
    assert load_session_actor(first.secret) is None
    again = bind(link, "13900002222")
    assert again.is_approved is False
    assert load_session_actor(again.secret).grants == frozenset()


def test_contact_ended_by_the_staff_does_not_come_back_as_a_first_device(link):
    with unit_of_work():
        remove_contact(cast.fixed_id("m", cast.CONTACT.id), actor=cast.CLERK.actor)
    assert bind(link, cast.CONTACT.mobile).is_approved is False


def test_link_and_anothers_number_give_neither_roles_nor_account(app, client, link):
    """The coordinator's number is no secret. Who types it gets the enterprise's rights and nothing of theirs."""
    with unit_of_work():
        coordinator = db.session.get(Person, cast.COORDINATOR.id)
        coordinator.mobile = "+8613700000000"
    client.post(f"/e/{link}", data={**PHONE, "name": "冒名", "mobile": "13700000000"})
    actor = load_session_actor(secret_in(client))
    assert actor.person == cast.COORDINATOR.id
    assert {grant.role for grant in actor.grants} == {Role.CONTACT}
    db.session.rollback()
    assert db.session.get(Person, cast.COORDINATOR.id).name == cast.COORDINATOR.name
    assert client.get("/admin/applications").status_code == 403
    assert client.post("/account/tokens", data={"name": "x", "scopes": "slots:read", "days": "30"}).status_code == 403
    assert cast.COORDINATOR.email not in client.get("/account").text


def test_device_of_one_enterprise_does_not_speak_for_another(app, link):
    with unit_of_work():
        other = make_enterprise_link(cast.OTHER, actor=cast.STRANGER.actor)
    bind(other, "13900002222")
    bind(link, "13900009999")
    waiting = bind(link, "13900002222")
    assert load_session_actor(waiting.secret).grants == frozenset()
    with unit_of_work():
        approve_device(devices()[2].public_id, actor=cast.CONTACT.actor)
    assert load_session_actor(waiting.secret).enterprises() == {cast.ACME}


def test_second_device_of_the_same_person_waits_too(link):
    bind(link, cast.CONTACT.mobile)
    second = bind(link, cast.CONTACT.mobile)
    assert second.is_approved is False
    assert load_session_actor(second.secret).grants == frozenset()
    assert db.session.get(Membership, cast.CONTACT.id).state is MembershipState.ACTIVE


def test_binding_twice_with_one_browser_leaves_one_live_session(client, link):
    client.post(f"/e/{link}", data=PHONE)
    first = secret_in(client)
    client.post(f"/e/{link}", data=PHONE)
    assert secret_in(client) != first
    assert load_session_actor(first) is None


def test_disabled_person_cannot_bind(client, link):
    with unit_of_work():
        db.session.get(Person, cast.CONTACT.id).active = False
    assert client.post(f"/e/{link}", data={**PHONE, "mobile": cast.CONTACT.mobile}).status_code == 409
    assert devices() == []


def test_new_link_and_revoking_end_the_old_one(app, client, link):
    staff = app.test_client().sign_in(cast.CLERK)
    page = staff.post(f"/enterprises/{ENTERPRISE}/link").text
    fresh = re.search(r"/e/([a-z2-7]{32})", page)[1]
    assert "<svg" in page
    assert client.get(f"/e/{link}").status_code == 404
    assert client.post(f"/e/{link}", data=PHONE).status_code == 404
    assert client.get(f"/e/{fresh}").status_code == 200
    staff.post(f"/enterprises/{ENTERPRISE}/link/revoke")
    assert client.get(f"/e/{fresh}").status_code == 404
    db.session.rollback()
    assert db.session.get(Enterprise, cast.ACME).link_hash is None


def test_link_of_a_disabled_enterprise_is_dead(client, link):
    with unit_of_work():
        db.session.get(Enterprise, cast.ACME).active = False
    assert client.get(f"/e/{link}").status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": "", "mobile": "13900002222", "consent": "y"},
        {"name": "甲", "mobile": "", "consent": "y"},
        {"name": "甲", "mobile": "12", "consent": "y"},
        {"name": "甲", "mobile": "<script>", "consent": "y"},
        {"name": "甲" * 61, "mobile": "13900002222", "consent": "y"},
        {"name": "甲\x00", "mobile": "13900002222", "consent": "y"},
        {"name": "甲", "mobile": "13900002222"},
    ],
)
def test_bad_entries_bind_nothing(client, link, data):
    before = counts()
    assert client.post(f"/e/{link}", data=data).status_code == 422
    assert counts() == before


@pytest.mark.parametrize("name", ["𠮷田 😀", "<b>甲</b>", "=1+1"])
def test_names_are_stored_as_typed_and_shown_escaped(app, client, link, name):
    client.post(f"/e/{link}", data={**PHONE, "name": name})
    assert db.session.scalars(sa.select(Person.name).order_by(Person.id.desc()).limit(1)).one() == name
    assert "<b>甲</b>" not in client.get("/my/colleagues").text


def test_a_link_is_not_used_without_end_from_one_address(app, link):
    statuses = [
        app.test_client().post(f"/e/{link}", data={**PHONE, "mobile": f"139000050{number:02d}"}).status_code
        for number in range(ACCOUNT_FAILURES + 1)
    ]
    assert statuses == [302] * ACCOUNT_FAILURES + [429]


@pytest.mark.parametrize("member", [cast.STRANGER, cast.STEWARD, cast.AUDITOR, cast.VOLUNTEER])
def test_others_do_not_look_after_this_enterprise(app, link, member):
    bind(link, "13900002222")
    device = devices()[0]
    for act in (
        lambda: make_enterprise_link(cast.ACME, actor=member.actor),
        lambda: revoke_enterprise_link(cast.ACME, actor=member.actor),
        lambda: remove_device(device.public_id, actor=member.actor),
        lambda: approve_device(device.public_id, actor=member.actor),
        lambda: remove_contact(device.membership.public_id, actor=member.actor),
    ):
        with pytest.raises((NotFound, NotAllowed)), unit_of_work():
            act()
    browser = app.test_client().sign_in(member)
    expected = 404 if member is cast.STRANGER else 403
    db.session.rollback()
    for path in (f"/enterprises/{ENTERPRISE}/link", f"/devices/{device.public_id}/remove"):
        assert browser.post(path).status_code == expected
    assert browser.get(f"/admin/enterprises/{ENTERPRISE}/contacts").status_code == expected
    assert devices()[0].sign_in.revoked_at is None


def test_staff_see_waiting_devices_and_contacts_do_not(app, link):
    bind(link, "13900002222")
    bind(link, "13900003333", "等候者")
    clerk, contact = app.test_client().sign_in(cast.CLERK), app.test_client().sign_in(cast.CONTACT)
    assert "等候者" in clerk.get("/admin/devices").text
    assert contact.get("/admin/devices").status_code == 404


@pytest.mark.sqlite_only
def test_csrf_protects_the_link(app, client, link):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert client.post(f"/e/{link}", data=PHONE).status_code == 400
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(f"/e/{link}").text)[1]
        assert client.post(f"/e/{link}", data={**PHONE, "csrf_token": token}).status_code == 302
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
