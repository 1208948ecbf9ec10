"""The department's desk, an enterprise's own page, and the menu of each role."""

import re

import pytest
import time_machine

from eventsys.bookings.services import cancel_booking
from eventsys.checkin.services import CheckIn, check_in
from eventsys.core.db import db, unit_of_work
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot, soon
from tests.support import counted_statements

IN_DECEMBER = "2026-12-09T10:00:00+08:00"


@pytest.fixture(autouse=True)
def _in_december():
    with time_machine.travel(IN_DECEMBER, tick=True):
        yield


def look(app, path, member):
    db.session.rollback()
    browser = app.test_client()
    if member:
        browser.sign_in(member)
    return browser.get(path, headers={"Accept-Language": "en"})


def numbers(page):
    return [int(value) for value in re.findall(r'<span class="stat-value">(\d+)</span>', page.text)]


def menu(page):
    nav = page.text.partition('class="site-nav ')[2].partition("</nav>")[0]
    return re.findall(r'<a href="([^"]*)"', nav)


def test_the_clerks_month(app):
    slot = make_slot(title="税收座谈")
    make_slot(title="税收草稿", publish=False)
    make_slot(title="下月的", starts_at=soon(40))
    make_slot(title="科信立项", department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    make_booking(slot)
    page = look(app, "/desk", cast.CLERK)
    assert numbers(page) == [1, 1, 1, 2]
    assert "税收座谈" in page.text
    assert "税收草稿" in page.text
    assert "科信立项" not in page.text
    assert "下月的" not in page.text
    assert "甲网络公司" in page.text  # who is coming next
    assert f'href="/slots/{slot.public_id}/notice"' in page.text
    assert "下月的" in look(app, "/desk?month=2027-01", cast.CLERK).text


def test_the_coordinator_sees_how_each_department_stands_and_opens_one(app):
    make_booking(make_slot(title="税收座谈"))
    make_slot(title="税收草稿", publish=False)
    make_slot(title="科信立项", department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    everything = look(app, "/desk", cast.COORDINATOR)
    assert numbers(everything) == [2, 1, 1, 5]
    assert 'href="/desk?month=2026-12&amp;department=kxj"' in everything.text
    assert "科信立项" not in everything.text  # who comes next is told of tax only
    tax = everything.text.split("department=tax")[1].split("</tr>")[0]
    assert re.findall(r'<td class="num"[^>]*>(\d+)</td>', tax) == ["1", "1", "1", "2"]
    assert numbers(look(app, "/desk?department=kxj", cast.COORDINATOR)) == [1, 0, 0, 3]
    narrowed = look(app, "/desk?department=kxj", cast.COORDINATOR).text
    assert "税收座谈" not in narrowed
    assert "科信立项" in narrowed
    assert "科信立项" not in look(app, "/desk?department=kxj", cast.CLERK).text


def test_a_supporting_department_sees_it_and_changes_nothing(app):
    slot = make_slot(title="联合座谈", supporting=(cast.SCIENCE,))
    page = look(app, "/desk", cast.STRANGER_CLERK).text
    assert "联合座谈" in page
    assert f"/slots/{slot.public_id}/edit" not in page
    assert f"/slots/{slot.public_id}/copy" not in page
    assert look(app, f"/slots/{slot.public_id}", cast.STRANGER_CLERK).status_code == 200
    for own in re.findall(r'<a [^>]*href="(/slots/[^"]*)"', page):
        assert look(app, own, cast.STRANGER_CLERK).status_code == 200, own


def test_the_auditor_reads_only(app):
    make_slot(title="税收座谈")
    page = look(app, "/desk?department=tax", cast.AUDITOR).text
    assert "税收座谈" in page
    assert "/copy" not in page
    assert "/desk/slots/new" not in page


@pytest.mark.parametrize("member", [cast.CLERK, cast.AUDITOR, cast.STEWARD, cast.COORDINATOR])
def test_every_link_of_the_desk_opens(app, member):
    make_booking(make_slot())
    page = look(app, "/desk", member).text.replace("&amp;", "&")
    for address in sorted(set(re.findall(r'<a [^>]*href="(/[^"#]*)"', page)) - {"/static"}):
        assert look(app, address, member).status_code == 200, address


def test_an_empty_desk_says_what_to_do(app):
    page = look(app, "/desk", cast.CLERK).text
    assert "Make the first one" in page
    assert "Nobody has booked yet" in page
    for month in ("x", "2026-00", "9999-99", "2026-12-01", "𠮷"):
        assert look(app, f"/desk?month={month}", cast.CLERK).status_code == 200


def test_the_desk_costs_few_statements(app, client):
    for number in range(15):
        slot = make_slot(title=f"第{number}场", supporting=(cast.SCIENCE,))
        make_booking(slot)
    client.sign_in(cast.CLERK).get("/desk")
    db.session.remove()
    with counted_statements() as seen:
        client.get("/desk")
    assert len(seen) <= 21, seen  # seven of them for clashes, however many slots there are


def test_my_enterprise_shows_what_comes_and_what_was(app):
    slot, cancelled = make_slot(title="将来的"), make_slot(title="取消的")
    make_booking(slot, names=("王一", "李二"))
    ended = make_booking(cancelled)
    with unit_of_work():
        cancel_booking(ended.public_id, actor=cast.CONTACT.actor)
    page = look(app, "/my", cast.COLLEAGUE)
    coming, past = page.text.split('id="past"')
    assert "将来的" in coming
    assert "2 of 2 people named" in coming
    assert "取消的" in past
    assert "Booking cancelled" in past
    assert "91350299MA00000019" in page.text
    assert "将来的" not in look(app, "/my", cast.STRANGER).text


def test_who_was_checked_in_attended(app):
    attended, missed = make_slot(title="到了的"), make_slot(title="没到的")
    booking = make_booking(attended, names=("王一", "李二"))
    make_booking(missed)
    gate, _token = make_gate(attended)
    with time_machine.travel(attended.starts_at), unit_of_work():
        check_in(CheckIn(code_for(booking), "nonce-1", gate=gate.public_id), actor=cast.STEWARD.actor)
    with time_machine.travel(soon(9)):
        past = look(app, "/my", cast.CONTACT).text.split('id="past"')[1]
    past = past.replace('data-label="Attended"', "")  # the column's name, not a state
    first, second = past.split("到了的")[1].split("</tr>")[0], past.split("没到的")[1].split("</tr>")[0]
    assert "Attended" in first
    assert "1/2" in first
    assert "Attended" not in second
    assert "0/1" in second


def test_another_enterprise_is_not_mine(app):
    assert look(app, f"/my?enterprise={cast.fixed_id('e', cast.OTHER)}", cast.CONTACT).status_code == 404
    assert look(app, f"/my?enterprise={cast.fixed_id('e', cast.ACME)}", cast.CONTACT).status_code == 200
    assert look(app, "/my", cast.CLERK).status_code == 403
    assert look(app, "/my", None).status_code == 302


@pytest.mark.parametrize(
    ("member", "places"),
    [
        (None, []),
        (cast.CONTACT, ["/", "/my", "/bookings", "/requests", "/calendars"]),
        (cast.CLERK, ["/", "/desk", "/bookings", "/requests", "/gates", "/admin/workdays/", "/calendars"]),
        (cast.STEWARD, ["/", "/desk", "/gates"]),
        (cast.COORDINATOR,
         ["/", "/desk", "/bookings", "/requests", "/gates",
          "/admin/enterprises", "/admin/workdays/", "/admin/applications", "/calendars"]),
        (cast.ADMINISTRATOR, ["/", "/admin/enterprises", "/admin/applications", "/admin/", "/admin/audit"]),
        (cast.AUDITOR, ["/", "/desk", "/admin/workdays/", "/admin/audit"]),
    ],
)  # fmt: skip
def test_each_role_finds_its_places_and_may_enter(app, member, places):
    page = look(app, "/", member)
    assert menu(page) == places
    for place in places:
        assert look(app, place, member).status_code == 200, place


def test_the_name_and_the_way_out(app):
    page = look(app, "/", cast.CLERK).text
    assert cast.CLERK.name in page
    assert 'action="/sign-out"' in page
    assert 'href="/inbox"' in page
    assert 'href="/sign-in"' in look(app, "/", None).text
    assert "Model District" in look(app, "/help", None).text


def test_unread_messages_are_counted(app):
    make_booking(make_slot())
    page = look(app, "/", cast.CONTACT).text
    assert re.search(r'class="count">1<', page)
