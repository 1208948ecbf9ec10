"""Every route says who may come in, and nobody else gets anything there."""

from __future__ import annotations

import re

import pytest

from eventsys.core.permissions import Permission
from eventsys.web.guards import guard_of
from tests import cast
from tests.support import TestClient

pytestmark = pytest.mark.sqlite_only

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
ID = "zzzzzzzzzzzzy"  # well formed, and nothing has it


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def path_of(rule):
    def fill(part):
        kind = part.group(1) or ""
        if kind.startswith("any("):
            return kind[4:-1].split(",")[0].strip("'\" ")
        return "1" if kind.startswith("int") else ID

    return re.sub(r"<(?:([^:<>]+):)?[^<>]+>", fill, rule.rule)


def protected(app):
    for rule in rules(app):
        guard = guard_of(app, rule.endpoint)
        if guard is not None and guard.permissions:
            for verb in sorted(rule.methods - {"OPTIONS", "HEAD"}):
                yield verb, path_of(rule), guard.permissions


def test_every_route_has_a_guard(app):
    assert [rule.endpoint for rule in rules(app) if guard_of(app, rule.endpoint) is None] == []


def test_there_is_something_to_guard(app):
    found = list(protected(app))
    assert len(found) > 60
    assert {permission for _, _, permissions in found for permission in permissions} >= {
        Permission.BOOK,
        Permission.CREATE_SLOT,
        Permission.CHECK_IN,
        Permission.ADMINISTER,
    }


def test_a_visitor_without_session_or_token_gets_nothing(app):
    client = app.test_client()
    for verb, path, _ in protected(app):
        answer = client.open(path, method=verb)
        if path.startswith("/api/"):
            assert answer.status_code == 401, (verb, path)
        else:
            assert (answer.status_code, answer.location or "") != (200, ""), (verb, path)
            assert answer.status_code in {302, 401}, (verb, path, answer.status_code)
            assert "/sign-in" in (answer.location or "/sign-in"), (verb, path)


@pytest.mark.parametrize(
    "member", [cast.VOLUNTEER, cast.STRANGER, cast.STRANGER_CLERK, cast.STEWARD, cast.AUDITOR], ids=lambda m: m.role
)
def test_nobody_changes_what_does_not_exist_for_them(app, member):
    client: TestClient = app.test_client().sign_in(member)
    for verb, path, _ in protected(app):
        if verb in CHANGING and ID in path and not path.startswith("/api/"):
            answer = client.open(path, method=verb)
            assert answer.status_code in {302, 303, 403, 404, 409, 422}, (verb, path, answer.status_code)
            if answer.status_code in {302, 303}:
                assert "/sign-in" not in answer.location or path.startswith("/account"), (verb, path, answer.location)


def test_no_get_of_a_stranger_ends_in_an_error(app):
    for member in (None, cast.VOLUNTEER, cast.STRANGER, cast.AUDITOR, cast.ADMINISTRATOR):
        client: TestClient = app.test_client()
        if member:
            client.sign_in(member)
        for rule in rules(app):
            if "GET" in rule.methods:
                answer = client.get(path_of(rule))
                assert answer.status_code < 500 or answer.status_code == 503, (member, rule.rule, answer.status_code)
