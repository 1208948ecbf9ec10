"""People and their roles: granted, ended, disabled; sessions end with them."""

import pytest
from sqlalchemy import select

from eventsys.accounts.models import Person, SignIn
from eventsys.core.actor import Role
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory import services
from eventsys.directory.commands import PersonDetails
from eventsys.directory.queries import get_person, list_people, memberships_of
from tests import cast

ADMIN = cast.ADMINISTRATOR.actor


def _live_sessions(member):
    query = select(SignIn).where(SignIn.person_id == member.id, SignIn.revoked_at.is_(None))
    return len(db.session.scalars(query.execution_options(populate_existing=True)).all())


def _membership_id(member):
    return cast.fixed_id("m", member.id)


def test_an_administrator_makes_a_person_with_a_role(app):
    with unit_of_work():
        person = services.create_person(PersonDetails("欧阳𠮷", "138 0013 9000", " O@Example.com "), actor=ADMIN)
        services.grant_role(person.id, Role.CLERK, cast.TAX, None, actor=ADMIN)
    assert (person.mobile, person.email) == ("+8613800139000", "o@example.com")
    for search in ("欧阳", "ouyang", "oy", "13800139000", "o@example"):
        assert [row.name for row in list_people(search).items] == ["欧阳𠮷"], search
    (membership,) = memberships_of(person.id)
    assert (membership.role, membership.department.code) == (Role.CLERK, "tax")


@pytest.mark.parametrize(
    ("details", "field", "code"),
    [
        (PersonDetails("", "13800139000"), "name", "required"),
        (PersonDetails("名"), "mobile", "mobile_or_email"),
        (PersonDetails("名", "12"), "mobile", "bad_mobile"),
        (PersonDetails("名", email="x@"), "email", "bad_email"),
        (PersonDetails("名", email="CLERK@example.com"), "email", "email_taken"),
        (PersonDetails("名", "+86 138 0013 8001"), "mobile", "mobile_taken"),
    ],
)
def test_a_person_is_reachable_and_one_only(app, details, field, code):
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.create_person(details, actor=ADMIN)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_an_edit_is_versioned_and_audited(app):
    with unit_of_work():
        services.edit_person(cast.CLERK.public_id, PersonDetails("新名", email="n@example.com"), 1, actor=ADMIN)
    with pytest.raises(Conflict), unit_of_work():
        services.edit_person(cast.CLERK.public_id, PersonDetails("旧名", email="o@example.com"), 1, actor=ADMIN)
    db.session.rollback()
    db.session.expire_all()
    assert get_person(cast.CLERK.public_id).email == "n@example.com"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.edited")).one()
    assert entry.before["name"] == cast.CLERK.name


def test_a_granted_or_ended_role_ends_the_sessions(app, client):
    client.sign_in(cast.CLERK)
    with unit_of_work():
        membership = services.grant_role(cast.CLERK.id, Role.STEWARD, None, None, actor=ADMIN)
    assert _live_sessions(cast.CLERK) == 0
    app.test_client().sign_in(cast.CLERK)
    with unit_of_work():
        services.end_membership(membership.public_id, actor=ADMIN)
    assert _live_sessions(cast.CLERK) == 0
    assert [m.role for m in memberships_of(cast.CLERK.id)] == [Role.CLERK]


def test_a_role_held_already_changes_nothing(app, client):
    client.sign_in(cast.CLERK)
    with unit_of_work():
        membership = services.grant_role(cast.CLERK.id, Role.CLERK, cast.TAX, None, actor=ADMIN)
    assert membership.public_id == _membership_id(cast.CLERK)
    assert _live_sessions(cast.CLERK) == 1


def test_an_ended_role_can_be_given_again(app):
    with unit_of_work():
        services.end_membership(_membership_id(cast.CLERK), actor=ADMIN)
        services.end_membership(_membership_id(cast.CLERK), actor=ADMIN)
        again = services.grant_role(cast.CLERK.id, Role.CLERK, cast.TAX, None, actor=ADMIN)
    assert (again.state, again.ended_at) == ("active", None)
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "membership")).all()
    assert actions == ["membership.ended", "membership.granted"]


def test_disabling_signs_out_at_once(app, client):
    client.sign_in(cast.CLERK)
    assert client.get("/admin/").status_code == 403  # signed in, not an administrator
    with unit_of_work():
        services.set_person_active(cast.CLERK.public_id, False, actor=ADMIN)
    assert _live_sessions(cast.CLERK) == 0
    assert client.get("/admin/").status_code == 302


def test_the_last_administrator_stays(app):
    for act in (
        lambda: services.set_person_active(cast.ADMINISTRATOR.public_id, False, actor=ADMIN),
        lambda: services.end_membership(_membership_id(cast.ADMINISTRATOR), actor=ADMIN),
    ):
        with pytest.raises(Conflict) as refused, unit_of_work():
            act()
        assert refused.value.code == "last_administrator"
    with unit_of_work():
        services.grant_role(cast.CLERK.id, Role.ADMINISTRATOR, None, None, actor=ADMIN)
        services.end_membership(_membership_id(cast.ADMINISTRATOR), actor=ADMIN)
    with pytest.raises(Conflict), unit_of_work():
        services.set_person_active(cast.CLERK.public_id, False, actor=ADMIN)


def test_a_disabled_administrator_does_not_count(app):
    with unit_of_work():
        services.grant_role(cast.CLERK.id, Role.ADMINISTRATOR, None, None, actor=ADMIN)
        services.set_person_active(cast.CLERK.public_id, False, actor=ADMIN)
    with pytest.raises(Conflict), unit_of_work():
        services.end_membership(_membership_id(cast.ADMINISTRATOR), actor=ADMIN)


@pytest.mark.parametrize(
    ("person", "role"), [(cast.AUDITOR, Role.ADMINISTRATOR), (cast.ADMINISTRATOR, Role.AUDITOR)], ids=str
)
def test_an_auditor_never_administers(app, person, role):
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.grant_role(person.id, role, None, None, actor=ADMIN)
    assert refused.value.code == "auditor_administrator"


@pytest.mark.parametrize(
    ("role", "department", "enterprise", "code"),
    [
        (Role.CLERK, None, None, "role_needs_department"),
        (Role.CONTACT, None, None, "role_needs_enterprise"),
        (Role.CLERK, cast.TAX, cast.ACME, "role_without_enterprise"),
        (Role.COORDINATOR, cast.TAX, None, "role_is_district_wide"),
        (Role.CLERK, 999, None, "unknown_department"),
        (Role.CONTACT, None, 999, "unknown_enterprise"),
    ],
)
def test_a_role_is_held_where_it_can_be(app, role, department, enterprise, code):
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.grant_role(cast.VOLUNTEER.id, role, department, enterprise, actor=ADMIN)
    assert refused.value.code == code


@pytest.mark.parametrize("member", [m for m in cast.CAST if m is not cast.ADMINISTRATOR], ids=lambda m: m.name)
def test_nobody_else_grants_or_disables(app, member):
    for act in (
        lambda: services.grant_role(member.id, Role.ADMINISTRATOR, None, None, actor=member.actor),
        lambda: services.end_membership(_membership_id(cast.ADMINISTRATOR), actor=member.actor),
        lambda: services.set_person_active(cast.CLERK.public_id, False, actor=member.actor),
        lambda: services.edit_person(
            member.public_id, PersonDetails("x", email="x@example.com"), 1, actor=member.actor
        ),
        lambda: services.create_person(PersonDetails("x", email="x@example.com"), actor=member.actor),
    ):
        with pytest.raises(NotAllowed), unit_of_work():
            act()


def test_unknown_people_and_memberships_are_not_found(app):
    for act in (
        lambda: services.grant_role(999, Role.VOLUNTEER, None, None, actor=ADMIN),
        lambda: services.end_membership("nothing", actor=ADMIN),
        lambda: services.set_person_active("😀", False, actor=ADMIN),
    ):
        with pytest.raises(NotFound), unit_of_work():
            act()


def test_the_browser_gives_and_takes_roles(app, client):
    client.sign_in(cast.ADMINISTRATOR)
    path = f"/admin/people/{cast.VOLUNTEER.public_id}"
    role = {"role": "contact", "enterprise": "91350299MA00000019", "department": ""}
    assert client.post(f"{path}/roles/new", data=role).status_code == 303
    added = [m for m in memberships_of(cast.VOLUNTEER.id) if m.role is Role.CONTACT]
    assert [m.enterprise_id for m in added] == [cast.ACME]
    assert client.post(f"{path}/roles/new", data=role | {"enterprise": "nobody"}).status_code == 422
    assert client.post(f"{path}/roles/new", data=role | {"role": "emperor"}).status_code == 422
    assert client.post(f"/admin/memberships/{added[0].public_id}/end").status_code == 303
    last = client.post(f"/admin/memberships/{_membership_id(cast.ADMINISTRATOR)}/end")
    assert last.status_code == 409


def test_the_browser_creates_and_disables_a_person(app, client):
    client.sign_in(cast.ADMINISTRATOR)
    created = client.post("/admin/people/new", data={"name": "新人", "mobile": "13800139001"})
    assert created.status_code == 303
    person = db.session.scalars(select(Person).where(Person.name == "新人")).one()
    assert client.post(f"/admin/people/{person.public_id}/active", data={"active": "0"}).status_code == 303
    link = f'href="/admin/people/{person.public_id}"'
    assert link not in client.get("/admin/people").text
    assert link in client.get("/admin/people?all=1&q=xr").text


def test_mass_assignment_gives_no_password_and_no_role(app, client):
    client.sign_in(cast.ADMINISTRATOR)
    typed = {"name": "新人", "mobile": "13800139001", "password": "x" * 20, "active": "", "roles": "administrator",
             "fs_uniquifier": "x", "id": "77"}  # fmt: skip
    client.post("/admin/people/new", data=typed)
    person = db.session.scalars(select(Person).where(Person.name == "新人")).one()
    assert (person.password, person.active, person.id == 77) == (None, True, False)
    assert memberships_of(person.id) == []
