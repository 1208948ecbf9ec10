"""Enterprises, their credit codes and tags."""

import pytest
from sqlalchemy import select

from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed
from eventsys.directory import services
from eventsys.directory.commands import EnterpriseDetails, split_tags
from eventsys.directory.models import Tag
from eventsys.directory.queries import get_enterprise, list_enterprises
from tests import cast

COORDINATOR = cast.COORDINATOR.actor
ACME_ID = cast.fixed_id("e", cast.ACME)
GOOD = "9135020073786628XK"
FAILS_CHECK = "91350211M0000XUF46"


def test_a_coordinator_makes_an_enterprise(app):
    details = EnterpriseDetails(
        credit_code=" 9135 0200 7378 6628 xk ",
        name="𠮷祥😀科技",
        park=cast.fixed_id("k", 1),
        size="micro",
        tags=("专精特新", "高新"),
        note="第一行\n第二行",
    )
    with unit_of_work():
        row = services.create_enterprise(details, actor=COORDINATOR)
    assert (row.credit_code, row.is_code_checked, row.size, row.park.name) == (GOOD, True, "micro", "软件园")
    assert {tag.name for tag in row.tags} == {"专精特新", "高新"}
    assert db.session.query(Tag).count() == 2
    for search in ("𠮷祥😀", "kj", "9135020073", GOOD.lower()):
        assert row in list_enterprises(search).items, search


def test_a_failing_check_digit_warns_and_does_not_refuse(app, client):
    client.sign_in(cast.COORDINATOR)
    answer = client.post(
        "/admin/enterprises/new", data={"credit_code": FAILS_CHECK, "name": "真实企业"}, follow_redirects=True
    )
    assert answer.status_code == 200
    assert FAILS_CHECK in answer.text
    assert "notice-warn" in answer.text
    assert not get_enterprise(FAILS_CHECK).is_code_checked


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"credit_code": "123"}, "credit_code", "bad_credit_code"),
        ({"credit_code": "91350299MA00000019"}, "credit_code", "credit_code_taken"),
        ({"name": ""}, "name", "required"),
        ({"name": "名" * 121}, "name", "too_long"),
        ({"name": "两\n行"}, "name", "one_line_only"),
        ({"size": "huge"}, "size", "bad_choice"),
        ({"park": "nowhere"}, "park", "unknown_park"),
        ({"tags": ("a,b",)}, "tags", "bad_tag"),
        ({"tags": tuple(str(n) for n in range(31))}, "tags", "too_many_items"),
        ({"note": "\ud800"}, "note", "control_characters"),
    ],
)
def test_what_cannot_be_is_refused_by_field(app, change, field, code):
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.create_enterprise(EnterpriseDetails(**{"credit_code": GOOD, "name": "名"} | change), actor=COORDINATOR)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_an_edit_is_audited_and_raises_the_feed(app):
    row = get_enterprise(ACME_ID)
    details = EnterpriseDetails(row.credit_code, "新名字", sub_district=row.sub_district, tags=("专精特新",))
    with unit_of_work():
        services.edit_enterprise(ACME_ID, details, 1, actor=COORDINATOR)
    db.session.rollback()
    db.session.expire_all()
    assert (row.feed_revision, row.version) == (2, 2)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "enterprise.edited")).one()
    assert (entry.before["name"], entry.after["name"], entry.after["tags"]) == ("甲网络公司", "新名字", ["专精特新"])
    with pytest.raises(Conflict), unit_of_work():
        services.edit_enterprise(ACME_ID, details, 1, actor=COORDINATOR)


@pytest.mark.parametrize("member", [cast.CLERK, cast.CONTACT, cast.STRANGER, cast.AUDITOR], ids=lambda m: m.name)
def test_not_even_its_contact_edits_an_enterprise_here(app, client, member):
    details = EnterpriseDetails(GOOD, "x")
    for act in (
        lambda: services.create_enterprise(details, actor=member.actor),
        lambda: services.edit_enterprise(ACME_ID, details, 1, actor=member.actor),
        lambda: services.set_enterprise_active(ACME_ID, False, actor=member.actor),
    ):
        with pytest.raises(NotAllowed), unit_of_work():
            act()
    assert client.sign_in(member).get("/admin/enterprises").status_code == 403


def test_a_disabled_enterprise_leaves_the_list(app, client):
    client.sign_in(cast.COORDINATOR)
    assert client.post(f"/admin/enterprises/{ACME_ID}/active", data={"active": "0"}).status_code == 303
    assert ACME_ID not in {row.public_id for row in list_enterprises().items}
    assert "甲网络公司" in client.get("/admin/enterprises?all=1").text
    assert "甲网络公司" not in client.get("/admin/enterprises?q=").text


def test_mass_assignment_changes_only_what_the_form_shows(app, client):
    client.sign_in(cast.COORDINATOR)
    typed = {"credit_code": "91350299MA00000019", "name": "新名", "version": "1", "active": "", "link_hash": "x" * 64,
             "id": "99", "public_id": "x", "is_code_checked": "1", "feed_revision": "77"}  # fmt: skip
    assert client.post(f"/admin/enterprises/{ACME_ID}", data=typed).status_code == 303
    db.session.rollback()
    db.session.expire_all()
    row = get_enterprise(ACME_ID)
    assert (row.id, row.active, row.link_hash, row.feed_revision, row.name) == (cast.ACME, True, None, 2, "新名")


@pytest.mark.sqlite_only
def test_tags_are_split_at_every_separator():
    assert split_tags("甲、乙，丙,丁;戊；己\n庚、甲、") == ("甲", "乙", "丙", "丁", "戊", "己", "庚")
