"""What is somebody else's does not exist: every route x roles x objects of another organisation."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from eventsys.accounts.models import SignIn
from eventsys.accounts.rules import SignInKind
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.tokens import hash_token
from eventsys.directory.models import Device
from eventsys.web.guards import SESSION_KEY
from tests import cast
from tests.house.world import World, build_world, path_of, rows_of, unknown_path

pytestmark = pytest.mark.sqlite_only

STRANGERS = (cast.STRANGER, cast.STRANGER_CLERK, cast.VOLUNTEER)
SECRETS = ("/t/", "/b/", "/e/", "/reset/", "/feeds/")  # the address is the key
EVERYBODYS = {"editions.detail", "editions.collection"}  # of the whole district
STAFF_LOOK_AFTER = {"enterprise", "device", "membership"}  # any clerk invites and removes contacts
OWN = {"sign_ins", "throttles"}  # written by whoever comes by
FORM = {
    "decision": "x",
    "reason": "x",
    "name": "x",
    "title": "x",
    "version": "1",
    "code": "x",
    "note": "x",
    "party": "1",
}
BODIES = {
    "slot_api.change": {"title": "x"},
    "slot_api.call_off": {"reason": "x"},
    "bookings_api.name": {"attendees": [{"name": "x"}]},
    "bookings_api.cancel": {"reason": "x"},
}


@pytest.fixture
def world(app) -> World:
    found = build_world(app)
    found.ids["slot"] = found.ids["slot"][:2]  # the draft and the hidden one: published ones are everybody's
    return found


def addressed(app):
    """Every route that names an object, with each of its verbs."""
    for rule in app.url_map.iter_rules():
        if rule.arguments and rule.endpoint not in {"static", *EVERYBODYS} and not rule.rule.startswith(SECRETS):
            for verb in sorted(rule.methods - {"OPTIONS", "HEAD"}):
                yield verb, rule


def asker(app, api, member):
    """A function that makes one request as `member`, by browser or by token."""
    browser, outside = app.test_client().sign_in(member), api(member)

    def ask(verb, rule, path):
        if not path.startswith("/api/v1"):
            return browser.open(path, method=verb, data=FORM if verb == "POST" else None)
        body = BODIES.get(rule.endpoint, {}) if verb in {"POST", "PATCH"} else None
        return outside.call(verb, path.removeprefix("/api/v1"), body, If_Match="*")

    return ask


@pytest.mark.parametrize("member", STRANGERS, ids=lambda member: f"{member.role}-{member.id}")
def test_what_is_somebody_elses_looks_like_what_is_not_there(app, api, world, member):
    ask, before, told, tried = asker(app, api, member), rows_of(*OWN), [], 0
    if member is cast.STRANGER_CLERK:
        for kind in STAFF_LOOK_AFTER:
            world.ids[kind] = []
    for verb, rule in addressed(app):
        nothing = ask(verb, rule, unknown_path(rule)).status_code
        assert nothing in {403, 404, 422}, (verb, rule.rule, nothing)
        for values in world.of(rule):
            status, tried = ask(verb, rule, path_of(rule, values)).status_code, tried + 1
            if status != nothing:
                told.append((verb, rule.endpoint, status, nothing))
    assert told == []
    assert tried > 60
    assert rows_of(*OWN) == before


@pytest.mark.parametrize("member", [cast.AUDITOR, cast.VOLUNTEER_LEAD, cast.STEWARD], ids=lambda member: member.role)
def test_who_may_only_look_changes_nothing(app, api, world, member):
    ask = asker(app, api, member)
    if member is cast.STEWARD:
        for kind in ("gate", "scan"):  # what a steward is there for
            world.ids[kind] = []
    before = rows_of(*OWN)
    for verb, rule in addressed(app):
        for values in world.of(rule) if verb != "GET" else ():
            answer = ask(verb, rule, path_of(rule, values))
            assert answer.status_code in {403, 404, 409, 412, 422}, (verb, rule.rule, answer.status_code)
    assert rows_of(*OWN) == before


def test_looking_changes_nothing(app, api):
    world = build_world(app)
    members = [cast.ADMINISTRATOR, cast.COORDINATOR, cast.CLERK, cast.CONTACT, cast.STEWARD, cast.AUDITOR]
    askers = [asker(app, api, member) for member in members]
    before = rows_of()
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint != "static":
            for values in world.of(rule) if rule.arguments else [{}]:
                for ask in askers if not rule.rule.startswith(SECRETS) else askers[:1]:
                    answer = ask("GET", rule, path_of(rule, values))
                    assert answer.status_code < 500, (rule.rule, answer.status_code)
    assert rows_of() == before


def test_a_device_that_waits_sees_nothing_of_the_person(app, world):
    with unit_of_work():
        key = SignIn(
            key_hash=hash_token("waiting"),
            person_id=cast.CONTACT.id,
            kind=SignInKind.DEVICE,
            seen_at=now(),
            expires_at=now() + timedelta(days=180),
        )
        db.session.add(key)
        db.session.flush()
        db.session.add(Device(sign_in_id=key.id, membership_id=cast.CONTACT.id))
    client = app.test_client()
    with client.session_transaction() as session:
        session[SESSION_KEY] = "waiting"
    before = rows_of(*OWN)
    for verb, rule in addressed(app):
        if not rule.rule.startswith("/api/"):
            for values in world.of(rule):
                answer = client.open(path_of(rule, values), method=verb, data=FORM if verb == "POST" else None)
                assert answer.status_code in {403, 404}, (verb, rule.rule, answer.status_code)
    assert rows_of(*OWN) == before
    for path in ("/inbox", "/calendars", "/my", "/my/colleagues", "/bookings", "/account/tokens"):
        page = client.get(path)
        assert page.status_code in {302, 403}, (path, page.status_code)
    assert cast.CONTACT.email not in client.get("/account").text


def test_a_device_that_was_removed_is_signed_out_at_once(app, client):
    client.sign_in(cast.CONTACT)
    assert client.get("/my").status_code == 200
    with unit_of_work():
        db.session.execute(sa.update(SignIn).where(SignIn.person_id == cast.CONTACT.id).values(revoked_at=now()))
    assert client.get("/my").status_code == 302
