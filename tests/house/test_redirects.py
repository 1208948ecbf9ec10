"""No address sends a browser to another site, whatever a parameter asks for."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask_security.proxies import _security
from flask_security.utils import hash_password

from eventsys.accounts.models import Person
from eventsys.accounts.services import start_enrolment, turn_on_second_factor
from eventsys.core.db import db, unit_of_work
from eventsys.notifications.models import Message
from tests import cast
from tests.house.test_naughty import every_form
from tests.house.world import build_world, path_of

pytestmark = pytest.mark.sqlite_only

NAMES = ("next", "target", "to", "url", "return", "return_to", "return_url", "redirect", "redirect_to", "redirect_uri",
         "continue", "back", "goto", "dest", "destination", "rurl", "callback", "from", "referrer")  # fmt: skip
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/x",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://evil.example",
    "\x0bhttps://evil.example",
    "https://evil.example\\@localhost",
    "//localhost@evil.example",
    "/\u2028/evil.example",
    "\u3000//evil.example",
    "evil.example",
)
FOREIGN = {"Referer": "https://evil.example/", "X-Forwarded-Host": "evil.example"}


def leaves(answer) -> bool:
    """Whether a browser would follow the answer to another site."""
    target = answer.headers.get("Location", "/") if 300 <= answer.status_code < 400 else "/"
    parts = urlsplit(target)
    is_path = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith("//")
    return not is_path or "\\" in target or not target.isprintable()


@pytest.mark.parametrize(
    "member", [None, cast.CLERK, cast.CONTACT, cast.ADMINISTRATOR], ids=lambda m: getattr(m, "role", "visitor")
)
def test_no_parameter_of_any_address_leads_elsewhere(app, member):
    world, led = build_world(app), []
    client = app.test_client().sign_in(member) if member else app.test_client()
    for turn, rule in enumerate(app.url_map.iter_rules()):
        if rule.rule.startswith("/api/") or rule.endpoint in {"static", "accounts.leave"}:
            continue
        asked = {name: ELSEWHERE[(turn + position) % len(ELSEWHERE)] for position, name in enumerate(NAMES)}
        path = path_of(rule, (world.of(rule) if rule.arguments else [{}])[0])
        for verb in sorted(rule.methods & {"GET", "POST"}):
            data = asked if verb == "POST" else None
            answer = client.open(path, method=verb, query_string=asked, data=data, headers=FOREIGN)
            if leaves(answer):
                led.append((verb, rule.rule, answer.headers["Location"]))
    assert led == []


@pytest.mark.parametrize("member", [None, cast.CLERK], ids=lambda m: getattr(m, "role", "visitor"))
def test_no_form_with_such_a_field_leads_elsewhere(app, member):
    world, tried = build_world(app), 0
    client = app.test_client().sign_in(member) if member else app.test_client()
    for action, given, _texts in every_form(app, world, client).values():
        for name in given.keys() & set(NAMES):
            for elsewhere in ELSEWHERE:
                answer = client.post(action, data=given | {name: elsewhere})
                assert not leaves(answer), (action, name, elsewhere)
                tried += 1
    assert tried >= len(ELSEWHERE)


@pytest.fixture
def clerk(app):
    """The clerk has a password."""
    with unit_of_work():
        db.session.get(Person, cast.CLERK.id).password = hash_password(cast.PASSWORD)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_way_in_leads_elsewhere(client, clerk, elsewhere):
    typed = {"login": cast.CLERK.email, "next": elsewhere}
    answer = client.post("/sign-in", data=typed | {"password": cast.PASSWORD})
    assert answer.status_code == 302
    assert not leaves(answer)
    client.post("/sign-out")
    client.post("/sign-in/code", data=typed)
    message = db.session.scalars(db.select(Message).where(Message.kind == "sign_in_code")).one()
    answer = client.post("/sign-in/code/type", data={"code": message.context["code"]})
    assert answer.status_code == 302
    assert not leaves(answer)
    assert client.get("/account").status_code == 200


def test_the_second_step_does_not_lead_elsewhere_either(client, clerk):
    with unit_of_work():
        secret = start_enrolment(actor=cast.CLERK.actor).secret
        shown = _security.totp_factory.generate_totp_password(secret)
        codes = turn_on_second_factor(secret, shown, cast.PASSWORD, actor=cast.CLERK.actor)
    for elsewhere, code in zip(ELSEWHERE, codes, strict=False):
        client.post("/sign-out")
        client.post("/sign-in", data={"login": cast.CLERK.email, "password": cast.PASSWORD, "next": elsewhere})
        answer = client.post("/sign-in/second-step", data={"code": code})
        assert answer.status_code == 302
        assert not leaves(answer)


def test_a_way_in_leads_back_to_a_page_of_ours(client, clerk):
    typed = {"login": cast.CLERK.email, "password": cast.PASSWORD, "next": "/bookings?x=1"}
    assert client.post("/sign-in", data=typed).headers["Location"] == "/bookings?x=1"
