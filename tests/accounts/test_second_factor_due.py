"""Who must have a second step by the district's settings is led to set it up, and nowhere else."""

from __future__ import annotations

import pytest
from flask_security.proxies import _security

from eventsys.accounts.models import Person
from eventsys.accounts.services import reset_second_factor, start_enrolment, turn_on_second_factor
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import NotAllowed
from eventsys.directory.queries import load_session_actor
from eventsys.directory.services import change_settings
from eventsys.web.guards import SESSION_KEY
from tests import cast
from tests.house.test_routes import path_of, rules
from tests.support import counted_statements

ENROLMENT = "/account/second-factor"
OPEN = {"accounts.second_factor", "accounts.start_second_factor", "accounts.enrol", "accounts.prove_app",
        "accounts.leave", "web.healthz", "web.readyz", "web.metrics", "web.robots", "web.set_locale",
        "pages.help", "pages.privacy"}  # fmt: skip


def demand(whom: str) -> None:
    with unit_of_work():
        change_settings({"second_factor": whom}, None, actor=cast.ADMINISTRATOR.actor)


def is_led(client) -> bool:
    answer = client.get("/account")
    return answer.status_code == 303 and answer.location == ENROLMENT


def enrol_in_the_browser(client):
    client.post(f"{ENROLMENT}/start")
    with client.session_transaction() as session:
        secret = session["enrolment"]
    code = _security.totp_factory.generate_totp_password(secret)
    return client.post(f"{ENROLMENT}/app", data={"code": code})


@pytest.mark.parametrize(
    ("whom", "led"),
    [
        ("nobody", set()),
        ("coordinators", {cast.COORDINATOR, cast.ADMINISTRATOR}),
        ("staff", {cast.COORDINATOR, cast.ADMINISTRATOR, cast.CLERK, cast.STEWARD, cast.AUDITOR, cast.VOLUNTEER_LEAD}),
    ],
)
def test_whom_the_setting_concerns(app, whom, led):
    demand(whom)
    everybody = {*led, cast.COORDINATOR, cast.CLERK, cast.CONTACT, cast.VOLUNTEER}
    assert {member for member in everybody if is_led(app.test_client().sign_in(member))} == led


@pytest.mark.sqlite_only
def test_nothing_else_opens_until_it_is_set_up(app):
    demand("coordinators")
    client = app.test_client().sign_in(cast.ADMINISTRATOR)
    for rule in rules(app):
        if rule.endpoint in OPEN or rule.rule.startswith(("/api/", "/feeds/")):  # those read no session
            continue
        for verb in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            answer = client.open(path_of(rule), method=verb)
            assert (answer.status_code, answer.location) == (303, ENROLMENT), (verb, rule.rule)
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 403


def test_sign_in_leads_there_and_enrolment_opens_the_rest(app, client):
    demand("coordinators")
    client.sign_in(cast.COORDINATOR)
    assert client.get("/desk").location == ENROLMENT
    page = client.get(ENROLMENT).text
    assert "/desk" not in page
    assert client.get(f"{ENROLMENT}/app").status_code == 302  # nothing begun yet
    assert enrol_in_the_browser(client).status_code == 200
    assert client.get("/desk").status_code == 200


def test_tokens_and_devices_are_not_concerned(app, api, client):
    demand("staff")
    assert api(cast.COORDINATOR).get("/enterprises").status_code == 200
    client.sign_in(cast.CONTACT)
    assert client.get("/my").status_code == 200


def test_an_actor_who_must_enrol_has_no_grants_and_costs_no_statement(app):
    demand("coordinators")
    client = app.test_client().sign_in(cast.COORDINATOR)
    with client.session_transaction() as session:
        secret = session[SESSION_KEY]
    with counted_statements() as seen:
        actor = load_session_actor(secret)
    assert (actor.must_enrol, actor.grants, len(seen)) == (True, frozenset(), 1)


def test_an_administrator_takes_it_off_who_lost_the_phone(app, client):
    with unit_of_work():
        secret = start_enrolment(actor=cast.COORDINATOR.actor).secret
        code = _security.totp_factory.generate_totp_password(secret)
        turn_on_second_factor(secret, code, "", actor=cast.COORDINATOR.actor)
    with pytest.raises(NotAllowed), unit_of_work():
        reset_second_factor(cast.COORDINATOR.public_id, actor=cast.CLERK.actor)
    theirs = app.test_client().sign_in(cast.COORDINATOR)
    address = f"/admin/people/{cast.COORDINATOR.public_id}"
    client.sign_in(cast.ADMINISTRATOR)
    assert f"{address}/second-factor/reset" in client.get(address).text
    for _twice in range(2):
        assert client.post(f"{address}/second-factor/reset").status_code == 303
    assert theirs.get("/account").status_code == 302
    db.session.expire_all()
    assert db.session.get(Person, cast.COORDINATOR.id).tf_primary_method is None
    assert f"{address}/second-factor/reset" not in client.get(address).text
