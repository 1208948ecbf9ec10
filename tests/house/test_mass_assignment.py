"""Whatever is posted beside a form's own fields changes nothing: every column of every table, to every address."""

from __future__ import annotations

import enum
import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.exceptions import HTTPException

from eventsys.core.db import Base, db
from tests import cast
from tests.house.test_foreign_objects import BODIES
from tests.house.test_naughty import every_form
from tests.house.world import build_world, path_of

pytestmark = pytest.mark.sqlite_only

LEFT_OUT = {"throttles", "sign_ins", "audit_entries", "idempotency_keys"}  # written by whoever comes by
TEXT, NUMBER, OTHER_ROW = "poisoned", 987, 2
MOMENT = "2031-02-03T04:05"
ROLES = (cast.ADMINISTRATOR, cast.COORDINATOR, cast.CLERK, cast.STEWARD, cast.CONTACT, cast.VOLUNTEER)
SIGNS_OUT = re.compile(r"/sign-out|/account/(sessions|password|second-factor)")


def columns() -> list[sa.Column[Any]]:
    """Every column of every table that a request could mean to write."""
    return [
        column
        for table in Base.metadata.sorted_tables
        if table.name not in LEFT_OUT
        for column in table.columns
        if not (column.primary_key and len(table.primary_key) == 1)
    ]


def poison_of(column: sa.Column[Any]) -> str:
    """A value that the column could hold and nothing of the world does, or not by itself."""
    default = column.default.arg if column.default is not None else None
    if isinstance(column.type, sa.Enum):
        return next(member for member in reversed(list(column.type.enum_class)) if member is not default).value
    kind = column.type.python_type
    if kind is bool:
        return "0" if default is True else "1"
    if column.foreign_keys:
        return str(OTHER_ROW)
    if issubclass(kind, datetime):
        return MOMENT
    return {int: str(NUMBER), float: str(NUMBER), dict: f'{{"{TEXT}": 1}}', list: f'["{TEXT}"]'}.get(kind, TEXT)


def poison(turn: int) -> dict[str, str]:
    """A value for every name; of the columns that share a name each has its turn."""
    by_name: dict[str, list[str]] = {}
    for column in columns():
        by_name.setdefault(column.name, []).append(poison_of(column))
    return {name: values[turn % len(values)] for name, values in by_name.items()}


def census() -> Counter[tuple[str, str]]:
    """How often each column holds each state, switch and reference, or anything poisoned."""
    db.session.rollback()
    found: Counter[tuple[str, str]] = Counter()
    for column in columns():
        for (value,) in db.session.execute(sa.select(column)):
            if isinstance(value, (enum.Enum, bool)) or (isinstance(value, int) and column.foreign_keys):
                found[str(column), repr(value)] += 1
            elif TEXT in repr(value) or value == NUMBER or "2031, 2, " in repr(value):
                found[str(column), "poisoned"] += 1
    return found


def post_every_form(app, *, poisoned: bool) -> tuple[Counter[tuple[str, str]], set[str]]:
    """Send every form that each role finds, as it stands, and to every other address that takes a POST nothing at all:
    what the database then holds, and the endpoints whose forms were met."""
    world, met, turn = build_world(app), set(), 0
    for member in ROLES:
        client = app.test_client().sign_in(member)
        for action, given, _texts in every_form(app, world, client).values():
            path = action.partition("?")[0]
            if not SIGNS_OUT.match(path):
                met.add(endpoint_of(app, path))
                send(client, action, given, turn if poisoned else None)
                turn += 1
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or rule.endpoint in met or rule.rule.startswith("/api/"):
            continue
        for values in world.of(rule) if rule.arguments else [{}]:
            path = path_of(rule, values)
            for member in ROLES if not SIGNS_OUT.match(path) else ():
                send(app.test_client().sign_in(member), path, {}, turn if poisoned else None)
                turn += 1
    return census(), met


def send(client, action: str, given: dict[str, str], turn: int | None) -> None:
    beside = {} if turn is None else {name: value for name, value in poison(turn).items() if name not in given}
    answer = client.post(action, data=beside | given)
    assert answer.status_code < 500, (action, answer.status_code)


def endpoint_of(app, path: str) -> str:
    try:
        return app.url_map.bind("localhost").match(path, method="POST")[0]
    except HTTPException:
        return path


def test_what_is_posted_beside_a_forms_fields_changes_nothing(app, reset):
    plain, met = post_every_form(app, poisoned=False)
    reset()
    poisoned, _met = post_every_form(app, poisoned=True)
    assert len(met) > 40
    assert {
        key: (plain[key], poisoned[key]) for key in plain.keys() | poisoned.keys() if plain[key] != poisoned[key]
    } == {}


def test_the_census_would_notice(app):
    world = build_world(app)
    before = census()
    for name, key in (("slots", world.ids["slot"][0]), ("people", cast.COLLEAGUE.public_id)):
        table = Base.metadata.tables[name]
        typed = {"active": False, "state": "published", "title": TEXT, "capacity": NUMBER, "mobile": TEXT}
        values = {column: value for column, value in typed.items() if column in table.columns}
        db.session.execute(sa.update(table).where(table.c.public_id == key).values(values))
    db.session.commit()
    changed = {name for name, _value in census() - before}
    assert changed == {"slots.title", "slots.capacity", "slots.state", "people.active", "people.mobile"}


def taken(spec, rule) -> set[str]:
    """The fields that an operation's body may have; none when it takes no body."""
    path, fields = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), set()
    for verb in ("post", "patch"):
        body = spec["paths"].get(path, {}).get(verb, {}).get("requestBody", {})
        for content in body.get("content", {}).values():
            for variant in content["schema"].get("oneOf", [content["schema"]]):
                name = variant.get("$ref", "").rpartition("/")[2]
                fields |= set(spec["components"]["schemas"].get(name, {}).get("properties", ()))
    return fields


def test_an_unknown_field_of_a_body_is_refused_by_name(app, api):
    world, spec = build_world(app), api.get("/openapi.json").json
    outsiders = [(member, api(member)) for member in (cast.COORDINATOR, cast.CLERK, cast.CONTACT)]
    before, named = census(), Counter()
    for member, outside in outsiders:
        for rule in app.url_map.iter_rules():
            fields = taken(spec, rule) if rule.rule.startswith("/api/v1/") else set()
            for verb in sorted(rule.methods & {"POST", "PATCH"}) if fields else ():
                for turn, values in enumerate(world.of(rule) if rule.arguments else [{}]):
                    beside = {name: value for name, value in poison(turn).items() if name not in fields}
                    body = BODIES.get(rule.endpoint, {}) | beside
                    key = f"{member.id}-{rule.endpoint}-{turn}"
                    path = path_of(rule, values).removeprefix("/api/v1")
                    answer = outside.call(verb, path, body, If_Match="*", Idempotency_Key=key)
                    assert answer.status_code in {403, 404, 409, 422}, (verb, path, answer.text)
                    unknown = {e["field"] for e in answer.json.get("errors", ()) if e["code"] == "unknown_field"}
                    named[rule.endpoint] += unknown >= beside.keys()
    assert [endpoint for endpoint, times in named.items() if not times] == []
    assert len(named) >= 8
    assert census() == before
