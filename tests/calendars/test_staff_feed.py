"""The calendar of somebody of the staff: the slots they come to, hidden ones too, and no false 304."""

from dataclasses import replace

import pytest

from eventsys.bookings.services import call_off_slot, change_slot
from eventsys.calendars.rules import STAFF_LINKS_MAX, NewFeedLink
from eventsys.calendars.services import create_feed_link, revoke_feed_link
from eventsys.calendars.tasks import sweep_feeds
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.commands import StaffDetails
from eventsys.directory.models import Staff
from eventsys.directory.services import add_staff, edit_staff, set_staff_active
from eventsys.slots.queries import command_of
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from tests import cast
from tests.calendars.conftest import read
from tests.factories import make_slot, soon, tomorrow

CLERK = cast.CLERK.actor


@pytest.fixture
def member(app):
    with unit_of_work():
        return add_staff(cast.fixed_id("d", cast.TAX), StaffDetails("陈一", "科长"), actor=CLERK)


@pytest.fixture
def feed(member):
    with unit_of_work():
        _link, token = create_feed_link(NewFeedLink(staff=member.id, purpose="手机"), actor=CLERK)
    return f"/feeds/private/{token}.ics"


def change(slot, **changes):
    with unit_of_work():
        change_slot(slot.public_id, replace(command_of(slot), **changes), version=None, actor=CLERK)


def events(client, path):
    return read(client.get(path))


def test_it_holds_what_they_come_to_and_nothing_else(client, member, feed):
    audience = Audience(AudienceKind.NAMED, enterprises=(cast.ACME,))
    mine = make_slot(staff=(member.id,), bring="执照\n公章")
    hidden = make_slot(staff=(member.id,), audience=audience, format=SlotFormat.VISIT, starts_at=soon(9))
    make_slot(), make_slot(staff=(member.id,), publish=False)
    found = events(client, feed)
    assert set(found) == {mine.public_id, hidden.public_id}
    assert "执照、公章" in found[mine.public_id]["DESCRIPTION"]
    answer = client.get(feed)
    assert "陈一" in answer.text
    assert answer.headers["Cache-Control"].startswith("private")
    assert "ATTENDEE" not in answer.text


def test_every_change_is_seen_and_nothing_else_is(client, member, feed):
    def tag():
        return client.get(feed).headers["ETag"]

    slot, before = make_slot(), tag()
    seen = [before]
    change(slot, staff=(member.id,))
    seen.append(tag())
    assert slot.public_id in events(client, feed)
    sequence = int(events(client, feed)[slot.public_id]["SEQUENCE"])
    change(slot, starts_at=soon(8), ends_at=soon(8, 16), closes_at=soon(8), names_until=soon(8))
    seen.append(tag())
    assert int(events(client, feed)[slot.public_id]["SEQUENCE"]) > sequence
    change(slot, staff=())
    seen.append(tag())
    assert events(client, feed) == {}
    change(slot, staff=(member.id,))
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=CLERK)
    seen.append(tag())
    assert events(client, feed)[slot.public_id]["STATUS"] == "CANCELLED"
    with unit_of_work():
        edit_staff(member.public_id, StaffDetails("陈二"), None, actor=CLERK)
    seen.append(tag())
    assert len(set(seen)) == len(seen)
    make_slot()
    assert client.get(feed, headers={"If-None-Match": seen[-1]}).status_code == 304


def test_the_sweep_raises_it_when_an_event_drops(app, member):
    slot = make_slot(staff=(member.id,))
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=CLERK)
    sweep_feeds(tomorrow(0))
    db.session.expire_all()
    before = db.session.get(Staff, member.id).feed_revision
    db.session.rollback()
    sweep_feeds(tomorrow(5))
    db.session.expire_all()
    assert db.session.get(Staff, member.id).feed_revision == before
    db.session.rollback()
    sweep_feeds(tomorrow(40))
    db.session.expire_all()
    assert db.session.get(Staff, member.id).feed_revision == before + 1


def test_who_may_make_and_revoke_it(app, member):
    for actor in (cast.STRANGER_CLERK.actor, cast.STEWARD.actor, cast.CONTACT.actor):
        with pytest.raises(NotFound), unit_of_work():
            create_feed_link(NewFeedLink(staff=member.id), actor=actor)
    with unit_of_work():
        edit_staff(member.public_id, StaffDetails("陈一", person=cast.STEWARD.public_id), None, actor=CLERK)
        link, _token = create_feed_link(NewFeedLink(staff=member.id), actor=cast.STEWARD.actor)  # the own
    with pytest.raises(NotFound), unit_of_work():
        revoke_feed_link(link.public_id, actor=cast.STRANGER_CLERK.actor)
    with unit_of_work():
        revoke_feed_link(link.public_id, actor=CLERK)
    with pytest.raises(NotFound), unit_of_work():
        create_feed_link(NewFeedLink(staff=99), actor=CLERK)
    with pytest.raises(Invalid), unit_of_work():
        create_feed_link(NewFeedLink(staff=member.id, department=cast.TAX), actor=CLERK)


def test_no_more_than_ten(app, member):
    for _number in range(STAFF_LINKS_MAX):
        with unit_of_work():
            create_feed_link(NewFeedLink(staff=member.id), actor=CLERK)
    with pytest.raises(Conflict, match="too_many_links"), unit_of_work():
        create_feed_link(NewFeedLink(staff=member.id), actor=CLERK)


def test_it_ends_with_the_service_and_not_with_who_made_it(app, client, member, feed):
    assert client.get(feed).status_code == 200
    with unit_of_work():
        set_staff_active(member.public_id, False, actor=CLERK)
    assert client.get(feed).status_code == 404


def test_the_clerk_makes_it_on_the_page_and_revokes_it(app, member):
    clerk = app.test_client().sign_in(cast.CLERK)
    assert member.public_id in clerk.get(f"/calendars?owner={member.public_id}").text
    answer = clerk.post("/calendars/links", data={"owner": member.public_id, "purpose": "陈一的手机"})
    assert answer.status_code == 200
    assert "/feeds/private/" in answer.text
    assert "陈一" in clerk.get("/calendars").text
    stranger = app.test_client().sign_in(cast.STRANGER_CLERK)
    assert "陈一" not in stranger.get("/calendars").text
    assert stranger.post("/calendars/links", data={"owner": member.public_id}).status_code == 422
