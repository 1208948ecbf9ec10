"""The second step: an authenticator app and recovery codes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask_security.proxies import _security
from flask_security.utils import hash_password

from eventsys.accounts.models import Person, SignIn
from eventsys.accounts.rules import ACCOUNT_FAILURES, RECOVERY_CODES
from eventsys.accounts.services import start_enrolment, turn_on_second_factor
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Invalid
from tests import cast


@pytest.fixture
def coordinator(app):
    """The coordinator has a password."""
    with unit_of_work():
        db.session.get(Person, cast.COORDINATOR.id).password = hash_password(cast.PASSWORD)


def shown_by_app(secret: str) -> str:
    return _security.totp_factory.generate_totp_password(secret)


@pytest.fixture
def enrolled(coordinator):
    """… and an authenticator app; gives the app's secret and the recovery codes."""
    with unit_of_work():
        secret = start_enrolment(actor=cast.COORDINATOR.actor).secret
        codes = turn_on_second_factor(secret, shown_by_app(secret), cast.PASSWORD, actor=cast.COORDINATOR.actor)
    return secret, codes


def first_step(client):
    return client.post(
        "/sign-in", data={"login": cast.COORDINATOR.email, "password": cast.PASSWORD, "next": "/account"}
    )


def second_step(client, code):
    return client.post("/sign-in/second-step", data={"code": code})


def is_in(client) -> bool:
    return client.get("/account").status_code == 200


def test_enrolment_in_the_browser(app, client, coordinator):
    other = app.test_client().sign_in(cast.COORDINATOR)
    client.sign_in(cast.COORDINATOR)
    client.post("/account/second-factor/start")
    page = client.get("/account/second-factor/app").text
    assert "<svg" in page
    with client.session_transaction() as session:
        secret = session["enrolment"]
    assert "enckey" in secret  # encrypted, as it lies in the cookie
    bad = client.post("/account/second-factor/app", data={"code": "000000", "password": cast.PASSWORD})
    assert bad.status_code == 422
    wrong = client.post("/account/second-factor/app", data={"code": shown_by_app(secret), "password": "wrong"})
    assert wrong.status_code == 422
    assert db.session.get(Person, cast.COORDINATOR.id).tf_primary_method is None
    right = client.post("/account/second-factor/app", data={"code": shown_by_app(secret), "password": cast.PASSWORD})
    assert len(re.findall(r"<code[^>]*>[0-9a-f-]{14}</code>", right.text)) == RECOVERY_CODES
    assert is_in(client)
    assert not is_in(other)


def test_password_alone_does_not_suffice(client, enrolled):
    assert first_step(client).headers["Location"] == "/sign-in/second-step"
    assert not is_in(client)
    assert second_step(client, "000000").status_code == 422
    assert not is_in(client)
    assert db.session.scalar(sa.select(sa.func.count(SignIn.id))) == 0


def test_app_code_lets_in_once(app, client, enrolled):
    secret, _codes = enrolled
    with time_machine.travel(now() + timedelta(minutes=2), tick=False):
        code = shown_by_app(secret)
        first_step(client)
        assert second_step(client, code).headers["Location"] == "/account"
        assert is_in(client)
        thief = app.test_client()
        first_step(thief)
        assert second_step(thief, code).status_code == 422
        assert not is_in(thief)


def test_recovery_code_lets_in_once(app, client, enrolled):
    _secret, codes = enrolled
    first_step(client)
    assert second_step(client, f" {codes[0].upper()} ").status_code == 302
    assert is_in(client)
    other = app.test_client()
    first_step(other)
    assert second_step(other, codes[0]).status_code == 422
    assert second_step(other, codes[1]).status_code == 302


def test_second_step_needs_the_first(client, enrolled):
    secret, _codes = enrolled
    assert second_step(client, shown_by_app(secret)).headers["Location"] == "/sign-in"
    first_step(client)
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert second_step(client, shown_by_app(secret)).headers["Location"] == "/sign-in"
        assert not is_in(client)


def test_guessing_the_second_step_is_throttled(client, enrolled):
    secret, _codes = enrolled
    first_step(client)
    assert [second_step(client, "000000").status_code for _ in range(ACCOUNT_FAILURES)] == [422] * ACCOUNT_FAILURES
    assert second_step(client, shown_by_app(secret)).status_code == 429


def test_secrets_lie_encrypted(enrolled):
    secret, codes = enrolled
    person = db.session.get(Person, cast.COORDINATOR.id)
    key = _security.totp_factory.get_totp_b32_key(secret)
    assert key not in person.tf_totp_secret
    assert not set(codes) & set(person.mf_recovery_codes)


def test_turning_off_takes_the_password(client, enrolled):
    client.sign_in(cast.COORDINATOR)
    assert client.post("/account/second-factor/off", data={"password": "wrong"}).status_code == 422
    assert client.post("/account/second-factor/off", data={"password": cast.PASSWORD}).status_code == 302
    client.post("/sign-out")
    assert first_step(client).headers["Location"] == "/account"


def test_new_recovery_codes_end_the_old_ones(client, enrolled):
    _secret, codes = enrolled
    client.sign_in(cast.COORDINATOR)
    page = client.post("/account/second-factor/codes", data={"password": cast.PASSWORD}).text
    assert codes[0] not in page
    fresh = re.findall(r"<code[^>]*>([0-9a-f-]{14})</code>", page)
    client.post("/sign-out")
    first_step(client)
    assert second_step(client, codes[0]).status_code == 422
    assert second_step(client, fresh[0]).status_code == 302


@pytest.mark.parametrize("code", ["", "12345", "𠮷", "١٢٣٤٥٦", "x" * 39, "-1"])
def test_nonsense_is_no_code(client, enrolled, code):
    first_step(client)
    assert second_step(client, code).status_code == 422


def test_enrolment_with_a_wrong_code_is_refused_by_field(coordinator):
    secret = start_enrolment(actor=cast.COORDINATOR.actor).secret
    with pytest.raises(Invalid) as refused, unit_of_work():
        turn_on_second_factor(secret, "000000", cast.PASSWORD, actor=cast.COORDINATOR.actor)
    assert refused.value.field == "code"
