"""The page of a slot: who sees it, and the one thing to do next."""

import re
from datetime import timedelta

import pytest
import time_machine

from eventsys.bookings.services import call_off_slot
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.directory.rules import Topic
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, SlotFormat
from tests import cast
from tests.factories import make_booking, make_slot, soon
from tests.support import counted_statements

NAMED = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))
SOFTWARE_ONLY = Audience(AudienceKind.FILTERED, parks=(cast.SOFTWARE_PARK,))


def look(app, slot, member=None, language="en"):
    db.session.rollback()
    browser = app.test_client()
    if member:
        browser.sign_in(member)
    return browser.get(f"/slots/{slot.public_id}?lang={language}")


def action(page):
    """The primary button of the page, if any: where it leads or posts to, and its word. Not the one that a script
    takes from a template when booking opens."""
    text = re.sub(r"<template.*?</template>", "", page.text, flags=re.DOTALL)
    link = r'<a class="btn btn-primary btn-lg" href="([^"]*)">.*?</svg>([^<]*)</a>'
    post = (
        r'action="([^"]*)"[^>]*>(?:(?!</form>).)*<button type="submit" class="btn btn-primary btn-lg">.*?</svg>([^<]*)<'
    )
    found = re.search(link, text, re.DOTALL) or re.search(post, text, re.DOTALL)
    return (found[1], found[2]) if found else None


def test_a_stranger_reads_it_and_is_led_to_booking(app):
    slot = make_slot(
        description="带上<b>材料</b>\n见 https://example.com/a?b=1&c=2\n\njavascript:alert(1)",
        supporting=(cast.SCIENCE,),
        services=(cast.TAX,),
        questions=(NewQuestion("人数？", is_required=True),),
        place_text="3楼",
    )
    page = look(app, slot, language="zh_CN")
    assert page.status_code == 200
    for words in ("税务局", "科信局", "政策辅导", "第一活动中心 3楼", "0592-1000001", "人数？"):
        assert words in page.text
    assert "带上&lt;b&gt;材料&lt;/b&gt;<br>" in page.text
    assert '<a href="https://example.com/a?b=1&amp;c=2" rel="nofollow noopener ugc">' in page.text
    assert 'href="javascript' not in page.text
    assert f'href="/slots/{slot.public_id}.ics"' in page.text
    assert action(page)[0] == f"/slots/{slot.public_id}/book"
    assert 'class="qr"' in page.text


def test_a_visit_says_that_it_is_no_inspection(app):
    assert "A service visit, not an inspection." in look(app, make_slot(format=SlotFormat.VISIT)).text
    assert "A service visit, not an inspection." not in look(app, make_slot()).text


def test_the_online_link_is_for_who_booked(app):
    slot = make_slot(format=SlotFormat.ONLINE, online_url="https://meet.example.com/secret", place=None)
    assert "meet.example.com" not in look(app, slot).text


def test_who_booked_is_led_to_the_booking(app):
    slot = make_slot()
    booking = make_booking(slot)
    page = look(app, slot, cast.COLLEAGUE)
    assert action(page) == (f"/bookings/{booking.public_id}", "View the booking")
    assert cast.CONTACT.name in page.text
    assert action(look(app, slot, cast.STRANGER)) == (f"/slots/{slot.public_id}/holds", "Book")


def test_while_the_draw_is_under_way(app):
    slot = make_slot(draw_at=now() + timedelta(days=1))
    assert action(look(app, slot, cast.CONTACT)) is not None
    with time_machine.travel(slot.draw_at + timedelta(seconds=1), tick=False):
        page = look(app, slot, cast.CONTACT)
        assert action(page) is None
        assert "The draw is under way" in page.text
        assert app.test_client().get("/").status_code == 200


def test_before_it_opens(app):
    slot = make_slot(opens_at=now() + timedelta(days=1))
    page = look(app, slot, cast.CONTACT)
    assert action(page) is None
    assert "Booking opens" in page.text


def test_after_it_closed_the_telephone_number_is_given(app):
    slot = make_slot(closes_at=now() + timedelta(days=1))
    with time_machine.travel(now() + timedelta(days=2)):
        page = look(app, slot, cast.CONTACT)
        assert action(page) is None
        assert "call 0592-1000001" in page.text
        assert f'href="/slots/{slot.public_id}/book"' in look(app, slot, cast.CLERK).text


def test_a_full_one_names_the_nearest(app):
    slot, other = make_slot(capacity=1), make_slot(title="另一场")
    make_booking(slot)
    page = look(app, slot, cast.STRANGER)
    assert action(page) == (f"/slots/{slot.public_id}/book", "Join the waiting list")
    assert "Full." in page.text
    assert f'href="/slots/{other.public_id}"' in page.text


def test_a_called_off_one_says_why(app):
    slot = make_slot()
    with unit_of_work():
        call_off_slot(slot.public_id, "讲师生病", actor=cast.CLERK.actor)
    page = look(app, slot)
    assert page.status_code == 200
    assert "讲师生病" in page.text
    assert action(page) is None


def test_one_that_is_over(app):
    slot = make_slot()
    with time_machine.travel(slot.ends_at + timedelta(hours=1)):
        page = look(app, slot, cast.CONTACT)
    assert "This slot is over." in page.text
    assert action(page) is None


def test_not_for_every_park(app):
    slot = make_slot(audience=SOFTWARE_ONLY)
    assert action(look(app, slot, cast.CONTACT)) is not None
    page = look(app, slot, cast.STRANGER)
    assert "By invitation only." in page.text
    assert action(page) is None
    assert "软件园" in page.text


CARE_VISIT = {"topic": Topic.CARE, "format": SlotFormat.VISIT, "audience": SOFTWARE_ONLY}


@pytest.mark.parametrize("hidden", [{"audience": NAMED}, CARE_VISIT])
def test_a_hidden_one_does_not_exist_for_others(app, hidden):
    slot = make_slot(**hidden)
    seen = {member: look(app, slot, member).status_code for member in (None, cast.CONTACT, cast.STRANGER, cast.CLERK)}
    assert seen == {None: 404, cast.CONTACT: 200, cast.STRANGER: 404, cast.CLERK: 200}


def test_the_invited_are_named_to_the_staff_only(app):
    slot = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME, cast.OTHER)))
    assert "乙网络公司" in look(app, slot, cast.CLERK).text
    assert "乙网络公司" not in look(app, slot, cast.CONTACT).text


def test_a_draft_is_seen_by_its_department(app):
    slot = make_slot(publish=False)
    members = (None, cast.CONTACT, cast.STRANGER_CLERK, cast.CLERK, cast.COORDINATOR)
    assert [look(app, slot, member).status_code for member in members] == [404, 404, 404, 200, 200]
    assert "Only your department sees it." in look(app, slot, cast.CLERK).text


@pytest.mark.parametrize("public_id", ["x", "aaaaaaaaaaaaa", "𠮷", "a" * 300, "..%2f..%2fetc"])
def test_an_unknown_one(client, public_id):
    assert client.get(f"/slots/{public_id}").status_code == 404


def test_costs_few_statements(app, client):
    slot = make_slot(supporting=(cast.SCIENCE,), services=(cast.TAX,))
    client.get(f"/slots/{slot.public_id}")
    db.session.remove()
    with counted_statements() as seen:
        assert client.get(f"/slots/{slot.public_id}").status_code == 200
    assert len(seen) <= 8, seen


def test_a_full_one_costs_few_statements_too(app, client):
    slot = make_slot(capacity=1, starts_at=soon(3))
    make_booking(slot)
    make_slot()
    db.session.remove()
    with counted_statements() as seen:
        assert client.get(f"/slots/{slot.public_id}").status_code == 200
    assert len(seen) <= 9, seen
