"""Signing in by password and by a code from a mail: who gets in, who does not, and what an outsider can learn."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from apiflask import APIFlask
from flask.testing import FlaskClient
from flask_security.utils import hash_password

from eventsys.accounts.models import OneTimeCode, Person, SignIn
from eventsys.accounts.rules import ACCOUNT_FAILURES, CODE_ATTEMPTS, SignInKind
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.tokens import hash_token
from eventsys.notifications.models import Message
from eventsys.web.guards import SESSION_KEY
from tests import cast
from tests.support import TestClient


@pytest.fixture
def passwords(app: APIFlask) -> None:
    """Clerk, coordinator and a contact have a password."""
    with unit_of_work():
        hashed = hash_password(cast.PASSWORD)
        people = (cast.CLERK.id, cast.COORDINATOR.id, cast.CONTACT.id)
        db.session.execute(sa.update(Person).where(Person.id.in_(people)).values(password=hashed))


def sign_in(client: FlaskClient, login: str | None, password: str = cast.PASSWORD, **more: str):
    return client.post("/sign-in", data={"login": login, "password": password, **more})


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def secret_of(client: FlaskClient) -> str | None:
    with client.session_transaction() as session:
        return session.get(SESSION_KEY)


def latest_code() -> str:
    message = db.session.scalars(sa.select(Message).order_by(Message.id.desc()).limit(1)).one()
    assert message.kind == "sign_in_code"
    return message.context["code"]


def test_clerk_signs_in_by_mail_address_and_stays_for_twelve_hours(client, passwords):
    assert sign_in(client, cast.CLERK.email.upper()).status_code == 302
    assert is_signed_in(client)
    row = db.session.scalars(sa.select(SignIn)).one()
    assert row.kind is SignInKind.PASSWORD
    assert row.expires_at - row.created_at == timedelta(hours=12)
    assert row.key_hash == hash_token(secret_of(client))
    assert row.address == "127.0.0.1"


def test_contact_signs_in_by_mobile_number_however_it_is_written(client, passwords):
    assert sign_in(client, "138 0013 8001").status_code == 302
    assert is_signed_in(client)


def test_coordinators_session_ends_after_eight_hours(client, passwords):
    sign_in(client, cast.COORDINATOR.email)
    with time_machine.travel(now() + timedelta(hours=7, minutes=59)):
        assert is_signed_in(client)
    with time_machine.travel(now() + timedelta(hours=8, minutes=1)):
        assert not is_signed_in(client)


def test_session_id_changes_at_sign_in_and_the_old_one_is_dead(app, client, passwords):
    sign_in(client, cast.CLERK.email)
    first = secret_of(client)
    sign_in(client, cast.CLERK.email)
    assert secret_of(client) not in (None, first)
    other = app.test_client()
    with other.session_transaction() as session:
        session[SESSION_KEY] = first
    assert not is_signed_in(other)
    assert is_signed_in(client)


def test_nothing_of_the_session_before_survives_sign_in(client, passwords):
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    sign_in(client, cast.CLERK.email)
    with client.session_transaction() as session:
        assert "planted" not in session


@pytest.mark.parametrize(
    "login", [cast.CLERK.email, "nobody@example.com", cast.STEWARD.email, "13900000000", "𠮷\u202e", "%s"]
)
def test_unknown_account_and_wrong_password_look_the_same(client, passwords, login):
    answer = sign_in(client, login, "not this one")
    page = re.sub(r'(value|content)="[^"]*"', "", answer.text)  # what was typed, and the CSRF token
    expected = sign_in(client, cast.CLERK.email, "nor this one")
    assert answer.status_code == expected.status_code == 422
    assert page == re.sub(r'(value|content)="[^"]*"', "", expected.text)
    assert not is_signed_in(client)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("password", ["", "\x00", "x" * 100_000, "😀" * 20])
def test_impossible_passwords_are_refused_cleanly(client, passwords, password):
    assert sign_in(client, cast.CLERK.email, password).status_code == 422


def test_disabled_person_cannot_sign_in_and_loses_the_running_session(client, passwords):
    sign_in(client, cast.CLERK.email)
    assert is_signed_in(client)
    with unit_of_work():
        db.session.get(Person, cast.CLERK.id).active = False
    assert not is_signed_in(client)
    assert sign_in(client, cast.CLERK.email).status_code == 422


def test_sign_out_ends_the_session_on_the_server(app, client, passwords):
    sign_in(client, cast.CLERK.email)
    secret = secret_of(client)
    client.post("/sign-out")
    thief = app.test_client()
    with thief.session_transaction() as session:
        session[SESSION_KEY] = secret
    assert not is_signed_in(client)
    assert not is_signed_in(thief)


def test_sign_out_by_get_does_nothing(client, passwords):
    sign_in(client, cast.CLERK.email)
    assert client.get("/sign-out").status_code == 405
    assert is_signed_in(client)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/account", "/account"),
        ("/account?a=1", "/account?a=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\n/evil.example", "/"),
        (" //evil.example", "/"),
        ("", "/desk"),
    ],
)
def test_next_leads_nowhere_but_here(client, passwords, target, expected):
    assert sign_in(client, cast.CLERK.email, next=target).headers["Location"] == expected


def test_the_guard_sends_a_stranger_to_sign_in_and_back(client, passwords):
    answer = client.get("/account?tab=1")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=")
    form = client.get(answer.headers["Location"]).text
    assert 'value="/account?tab=1"' in form


@pytest.mark.sqlite_only
def test_csrf_protects_sign_in_and_sign_out(app, client, passwords):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert sign_in(client, cast.CLERK.email).status_code == 400
        assert client.post("/sign-out").status_code == 400
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)[1]
        assert sign_in(client, cast.CLERK.email, csrf_token=token).status_code == 302
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


# --- throttling


def test_guessing_is_refused_after_ten_failures_even_with_the_right_password(client, passwords):
    for _ in range(ACCOUNT_FAILURES):
        assert sign_in(client, cast.CLERK.email, "wrong").status_code == 422
    answer = sign_in(client, cast.CLERK.email)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60 + 1
    assert not is_signed_in(client)


def test_the_wait_is_over_after_a_quarter_of_an_hour_however_often_one_tried(client, passwords):
    for _ in range(ACCOUNT_FAILURES + 5):
        sign_in(client, cast.CLERK.email, "wrong")
    with time_machine.travel(now() + timedelta(minutes=15, seconds=2)):
        assert sign_in(client, cast.CLERK.email).status_code == 302


def test_the_victim_gets_in_from_another_address_while_the_attack_goes_on(app, client, passwords):
    for number in range(3 * ACCOUNT_FAILURES):
        attacker = {"REMOTE_ADDR": f"198.51.100.{number % 5}"}
        client.post("/sign-in", data={"login": cast.CLERK.email, "password": "wrong"}, environ_overrides=attacker)
    refused = client.post(
        "/sign-in",
        data={"login": cast.CLERK.email, "password": cast.PASSWORD},
        environ_overrides={"REMOTE_ADDR": "198.51.100.1"},
    )
    assert refused.status_code == 429
    assert sign_in(app.test_client(), cast.CLERK.email).status_code == 302


def test_unknown_accounts_are_throttled_like_known_ones(client, passwords):
    for login in (cast.CLERK.email, "nobody@example.com"):
        statuses = [sign_in(client, login, "wrong").status_code for _ in range(ACCOUNT_FAILURES + 1)]
        assert statuses == [422] * ACCOUNT_FAILURES + [429]


def test_one_address_cannot_try_many_accounts(client, passwords):
    statuses = [sign_in(client, f"person{number}@example.com", "wrong").status_code for number in range(61)]
    assert statuses == [422] * 60 + [429]


# --- codes by mail


def ask_code(client: FlaskClient, login: str | None, **more: str):
    return client.post("/sign-in/code", data={"login": login, **more})


def test_steward_signs_in_by_a_code(client):
    assert ask_code(client, cast.STEWARD.email, next="/account").headers["Location"] == "/sign-in/code/type"
    answer = client.post("/sign-in/code/type", data={"code": latest_code()})
    assert answer.headers["Location"] == "/account"
    assert is_signed_in(client)
    assert db.session.scalars(sa.select(SignIn)).one().kind is SignInKind.CODE


def test_a_code_counts_once(app, client):
    ask_code(client, cast.STEWARD.email)
    code = latest_code()
    client.post("/sign-in/code/type", data={"code": code})
    other = app.test_client()
    with other.session_transaction() as session:
        session["code_login"] = cast.STEWARD.email
    assert other.post("/sign-in/code/type", data={"code": code}).status_code == 422
    assert not is_signed_in(other)


def test_a_code_counts_for_ten_minutes(client):
    ask_code(client, cast.STEWARD.email)
    with time_machine.travel(now() + timedelta(minutes=10, seconds=1)):
        assert client.post("/sign-in/code/type", data={"code": latest_code()}).status_code == 422


def test_a_code_is_dead_after_five_wrong_ones(client):
    ask_code(client, cast.STEWARD.email)
    code = latest_code()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(CODE_ATTEMPTS):
        assert client.post("/sign-in/code/type", data={"code": wrong}).status_code == 422
    assert client.post("/sign-in/code/type", data={"code": code}).status_code == 422
    assert db.session.scalars(sa.select(OneTimeCode)).one().attempts == CODE_ATTEMPTS


def test_a_new_code_ends_the_one_before(client):
    ask_code(client, cast.STEWARD.email)
    first = latest_code()
    ask_code(client, cast.STEWARD.email)
    assert latest_code() != first  # one in a million runs fails here
    assert client.post("/sign-in/code/type", data={"code": first}).status_code == 422


def test_a_code_of_somebody_else_does_not_count(client):
    ask_code(client, cast.STEWARD.email)
    code = latest_code()
    with client.session_transaction() as session:
        session["code_login"] = cast.CLERK.email
    assert client.post("/sign-in/code/type", data={"code": code}).status_code == 422


@pytest.mark.parametrize("login", ["nobody@example.com", cast.VOLUNTEER.mobile, "nonsense"])
def test_asking_for_a_code_tells_nothing(client, login):
    known = ask_code(client, cast.STEWARD.email)
    unknown = ask_code(client, login)
    assert (unknown.status_code, unknown.headers["Location"]) == (known.status_code, known.headers["Location"])
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 1
    assert client.post("/sign-in/code/type", data={"code": "123456"}).status_code == 422


def test_mails_are_not_sent_without_end(client):
    statuses = [ask_code(client, cast.STEWARD.email).status_code for _ in range(ACCOUNT_FAILURES + 1)]
    assert statuses == [302] * ACCOUNT_FAILURES + [429]
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == ACCOUNT_FAILURES


@pytest.mark.sqlite_only
def test_the_pages_read_in_both_languages(client: TestClient):
    for path in ("/sign-in", "/sign-in/code", "/reset", "/apply"):
        for language in ("zh_CN", "en"):
            assert client.get(f"{path}?lang={language}").status_code == 200
