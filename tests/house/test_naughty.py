"""Naughty strings through every field of every form that a person finds: never a 5xx, and never as markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests import cast
from tests.house.world import World, build_world, path_of

pytestmark = pytest.mark.sqlite_only

NAUGHTY = {
    "sql": "'; DROP TABLE slots;-- \" OR 1=1 % _",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'",
    "template": "{{ 7*7 }} {% raw %} ${7*7} %(name)s %s {0} #{7}",
    "crlf": "a\r\nBcc: x@example.com\r\n\r\n<b>",
    "formula": "=1+1|cmd|' /C calc'!A0",
    "rtl": "\u202eabc\u202c مرحبا \u200d\u200b",
    "plane": "😀👨‍👩‍👧 𠮷野家 𝒳",
    "nul": "a\x00b",
    "control": "a\x1b[31mb\x08",
    "separators": "a\u2028b\u2029c\x85d",
    "noncharacter": "\ufffe\uffff",
    "combining": "Z̷͎͑a" + "\u0301" * 50,
    "huge": "长" * 100_000,
    "number": "9" * 400,
    "negative": "-1",
    "float": "1e309",
    "long_int": str(2**63),
    "digits": "１２３",
    "year_one": "0001-01-01T00:00",
    "year_last": "9999-12-31T23:59",
    "list": "[]",
    "path": "../../etc/passwd",
}
TEXT_LIKE = {"text", "search", "tel", "email", "url", "password", "number", "datetime-local", "date", "hidden"}


class _Forms(HTMLParser):
    """The POST forms of a page: (action, {field: value}, names of fields that take text)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any], list[str]]] = []
        self._open: tuple[str, dict[str, Any], list[str]] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in given}
        if tag == "form":
            self._open = (said.get("action", ""), {}, []) if said.get("method", "").lower() == "post" else None
        if self._open is None or (tag not in {"option"} and not said.get("name")):
            return
        _action, values, texts = self._open
        name, kind = said.get("name", ""), said.get("type", "text")
        if tag == "textarea" or (tag == "input" and kind in TEXT_LIKE):
            values[name] = said.get("value", "")
            texts.append(name)
        elif tag == "input" and kind in {"radio", "checkbox"} and ("checked" in said or name not in values):
            values[name] = said.get("value", "on")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in values or "selected" in said):
            values[self._select] = said.get("value", "")
        elif tag == "button" and said.get("value") and name not in values:
            values[name] = said["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "form" and self._open is not None:
            self.found.append(self._open)
            self._open = None


def forms_of(page: str) -> list[tuple[str, dict[str, Any], list[str]]]:
    """The POST forms of a page."""
    parser = _Forms()
    parser.feed(page)
    return parser.found


def every_form(app, world: World, client) -> dict[Any, tuple[str, dict[str, Any], list[str]]]:
    """The different forms one person finds on all pages."""
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static" or rule.rule.startswith(("/api", "/feeds")):
            continue
        for values in world.of(rule)[-1:] if rule.arguments else [{}]:
            path = path_of(rule, values)
            answer = client.get(path)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                for action, given, texts in forms_of(answer.text):
                    shape = re.sub(r"/[^/]*\d[^/]*|/[a-z2-7]{13}", "/<>", action or path)
                    found.setdefault((shape, tuple(sorted(given))), (action or path, given, texts))
    return found


ROUNDS = 2
LEAVING = re.compile(r"/sign-out|/account/(sessions|password)")


@pytest.mark.parametrize("member", [cast.ADMINISTRATOR, cast.CLERK, cast.CONTACT], ids=lambda member: member.role)
def test_no_form_breaks_on_what_is_typed(app, member):
    world, client = build_world(app), app.test_client().sign_in(member)
    forms = [form for form in every_form(app, world, client).values() if not LEAVING.match(form[0])]
    assert len(forms) > 10
    strings = list(NAUGHTY.values())
    for turn in range(ROUNDS):
        for place, (action, given, texts) in enumerate(forms):
            typed = {
                name: strings[(place * 7 + position + turn * 5) % len(strings)] for position, name in enumerate(texts)
            }
            answer = client.post(action, data=given | typed)
            assert answer.status_code < 500, (action, typed)
            assert "<script>alert(1)" not in answer.text
    for path in ("/", "/desk", "/bookings", "/inbox", "/account", "/admin/enterprises", "/admin/departments"):
        page = client.get(path)
        assert page.status_code in {200, 403}, path
        assert "<script>alert(1)" not in page.text
