"""Departments and their services: made, edited, ordered, disabled."""

import pytest
from sqlalchemy import select

from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory import services
from eventsys.directory.commands import DepartmentDetails, ServiceDetails
from eventsys.directory.models import Department, District
from eventsys.directory.queries import find_department, get_department, list_departments
from tests import cast

ADMIN = cast.ADMINISTRATOR.actor
TAX_ID = cast.fixed_id("d", cast.TAX)
NEW = DepartmentDetails(
    code="rsj", name="示范区人力资源局", short_name="人社局", colour=7, phone="0592-1", email="R@Example.com"
)


def _trail(object_id):
    query = select(AuditEntry).where(AuditEntry.object_id == object_id).order_by(AuditEntry.id)
    return list(db.session.scalars(query))


def _names(page):
    return [row.short_name for row in page.items]


def test_a_new_department_is_found_by_name_pinyin_and_initials(app):
    with unit_of_work():
        row = services.create_department(NEW, actor=ADMIN)
    assert row.email == "r@example.com"
    for search in ("人社局", "rensheju", "rsj", "RSJ", "人力 人社"):
        assert _names(list_departments(search)) == ["人社局"], search
    assert _names(list_departments("swj")) == ["税务局"]
    assert _names(list_departments("没有")) == []
    assert find_department("rsj") == find_department(row.public_id) == row
    (entry,) = _trail(row.public_id)
    assert (entry.action, entry.actor_id, entry.after["name"]) == ("department.created", ADMIN.person, NEW.name)


@pytest.mark.parametrize("member", [m for m in cast.CAST if m is not cast.ADMINISTRATOR], ids=lambda m: m.role)
def test_only_an_administrator_edits_departments(app, member):
    for act in (
        lambda: services.create_department(NEW, actor=member.actor),
        lambda: services.edit_department(TAX_ID, NEW, 1, actor=member.actor),
        lambda: services.set_department_active(TAX_ID, False, actor=member.actor),
        lambda: services.add_service(TAX_ID, ServiceDetails("x"), actor=member.actor),
    ):
        with pytest.raises(NotAllowed), unit_of_work():
            act()


def test_one_answer_names_every_wrong_field(app):
    wrong = DepartmentDetails(code="9!", name=" ", short_name="长" * 21, colour=25, email="nobody", phone="1\x00")
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.create_department(wrong, actor=ADMIN)
    assert {p.field: p.code for p in refused.value.problems} == {
        "code": "bad_code",
        "name": "required",
        "short_name": "too_long",
        "colour": "out_of_range",
        "phone": "control_characters",
        "email": "bad_email",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [({"code": "TAX"}, "code_taken"), ({"name": "示范区税务局"}, "name_taken"), ({"code": ""}, "required")],
)
def test_code_and_name_are_unique(app, change, code):
    values = {"code": "new", "name": "新", "short_name": "新"} | change
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.create_department(DepartmentDetails(**values), actor=ADMIN)
    assert (refused.value.field, refused.value.code) == (next(iter(change)), code)


def test_an_edit_keeps_the_code_and_raises_the_feeds(app):
    with unit_of_work():
        services.edit_department(TAX_ID, DepartmentDetails("新税务局", "新税", code="other"), 1, actor=ADMIN)
    row = get_department("tax")
    db.session.refresh(row)
    assert (row.name, row.code, row.version, row.feed_revision) == ("新税务局", "tax", 2, 2)
    assert db.session.get(District, 1).feed_revision == 2
    entry = _trail(TAX_ID)[-1]
    assert (entry.before["name"], entry.after["name"]) == ("示范区税务局", "新税务局")
    assert "code" not in entry.after
    assert _names(list_departments("swj"))


def test_an_edit_that_no_calendar_shows_leaves_the_feeds(app):
    row = get_department("tax")
    same = DepartmentDetails(
        row.name, row.short_name, name_en=row.name_en, colour=row.colour, phone=row.phone, email="new@example.com"
    )
    with unit_of_work():
        services.edit_department(TAX_ID, same, 1, actor=ADMIN)
    db.session.refresh(row)
    assert (row.email, row.feed_revision) == ("new@example.com", 1)
    assert _trail(TAX_ID)[-1].after == {"email": "new@example.com"}


def test_a_stale_save_is_refused_and_writes_nothing(app):
    with unit_of_work():
        services.edit_department(TAX_ID, DepartmentDetails("甲", "甲"), 1, actor=ADMIN)
    with pytest.raises(Conflict) as refused, unit_of_work():
        services.edit_department(TAX_ID, DepartmentDetails("乙", "乙"), 1, actor=ADMIN)
    assert refused.value.code == "stale_edit"
    assert get_department("tax").name == "甲"


def test_disabling_hides_from_lists_and_twice_is_once(app):
    for _ in range(2):
        with unit_of_work():
            services.set_department_active(TAX_ID, False, actor=ADMIN)
    assert _names(list_departments()) == ["科信局"]
    assert _names(list_departments(include_inactive=True)) == ["税务局", "科信局"]
    assert [entry.action for entry in _trail(TAX_ID)] == ["department.disabled"]
    with unit_of_work():
        services.set_department_active(TAX_ID, True, actor=ADMIN)
    assert len(_names(list_departments())) == 2


def test_services_are_added_edited_ordered_and_disabled(app):
    with unit_of_work():
        second = services.add_service(TAX_ID, ServiceDetails("办税指导", topic="care"), actor=ADMIN)
        third = services.add_service(TAX_ID, ServiceDetails("发票"), actor=ADMIN)
        services.move_service(third.public_id, -2, actor=ADMIN)
        services.move_service(third.public_id, -5, actor=ADMIN)
        services.edit_service(second.public_id, ServiceDetails("办税辅导", "Tax help", "policy"), actor=ADMIN)
        services.set_service_active(second.public_id, False, actor=ADMIN)
    db.session.rollback()
    db.session.expire_all()
    listed = get_department("tax").services
    assert [(s.name, s.active) for s in listed] == [("发票", True), ("政策辅导", True), ("办税辅导", False)]
    assert [e.action for e in _trail(third.public_id)] == ["service.created", "service.moved"]


def test_a_service_has_one_name_and_a_known_topic(app):
    for command, field in ((ServiceDetails("政策辅导"), "name"), (ServiceDetails("新", topic="x"), "topic")):
        with pytest.raises(Invalid) as refused, unit_of_work():
            services.add_service(TAX_ID, command, actor=ADMIN)
        assert refused.value.field == field


def test_an_unknown_id_is_not_found(app):
    for public_id in ("", "nothing", "x" * 500, "😀"):
        with pytest.raises(NotFound), unit_of_work():
            services.set_department_active(public_id, False, actor=ADMIN)


def test_lists_page_by_cursor_without_loss_or_repetition(app):
    with unit_of_work():
        for number in range(5):
            services.create_department(
                DepartmentDetails(f"部门{number}", f"部{number}", code=f"d{number}"), actor=ADMIN
            )
    seen, cursor = [], None
    while True:
        page = list_departments(cursor=cursor, size=2)
        seen += [row.code for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["tax", "kxj", "d0", "d1", "d2", "d3", "d4"]
    with pytest.raises(Invalid):
        list_departments(cursor="nonsense")


@pytest.mark.parametrize("search", ["%", "_", "\\", "'; drop table departments; --", "\x00", "😀", "𠮷" * 300])
def test_odd_searches_find_nothing_and_break_nothing(app, search):
    assert _names(list_departments(search)) in ([], ["税务局", "科信局"])
    assert db.session.query(Department).count() == 2


def _form(**changes):
    return {"code": "rsj", "name": "人力资源局", "short_name": "人社局", "colour": "3", "topic": "service"} | changes


def test_the_browser_creates_edits_and_keeps_a_stale_save(app, client):
    client.sign_in(cast.ADMINISTRATOR)
    created = client.post("/admin/departments/new", data=_form())
    assert created.status_code == 303
    path = created.location
    assert client.post(path, data=_form(name="第一次", version="1")).status_code == 303
    stale = client.post(path, data=_form(name="第二次", version="1"))
    assert stale.status_code == 409
    assert "第一次" in stale.text
    assert 'value="第二次"' in stale.text
    assert 'value="2"' in stale.text
    assert client.post(path, data=_form(name="第二次", version="2")).status_code == 303
    assert find_department("rsj").name == "第二次"


def test_the_browser_shows_what_is_wrong_and_keeps_what_was_typed(app, client):
    answer = client.sign_in(cast.ADMINISTRATOR).post("/admin/departments/new", data=_form(code="tax", name="好名字"))
    assert answer.status_code == 422
    assert 'value="好名字"' in answer.text
    assert "error-summary" in answer.text
    assert find_department("好名字") is None


def test_the_browser_moves_and_switches(app, client):
    client.sign_in(cast.ADMINISTRATOR)
    service = get_department("tax").services[0].public_id
    assert client.post(f"/admin/services/{service}/active", data={"active": "0"}).status_code == 303
    assert client.post(f"/admin/services/{service}/move", data={"to": "up"}).status_code == 303
    assert client.post(f"/admin/services/{service}/move", data={"to": "sideways"}).status_code == 422
    assert client.post(f"/admin/departments/{TAX_ID}/active", data={"active": "0"}).status_code == 303
    assert client.post(f"/admin/departments/{TAX_ID}/active", data={"active": "maybe"}).status_code == 422
    db.session.rollback()
    db.session.expire_all()
    assert not get_department("tax").active
    assert not get_department("tax").services[0].active
