"""One's own account: password, reset, sessions, name, tokens."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask_security.utils import hash_password

from eventsys.accounts.models import ApiToken, Person, SignIn
from eventsys.accounts.rules import ACCOUNT_FAILURES, SignInKind
from eventsys.accounts.security import SEEN_KEY
from eventsys.accounts.services import NewApiToken, NewPerson, add_api_token, add_person, set_password
from eventsys.core.actor import system_actor
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.core.tokens import hash_token
from eventsys.directory.queries import load_token_actor
from eventsys.notifications.models import Message
from tests import cast

NEW = "one more good password"


@pytest.fixture
def clerk(app, client):
    """The clerk's browser; the clerk has the cast's password."""
    with unit_of_work():
        db.session.get(Person, cast.CLERK.id).password = hash_password(cast.PASSWORD)
    return client.sign_in(cast.CLERK)


def is_in(client) -> bool:
    return client.get("/account").status_code == 200


def change(client, old=cast.PASSWORD, new=NEW, again=None):
    return client.post("/account/password", data={"old": old, "password": new, "again": again or new})


def test_password_change_ends_all_other_sessions_at_once_and_renews_this_one(app, clerk):
    other = app.test_client().sign_in(cast.CLERK)
    bystander = app.test_client().sign_in(cast.STEWARD)
    with clerk.session_transaction() as session:
        before = session["key"]
    assert change(clerk).status_code == 302
    with clerk.session_transaction() as session:
        assert session["key"] != before
    assert is_in(clerk)
    assert not is_in(other)
    assert is_in(bystander)
    signed = app.test_client()
    assert signed.post("/sign-in", data={"login": cast.CLERK.email, "password": cast.PASSWORD}).status_code == 422
    assert signed.post("/sign-in", data={"login": cast.CLERK.email, "password": NEW}).status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("wrong", NEW, NEW),
        ("", NEW, NEW),
        (cast.PASSWORD, "short", "short"),
        (cast.PASSWORD, "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa"),
        (cast.PASSWORD, cast.CLERK.email, cast.CLERK.email),
        (cast.PASSWORD, NEW, NEW + "!"),
        (cast.PASSWORD, "x1y2" * 40, "x1y2" * 40),
        (cast.PASSWORD, "null\x00character", "null\x00character"),
    ],
)
def test_password_change_refuses_what_is_wrong_and_writes_nothing(clerk, old, new, again):
    before = db.session.get(Person, cast.CLERK.id).password
    assert change(clerk, old, new, again).status_code == 422
    db.session.expire_all()
    assert db.session.get(Person, cast.CLERK.id).password == before
    assert is_in(clerk)


def test_a_stolen_session_is_no_place_to_guess_the_password(clerk):
    statuses = [change(clerk, "wrong").status_code for _ in range(ACCOUNT_FAILURES + 1)]
    assert statuses == [422] * ACCOUNT_FAILURES + [429]


def test_who_has_no_password_sets_one_after_a_code(app, client):
    client.sign_in(cast.STEWARD)
    assert change(client, old="").status_code == 302
    assert db.session.get(Person, cast.STEWARD.id).password.startswith("$argon2id$")


def reset_path() -> str:
    url = db.session.scalars(sa.select(Message).where(Message.kind == "password_reset")).one().context["url"]
    return re.sub(r"^https?://[^/]+", "", url)


def test_password_is_reset_by_mail_once(app, clerk):
    visitor = app.test_client()
    assert visitor.post("/reset", data={"login": cast.CLERK.email}).status_code == 200
    path = reset_path()
    assert visitor.get(path).status_code == 200
    assert is_in(clerk)  # looking changes nothing
    assert visitor.post(path, data={"password": NEW, "again": NEW}).status_code == 302
    assert not is_in(clerk)
    assert not is_in(visitor)  # one signs in afterwards
    assert visitor.post(path, data={"password": NEW, "again": NEW}).status_code == 422
    assert visitor.post("/sign-in", data={"login": cast.CLERK.email, "password": NEW}).status_code == 302


def test_reset_link_counts_for_an_hour(app, clerk):
    app.test_client().post("/reset", data={"login": cast.CLERK.email})
    with time_machine.travel(now() + timedelta(minutes=61)):
        answer = app.test_client().post(reset_path(), data={"password": NEW, "again": NEW})
    assert answer.status_code == 422


@pytest.mark.sqlite_only
@pytest.mark.parametrize("token", ["x", "WyJhIl0.aaaa.bbbb", "%00", "a" * 3000])
def test_forged_reset_links_are_refused(client, token):
    assert client.post(f"/reset/{token}", data={"password": NEW, "again": NEW}).status_code in (404, 422)


def test_asking_for_a_reset_tells_nothing(client, clerk):
    known = client.post("/reset", data={"login": cast.CLERK.email})
    unknown = client.post("/reset", data={"login": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 200
    token = re.compile(r'name="csrf.token" (content|value)="[^"]*"')  # it holds the second of the request
    told = [
        token.sub("", page.text.replace(login, "*"))
        for page, login in ((known, cast.CLERK.email), (unknown, "nobody@example.com"))
    ]
    assert told[0] == told[1]
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 1


def test_one_session_is_ended_and_nobody_elses(app, clerk):
    other = app.test_client().sign_in(cast.CLERK)
    stranger = app.test_client().sign_in(cast.STRANGER_CLERK)
    rows = db.session.scalars(sa.select(SignIn).order_by(SignIn.id)).all()
    assert clerk.post(f"/account/sessions/{rows[2].public_id}/end").status_code == 404
    assert is_in(stranger)
    assert clerk.post(f"/account/sessions/{rows[1].public_id}/end").status_code == 302
    assert not is_in(other)
    assert is_in(clerk)


def test_all_other_sessions_are_ended(app, clerk):
    others = [app.test_client().sign_in(cast.CLERK) for _ in range(2)]
    clerk.post("/account/sessions/end-others")
    assert is_in(clerk)
    assert [is_in(other) for other in others] == [False, False]


def test_account_page_lists_my_live_sessions_only(app, clerk):
    app.test_client().sign_in(cast.STRANGER_CLERK)
    page = clerk.get("/account").text
    rows = db.session.scalars(sa.select(SignIn).order_by(SignIn.id)).all()
    assert rows[0].public_id in page
    assert rows[1].public_id not in page


def test_last_seen_is_written_hourly_and_not_oftener(app, client):
    client.sign_in(cast.CLERK)
    begun = db.session.scalars(sa.select(SignIn.seen_at)).one()
    with client.session_transaction() as session:
        session[SEEN_KEY] = int(now().timestamp())
    client.get("/account")
    assert db.session.scalars(sa.select(SignIn.seen_at)).one() == begun
    with time_machine.travel(now() + timedelta(hours=1, minutes=1)):
        client.get("/account")
        db.session.rollback()
        assert db.session.scalars(sa.select(SignIn.seen_at)).one() - begun > timedelta(hours=1)


@pytest.mark.parametrize("name", ["𠮷田 😀", "<script>alert(1)</script>", "'; DROP TABLE people; --"])
def test_name_and_language_are_stored_as_typed(client, name):
    client.sign_in(cast.STEWARD).post("/account", data={"name": name, "locale": "en"})
    person = db.session.get(Person, cast.STEWARD.id)
    assert (person.name, person.locale) == (name, "en")
    assert "<script>alert" not in client.get("/account").text


@pytest.mark.parametrize("data", [{"name": ""}, {"name": "x" * 61}, {"name": "a\x00b"}, {"name": "a", "locale": "fr"}])
def test_bad_profile_is_refused(client, data):
    assert client.sign_in(cast.STEWARD).post("/account", data={"locale": "", **data}).status_code == 422
    assert db.session.get(Person, cast.STEWARD.id).name == cast.STEWARD.name


def test_profile_takes_only_its_fields(client):
    data = {"name": "新名字", "locale": "", "email": "x@example.com", "active": "", "mobile": "13900000000", "id": "1"}
    client.sign_in(cast.STEWARD).post("/account", data=data)
    person = db.session.get(Person, cast.STEWARD.id)
    assert (person.email, person.mobile, person.active) == (cast.STEWARD.email, None, True)


def test_api_token_is_shown_once_counts_and_is_revoked(client):
    client.sign_in(cast.CLERK)
    data = {"name": "导出", "scopes": ["slots:read", "bookings:read"], "days": "30"}
    secret = re.search(r"evt_[a-z2-7]{32}", client.post("/account/tokens", data=data).text)[0]
    row = db.session.scalars(sa.select(ApiToken)).one()
    assert row.token_hash == hash_token(secret)
    assert timedelta(days=29) < row.expires_at - now() <= timedelta(days=30)
    actor = load_token_actor(secret)
    assert actor.person == cast.CLERK.id
    assert actor.scopes == {"slots:read", "bookings:read"}
    assert secret not in client.get("/account/tokens").text
    client.post(f"/account/tokens/{row.public_id}/revoke")
    db.session.rollback()
    assert load_token_actor(secret) is None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["slots:read", "x"]])
def test_api_token_needs_known_scopes(client, scopes):
    answer = client.sign_in(cast.CLERK).post("/account/tokens", data={"name": "x", "scopes": scopes, "days": "30"})
    assert answer.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count(ApiToken.id))) == 0


def test_nobody_revokes_another_persons_token(client):
    client.sign_in(cast.CLERK)
    with unit_of_work():
        add_api_token(NewApiToken(cast.STRANGER_CLERK.id, "x", ("slots:read",)), actor=cast.STRANGER_CLERK.actor)
    row = db.session.scalars(sa.select(ApiToken)).one()
    assert client.post(f"/account/tokens/{row.public_id}/revoke").status_code == 404
    db.session.rollback()
    assert db.session.scalars(sa.select(ApiToken.revoked_at)).one() is None


def test_command_line_adds_people_passwords_and_tokens(app, client):
    root = system_actor("command line")
    with unit_of_work():
        person = add_person(
            NewPerson("新经办", mobile="13900001111", email="New@Example.com", password=NEW), actor=root
        )
        token = add_api_token(NewApiToken(person.id, "script", TOKEN_SCOPES), actor=root)
    assert (person.mobile, person.email) == ("+8613900001111", "new@example.com")
    assert "xjb" in person.search_text
    assert load_token_actor(token).person == person.id
    assert client.post("/sign-in", data={"login": "13900001111", "password": NEW}).status_code == 302
    with unit_of_work():
        set_password(person.id, "quite another one", actor=root)
    assert not is_in(client)
    assert db.session.scalar(sa.select(AuditEntry.id).where(AuditEntry.action == "add_person")) is not None


@pytest.mark.parametrize("member", [cast.CLERK, cast.COORDINATOR, cast.AUDITOR, cast.CONTACT])
def test_only_an_administrator_adds_people_or_sets_passwords(app, member):
    with pytest.raises(NotAllowed), unit_of_work():
        add_person(NewPerson("甲", mobile="13900001111"), actor=member.actor)
    with pytest.raises(NotAllowed), unit_of_work():
        set_password(cast.ADMINISTRATOR.id, NEW, actor=member.actor)
    with pytest.raises(NotAllowed), unit_of_work():
        add_api_token(NewApiToken(cast.ADMINISTRATOR.id, "x", TOKEN_SCOPES), actor=member.actor)


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (NewPerson(""), "mobile"),
        (NewPerson("甲"), "mobile"),
        (NewPerson("甲", mobile="12"), "mobile"),
        (NewPerson("甲", email="甲@example"), "email"),
        (NewPerson("", mobile="13900001111"), "name"),
        (NewPerson("甲", mobile="13900001111", password="short"), "password"),
    ],
)
def test_bad_people_are_refused_by_field(app, person, field):
    with pytest.raises(Invalid) as refused, unit_of_work():
        add_person(person, actor=cast.ADMINISTRATOR.actor)
    assert refused.value.field == field


def test_two_people_never_share_a_number(app):
    with pytest.raises(Conflict, match="mobile_taken"), unit_of_work():
        add_person(NewPerson("甲", mobile="13800138001"), actor=cast.ADMINISTRATOR.actor)


def test_bound_device_does_not_manage_the_account(client):
    client.sign_in(cast.CONTACT)
    with unit_of_work():
        db.session.execute(sa.update(SignIn).values(kind=SignInKind.DEVICE))
    assert client.get("/account").status_code == 200
    assert cast.CONTACT.email not in client.get("/account").text
    tries = {
        "/account": {"name": "换了", "locale": ""},
        "/account/password": {"old": "", "password": NEW, "again": NEW},
        "/account/tokens": {"name": "x", "scopes": "slots:read", "days": "30"},
        "/account/sessions/end-others": {},
        "/account/second-factor/start": {},
        "/account/second-factor/off": {"password": ""},
    }
    assert {path: client.post(path, data=data).status_code for path, data in tries.items()} == dict.fromkeys(tries, 403)
    person = db.session.get(Person, cast.CONTACT.id)
    assert (person.name, person.password) == (cast.CONTACT.name, None)
