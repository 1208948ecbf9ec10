"""The people who come to slots for a department: its clerk keeps the list."""

import pytest

from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.commands import StaffDetails
from eventsys.directory.models import Staff
from eventsys.directory.queries.staff import all_staff, list_own_staff, list_staff
from eventsys.directory.services import add_staff, edit_staff, set_staff_active
from tests import cast

CLERK, TAX = cast.CLERK.actor, cast.fixed_id("d", cast.TAX)


def add(name="陈一", actor=CLERK, department=TAX, **details):
    with unit_of_work():
        return add_staff(department, StaffDetails(name, **details), actor=actor)


def test_a_clerk_keeps_the_list(app):
    row = add(" 陈一 ", office="科长", phone="0592 1234567", person=cast.CLERK.public_id)
    assert (row.name, row.office, row.person_id) == ("陈一", "科长", cast.CLERK.id)
    assert [item.id for item in list_own_staff(CLERK)] == [row.id]
    before = row.feed_revision
    with unit_of_work():
        edit_staff(row.public_id, StaffDetails("陈𠮷 🙂"), 1, actor=CLERK)
    db.session.expire_all()
    assert (row.name, row.office, row.person_id, row.version) == ("陈𠮷 🙂", "", None, 2)
    assert row.feed_revision == before + 1  # the calendar bears the name
    with unit_of_work():
        set_staff_active(row.public_id, False, actor=CLERK)
        set_staff_active(row.public_id, False, actor=CLERK)
    assert list_staff(cast.TAX) == []
    assert all_staff() == []
    assert all_staff([row.id]) == [row]
    assert row.version == 3


@pytest.mark.parametrize("actor", [cast.STRANGER_CLERK.actor, cast.STEWARD.actor, cast.CONTACT.actor])
def test_another_departments_list_does_not_exist(app, actor):
    row = add()
    for attempt in (
        lambda: add_staff(TAX, StaffDetails("外"), actor=actor),
        lambda: edit_staff(row.public_id, StaffDetails("外"), 1, actor=actor),
        lambda: set_staff_active(row.public_id, False, actor=actor),
    ):
        with pytest.raises(NotFound), unit_of_work():
            attempt()


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (StaffDetails(""), "name"),
        (StaffDetails("一" * 61), "name"),
        (StaffDetails("一\x00"), "name"),
        (StaffDetails("一", office="长" * 61), "office"),
        (StaffDetails("一", phone="1" * 41), "phone"),
        (StaffDetails("一", person=cast.STRANGER_CLERK.public_id), "person"),
        (StaffDetails("一", person="zzzzzzzzzzzzy"), "person"),
    ],
)
def test_what_cannot_be_is_refused_by_field(app, details, field):
    with pytest.raises(Invalid) as refused, unit_of_work():
        add_staff(TAX, details, actor=CLERK)
    assert refused.value.field == field


def test_a_stale_edit_is_refused(app):
    row = add()
    with unit_of_work():
        edit_staff(row.public_id, StaffDetails("二"), 1, actor=CLERK)
    with pytest.raises(Conflict, match="stale_edit"), unit_of_work():
        edit_staff(row.public_id, StaffDetails("三"), 1, actor=CLERK)


def test_the_pages(app, client):
    client.sign_in(cast.CLERK)
    listing = f"/admin/departments/{TAX}/staff"
    assert client.get(listing).status_code == 200
    answer = client.post(f"{listing}/new", data={"name": "陈一", "office": "科长", "phone": "", "person": ""})
    assert (answer.status_code, answer.location) == (303, listing)
    assert "陈一" in client.get(listing).text
    row = db.session.query(Staff).one()
    page = f"/admin/staff/{row.public_id}"
    assert client.post(page, data={"name": "陈二", "version": "7", "person": ""}).status_code == 409
    assert client.post(page, data={"name": "陈二", "version": "1", "person": ""}).status_code == 303
    assert client.post(f"{page}/active", data={"active": "0"}).status_code == 303
    stranger = app.test_client().sign_in(cast.STRANGER_CLERK)
    assert [stranger.get(path).status_code for path in (listing, page)] == [404, 404]
