"""Private links (FEEDS.md 9): made, shown once, read, revoked; and the page that lists them."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.calendars.models import FeedLink
from eventsys.calendars.rules import LINKS_MAX, NewFeedLink, client_name
from eventsys.calendars.services import create_feed_link, revoke_feed_link
from eventsys.core.actor import ANYBODY
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.core.tokens import hash_token
from eventsys.directory.models import Enterprise, Membership
from eventsys.directory.rules import MembershipState
from eventsys.web.logs import mask
from tests import cast
from tests.calendars.conftest import add_booking, add_link, add_slot, read
from tests.support import counted_statements

ACME = cast.fixed_id("e", cast.ACME)
TAX = cast.fixed_id("d", cast.TAX)
SCIENCE = cast.fixed_id("d", cast.SCIENCE)


def _links() -> list[FeedLink]:
    db.session.rollback()
    return list(db.session.scalars(select(FeedLink).order_by(FeedLink.id)))


def test_a_link_is_a_long_secret_of_which_only_the_hash_is_kept(app):
    _id, path = add_link(purpose="我的手机")
    token = path.split("/")[-1].removesuffix(".ics")
    assert re.fullmatch(r"[a-z2-7]{32}", token)  # 160 bits
    (link,) = _links()
    assert link.token_hash == hash_token(token)
    assert token not in repr({key: str(value) for key, value in vars(link).items()})
    assert token not in repr([entry.after for entry in db.session.scalars(select(AuditEntry))])
    assert token not in mask(path)


@pytest.mark.parametrize("member", [cast.CONTACT, cast.COLLEAGUE, cast.CLERK, cast.STEWARD, cast.STRANGER_CLERK])
def test_members_read_their_own_organisation(client, member):
    assert client.get(add_link(member)[1]).status_code == 200


@pytest.mark.parametrize(
    ("member", "owner"),
    [
        (cast.STRANGER, {"enterprise": cast.ACME}),
        (cast.CONTACT, {"department": cast.TAX}),
        (cast.STRANGER_CLERK, {"department": cast.TAX}),
        (cast.CLERK, {"enterprise": cast.ACME}),
        (cast.VOLUNTEER, {"enterprise": cast.ACME}),
        (cast.ADMINISTRATOR, {"department": cast.TAX}),
        (cast.CONTACT, {"enterprise": 99}),
    ],
)
def test_nobody_makes_a_link_of_another_organisation(app, member, owner):
    with pytest.raises(NotFound), unit_of_work():
        create_feed_link(NewFeedLink(**owner), actor=member.actor)
    assert not _links()


def test_a_link_has_one_owner_one_line_of_purpose_and_a_person(app):
    for command in (
        NewFeedLink(),
        NewFeedLink(1, 1),
        NewFeedLink(cast.ACME, purpose="a\nb"),
        NewFeedLink(1, purpose="x" * 61),
    ):
        with pytest.raises(Invalid), unit_of_work():
            create_feed_link(command, actor=cast.CONTACT.actor)
    with pytest.raises(NotAllowed), unit_of_work():
        create_feed_link(NewFeedLink(cast.ACME), actor=ANYBODY)


def test_links_are_limited_and_a_revoked_one_does_not_count(app):
    first, *_others = (add_link()[0] for _ in range(LINKS_MAX))
    with pytest.raises(Conflict) as refused:
        add_link()
    assert refused.value.code == "too_many_links"
    with unit_of_work():
        revoke_feed_link(first, actor=cast.CONTACT.actor)
    add_link()


def test_unknown_malformed_and_revoked_tokens_answer_the_same(client):
    public_id, path = add_link()
    assert client.get(path).status_code == 200
    with unit_of_work():
        revoke_feed_link(public_id, actor=cast.CONTACT.actor)
    tokens = [
        "a" * 32,
        "short",
        "A" * 32,
        "a" * 5000,
        "a/b",
        "..%2f..%2fall",
        "税务",
        "'; DROP TABLE feed_links",
    ]
    answers = [client.get(path), *(client.get(f"/feeds/private/{token}.ics") for token in tokens)]
    seen = {
        (a.status_code, a.data, tuple(sorted((k, v) for k, v in a.headers if k != "X-Request-ID"))) for a in answers
    }
    assert len(seen) == 1
    assert answers[0].status_code == 404


def test_a_revoked_link_is_dead_at_once_even_for_who_has_it_all(client):
    public_id, path = add_link()
    tag = client.get(path).headers["ETag"]
    with unit_of_work():
        revoke_feed_link(public_id, actor=cast.CONTACT.actor)
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 404


def test_revoking_again_changes_nothing_and_strangers_cannot(app):
    public_id, _path = add_link()
    for member in (cast.STRANGER, cast.COLLEAGUE, cast.CLERK):
        with pytest.raises(NotFound), unit_of_work():
            revoke_feed_link(public_id, actor=member.actor)
    for _ in range(2):
        with unit_of_work():
            revoked_at = revoke_feed_link(public_id, actor=cast.CONTACT.actor).revoked_at
    assert _links()[0].revoked_at == revoked_at
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "feed_link.revoked")).all()) == 1


@pytest.mark.parametrize("leaves", ["member", "organisation"])
def test_a_link_dies_with_its_makers_membership(client, leaves):
    _id, path = add_link()
    with unit_of_work():
        if leaves == "member":
            db.session.get(Membership, cast.CONTACT.id).state = MembershipState.ENDED
        else:
            db.session.get(Enterprise, cast.ACME).active = False
    assert client.get(path).status_code == 404


def test_a_private_feed_is_private(client):
    add_booking(add_slot())
    answer = client.get(add_link()[1])
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert client.get("/feeds/all.ics").headers["Cache-Control"].startswith("public")


def test_who_came_by_is_noted_at_most_hourly_and_after_the_answer(client):
    _id, path = add_link()
    started = now()
    with time_machine.travel(started, tick=False) as clock:
        with counted_statements() as seen:
            client.get(path, headers={"User-Agent": "Google-Calendar-Importer"}, buffered=True)
        assert "UPDATE" in seen[-1]
        assert _links()[0].visits == [("Google", started)]
        for minutes in (1, 30, 59):
            clock.move_to(started + timedelta(minutes=minutes))
            with counted_statements() as seen:
                client.get(path, headers={"User-Agent": "Google-Calendar-Importer"}, buffered=True)
            assert not any(statement.startswith("UPDATE") for statement in seen)
        client.get(path, headers={"User-Agent": "curl/8"}, buffered=True)  # another one is another visit
        assert _links()[0].visits == [("curl", started + timedelta(minutes=59)), ("Google", started)]
        clock.move_to(started + timedelta(minutes=60))
        tag = client.get(path, headers={"User-Agent": "Google-Calendar-Importer"}, buffered=True).headers["ETag"]
        assert _links()[0].visits[0] == ("Google", started + timedelta(minutes=60))
        clock.move_to(started + timedelta(minutes=61))
        client.get(path, headers={"If-None-Match": tag, "User-Agent": "x" * 500}, buffered=True)  # a 304 counts too
        assert _links()[0].visits[0] == ("x" * 40, started + timedelta(minutes=61))


def test_a_look_at_the_head_changes_nothing(client):
    _id, path = add_link()
    client.head(path, buffered=True)
    assert _links()[0].visits == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Google-Calendar-Importer", "Google"),
        ("iOS/18.1 (22B83) dataaccessd/1.0", "iPhone / iPad"),
        ("macOS/15.1 (24B83) dataaccessd/1.0 CalendarAgent", "iPhone / iPad"),
        ("Microsoft.Exchange.Calendar.Sharing", "Outlook"),
        ("Mozilla/5.0 (X11; Linux) Gecko/20100101 Thunderbird/128.0", "Thunderbird"),
        ("SomethingNew/3.1 (x)", "SomethingNew"),
        ("", "?"),
        ("\x1b[31m", "[31m"),
    ],
)
def test_a_client_has_a_name_people_know(user_agent, name):
    assert client_name(user_agent) == name


# The page


def test_a_contact_makes_reads_and_revokes_a_link_in_the_browser(client):
    slot = add_slot()
    add_booking(slot)
    client.sign_in(cast.CONTACT)
    assert client.get("/calendars").status_code == 200
    made = client.post("/calendars/links", data={"owner": ACME, "purpose": "门口的平板"})
    page = made.get_data(as_text=True)
    (path,) = set(re.findall(r"http://127\.0\.0\.1:8000(/feeds/private/[a-z2-7]{32}\.ics)", page))
    assert f"webcal://127.0.0.1:8000{path}" in page
    assert '<svg class="qr"' in page
    assert not re.search(r"\sstyle=", page)
    assert made.headers["Cache-Control"] == "private, no-store"
    assert made.headers["Referrer-Policy"] == "no-referrer"
    assert set(read(client.get(path, headers={"User-Agent": "Thunderbird/128"}, buffered=True))) == {slot.public_id}
    db.session.remove()  # the test's requests share one session; real ones do not
    listed = client.get("/calendars").get_data(as_text=True)
    assert "门口的平板" in listed
    assert "Thunderbird" in listed
    assert path not in listed
    assert client.post(f"/calendars/links/{_links()[0].public_id}/revoke").status_code == 302
    assert client.get(path).status_code == 404
    assert "门口的平板" not in client.get("/calendars").get_data(as_text=True)


@pytest.mark.parametrize(
    ("member", "offered"),
    [
        (cast.CONTACT, {ACME}),
        (cast.CLERK, {TAX, f"{TAX}/door"}),
        (cast.STEWARD, {TAX, f"{TAX}/door"}),
        (cast.COORDINATOR, {TAX, f"{TAX}/door", SCIENCE, f"{SCIENCE}/door"}),
        (cast.AUDITOR, {TAX, f"{TAX}/door", SCIENCE, f"{SCIENCE}/door"}),
        (cast.VOLUNTEER, set()),
        (cast.ADMINISTRATOR, set()),
    ],
)
def test_the_form_offers_what_the_service_would_allow(client, member, offered):
    page = client.sign_in(member).get("/calendars").get_data(as_text=True)
    owners = re.search(r'<select[^>]+name="owner".*?</select>', page, re.DOTALL)
    assert set(re.findall(r'<option value="([^"]+)"', owners[0] if owners else "")) == offered
    for owner in offered:
        assert client.post("/calendars/links", data={"owner": owner}).status_code == 200
    assert "/feeds/departments/tax.ics" in page
    assert "/feeds/all.ics" in page


@pytest.mark.parametrize("owner", ["", "1", cast.fixed_id("e", cast.OTHER), "'", "𠮷" * 100])
def test_a_form_that_names_no_own_organisation_is_refused(client, owner):
    client.sign_in(cast.CONTACT)
    assert client.post("/calendars/links", data={"owner": owner}).status_code == 422
    assert not _links()


@pytest.mark.parametrize("purpose", ["x" * 61, "a\x00b"])
def test_a_purpose_that_cannot_be_kept_is_refused_and_what_was_typed_stays(client, purpose):
    client.sign_in(cast.CONTACT)
    answer = client.post("/calendars/links", data={"owner": ACME, "purpose": purpose})
    assert answer.status_code == 422
    assert 'id="purpose-error"' in answer.get_data(as_text=True)
    assert not _links()


def test_hostile_purposes_are_shown_as_text(client):
    client.sign_in(cast.CONTACT)
    client.post("/calendars/links", data={"owner": ACME, "purpose": "<script>alert(1)</script>{{7*7}}"})
    page = client.get("/calendars").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "{{7*7}}" in page


def test_the_page_is_for_who_signed_in(client):
    for answer in (client.get("/calendars"), client.post("/calendars/links"), client.post("/calendars/links/x/revoke")):
        assert answer.status_code == 302
        assert "next=" in answer.headers["Location"]
    client.sign_in(cast.STRANGER)
    public_id, _path = add_link()
    assert client.post(f"/calendars/links/{public_id}/revoke").status_code == 404


def test_wechat_is_told_what_to_do_instead(client):
    client.sign_in(cast.CONTACT)
    wechat = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50", "Accept-Language": "en"}
    alert = re.compile(r'class="notice notice-warn"(?:(?!</div>).)*tap ···, open in browser', re.DOTALL)
    for page in ("/calendars", "/calendars/subscribe"):
        assert alert.search(client.get(page, headers=wechat).get_data(as_text=True))
        assert "webcal://" not in client.get(page, headers=wechat).get_data(as_text=True)
        assert not alert.search(client.get(page, headers={"Accept-Language": "en"}).get_data(as_text=True))
    assert "webcal://" in client.get("/calendars/subscribe").get_data(as_text=True)
