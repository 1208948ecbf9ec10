"""What holds for every operation: tokens, types of content, sizes, the description."""

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from eventsys.accounts.models import ApiToken
from eventsys.api.openapi import _docstrings
from eventsys.api.reference import TAGS
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from tests import cast
from tests.api.conftest import slot_body
from tests.factories import make_booking, make_slot

pytestmark = pytest.mark.sqlite_only
PROBLEM = "application/problem+json"


def raw(api, path, data, content_type="application/json", verb="POST"):
    headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": "k"}
    client = api.app.test_client()
    return client.open(f"/api/v1{path}", method=verb, data=data, content_type=content_type, headers=headers)


def test_departments_are_public_and_enterprises_are_not(api, contact, clerk):
    (tax, _science) = api.get("/departments").json["items"]
    assert (tax["code"], tax["services"][0]["name"]) == ("tax", "政策辅导")
    assert [item["code"] for item in api.get("/departments?search=kxj").json["items"]] == ["kxj"]
    assert api.get("/enterprises").status_code == 401
    assert api(cast.STEWARD).get("/enterprises").status_code == 403
    assert [item["name"] for item in contact.get("/enterprises").json["items"]] == ["甲网络公司"]
    assert contact.get("/enterprises?search=乙").json["items"] == []
    page = clerk.get("/enterprises?limit=2").json
    assert len(page["items"]) == 2
    assert len(clerk.get(f"/enterprises?cursor={page['next']}").json["items"]) == 1
    assert clerk.get("/enterprises?search=91350299MA00000027").json["items"][0]["park"]["name"] == "山海园"


def test_several_may_ask_for_the_description_at_once(app):
    """CPython before 3.12 fails when two threads make syntax trees at once."""

    def ask() -> int:
        with app.app_context():
            return app.test_client().get("/api/v1/openapi.json").status_code

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(5):
            app.extensions.pop("eventsys-openapi", None)
            _docstrings.cache_clear()
            with ThreadPoolExecutor(4) as several:
                asked = [several.submit(ask) for _ in range(4)]
            assert [answer.result() for answer in asked] == [200] * 4
    finally:
        sys.setswitchinterval(interval)


def test_tokens_end(api):
    contact = api(cast.CONTACT)
    assert contact.get("/bookings").status_code == 200
    with unit_of_work() as session:
        for token in session.scalars(db.select(ApiToken)):
            token.revoked_at = now()
    answer = contact.get("/bookings")
    assert (answer.status_code, answer.content_type, answer.json["code"]) == (401, PROBLEM, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert contact.get("/slots").status_code == 401  # a dead token is never taken for nobody


def test_cookies_do_not_count(client):
    client.sign_in(cast.CLERK)
    assert client.get("/api/v1/bookings").status_code == 401
    assert client.post("/api/v1/slots", json=slot_body()).status_code == 401


def test_tokens_need_no_csrf_token(app, clerk):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert clerk.post("/slots", slot_body()).status_code == 201
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


@pytest.mark.parametrize(
    "data",
    [b"{", b"nonsense", b'{"a": NaN}', b'{"capacity": Infinity}', b"\xff\xfe{}", b"[" * 100_000, b"\xef\xbb\xbf{}",
     b'{"capacity": ' + b"9" * 5000 + b"}", "{}".encode("utf-16")],
)  # fmt: skip
def test_broken_json(clerk, data):
    answer = raw(clerk, "/slots", data)
    assert (answer.status_code, answer.content_type, answer.json["code"]) == (400, PROBLEM, "bad_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
def test_another_type_of_content(clerk, kind):
    answer = raw(clerk, "/slots", json.dumps(slot_body()).encode(), kind)
    assert (answer.status_code, answer.content_type, answer.json["code"]) == (415, PROBLEM, "wrong_content_type")


def test_a_body_too_large(clerk):
    answer = raw(clerk, "/slots", b'"' + b"x" * 3_000_000 + b'"')
    assert (answer.status_code, answer.content_type, answer.json["code"]) == (413, PROBLEM, "body_too_large")


@pytest.mark.parametrize("body", ["null", "5", '"x"', "true", "[5]", '[["x"]]', "{}"])
def test_bodies_of_another_shape(clerk, contact, body):
    for api, path in ((clerk, "/slots"), (contact, "/bookings"), (clerk, "/gates"), (clerk, "/checkins")):
        answer = raw(api, path, body.encode())
        assert answer.status_code == 422, (path, answer.text)


def test_unknown_addresses_and_verbs(api, clerk):
    for answer in (api.get("/nothing"), clerk.post("/departments", {}), clerk.call("PUT", "/slots", {})):
        assert answer.status_code in {404, 405}
        assert answer.content_type == PROBLEM


def test_text_comes_back_as_it_went_in(clerk):
    for title in ("🎉𠮷<script>alert(1)</script>", "'; DROP TABLE slots; --", "{{ 7*7 }}", "=1+1", "a\u202eb", "%s%n"):
        assert clerk.post("/slots", slot_body(title=title)).json["title"] == title


def test_sentences_follow_the_language(api):
    english = api.call("GET", "/slots/none", Accept_Language="en").json["detail"]
    assert english.startswith("There is nothing")
    assert api.get("/slots?lang=en").status_code == 200


def test_a_secret_is_in_no_answer(api, contact, clerk):
    slot = make_slot()
    make_booking(slot)
    for who in (api, contact, clerk):
        for path in ("/slots", "/departments", f"/slots/{slot.public_id}"):
            text = who.get(path).text
            assert "token_hash" not in text
            assert "password" not in text


def test_the_description(client):
    spec = client.get("/api/v1/openapi.json").json
    assert spec["openapi"].startswith("3.1")
    assert not [name for name in spec["components"]["schemas"] if name.endswith("1")]
    for path, verbs in spec["paths"].items():
        assert path.startswith("/api/v1/")
        for verb, operation in verbs.items():
            told = operation["responses"]
            assert {"400", "401", "415", "422", "429", "503"} <= set(told), (verb, path)
            assert "403" in told or operation["security"] == [{}, {"token": []}]
            assert told["422"]["content"].keys() == {PROBLEM}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_reference_tells_every_operation_parameter_and_schema(client, language):
    spec = client.get("/api/v1/openapi.json").json
    page = client.get(f"/api/v1/docs?lang={language}").text
    for path, verbs in spec["paths"].items():
        for verb, operation in verbs.items():
            told = page.split(f">{verb.upper()} {path}</a></h3>")[1].split("</article>")[0]
            for parameter in operation.get("parameters", ()):
                assert f">{parameter['name']}</code>" in told, (verb, path)
            for status in operation["responses"]:
                assert f"<strong>{status}</strong>" in told, (verb, path, status)
            assert ("requestBody" in operation) == (("请求体" if language == "zh_CN" else ">Body<") in told)
    for name, schema in spec["components"]["schemas"].items():
        told = page.split(f'<h3 id="schema-{name}">')[1].split("</section>")[0]
        assert all(f">{field}</code>" in told for field in schema.get("properties", ())), name


def test_every_link_of_the_reference_leads_somewhere(client):
    page = client.get("/api/v1/docs").text
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    linked = set(re.findall(r'href="#([^"]+)"', page))
    assert len(linked) > 60
    assert linked <= set(anchors)


def test_the_reference_needs_no_script_and_hides_nothing(client):
    page = client.get("/api/v1/docs?lang=en").text
    assert "<script>" not in page
    assert 'list of <a href="#schema-SlotIn">SlotIn</a>, at most 100 items' in page
    assert "<code>visit</code> · <code>session</code> · <code>online</code>" in page
    assert "whole number or <code>null</code>, 1 to 10000" in page
    assert set(re.findall(r"`", page)) == set()


def test_every_tag_of_the_reference_has_words(client):
    assert {tag["name"] for tag in client.get("/api/v1/openapi.json").json["tags"]} <= set(TAGS)
