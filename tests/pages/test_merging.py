"""Merging enterprises: bookings, contacts and whatever else hangs on the one hang on the other afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from eventsys.bookings.models import Booking, QuotaException
from eventsys.bookings.queries import get_booking
from eventsys.bookings.rules import BookingState, NewBooking
from eventsys.bookings.services import book_slot, grant_exception
from eventsys.calendars.models import FeedLink
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, NotAllowed, NotFound
from eventsys.directory.models import Enterprise, Membership
from eventsys.pages.services import merge_enterprises
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind
from tests import cast
from tests.calendars.conftest import add_link
from tests.factories import make_booking, make_slot, soon

GONE, STAYS = cast.fixed_id("e", cast.ACME), cast.fixed_id("e", cast.OTHER)


def merge(source=GONE, target=STAYS, actor=cast.ADMINISTRATOR.actor):
    with unit_of_work():
        merged = merge_enterprises(source, target, actor=actor)
    db.session.rollback()
    db.session.expire_all()
    return merged


def test_bookings_contacts_and_links_go_over(app):
    booking = make_booking(make_slot(), names=("王一", "王二"))
    add_link(cast.CONTACT)
    merged = merge()
    assert (merged.bookings, merged.contacts, merged.doubled) == (1, 2, 0)
    stored = get_booking(booking.public_id, visible_to=cast.STRANGER.actor)
    assert stored.enterprise_id == cast.OTHER
    assert [attendee.state for attendee in stored.attendees] == ["valid", "valid"]
    assert set(db.session.scalars(select(Membership.person_id).where(Membership.enterprise_id == cast.OTHER))) == {
        cast.CONTACT.id,
        cast.COLLEAGUE.id,
        cast.STRANGER.id,
    }
    assert db.session.scalars(select(FeedLink.enterprise_id)).one() == cast.OTHER
    gone = db.session.get_one(Enterprise, cast.ACME)
    assert (gone.active, gone.link_hash) == (False, None)
    assert "乙网络公司" in gone.note
    actions = set(db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "enterprise")))
    assert {"enterprise.merged", "enterprise.took_over"} <= actions


def test_of_two_bookings_of_a_slot_the_older_stays(app):
    slot = make_slot(capacity=2)
    older, younger = make_booking(slot, cast.STRANGER), make_booking(slot)
    with unit_of_work():
        waiting = book_slot(NewBooking(slot.public_id, cast.THIRD, party=1, waits=True), actor=cast.CLERK.actor)
    assert merge().doubled == 1
    states = {row.public_id: row.state for row in db.session.scalars(select(Booking))}
    assert states[older.public_id] is BookingState.CONFIRMED
    assert states[younger.public_id] is BookingState.CANCELLED
    assert states[waiting.booking.public_id] is BookingState.CONFIRMED  # the freed place went on
    assert db.session.get_one(Slot, slot.id).places_taken == 2


def test_invitations_and_exceptions_go_over_once(app):
    audience = Audience(AudienceKind.NAMED, enterprises=(cast.ACME, cast.OTHER))
    slot = make_slot(audience=audience)
    alone = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)), starts_at=soon(9))
    for enterprise in (cast.ACME, cast.OTHER):
        with unit_of_work():
            grant_exception(slot.public_id, enterprise, "重点企业", actor=cast.COORDINATOR.actor)
    merge()
    assert db.session.scalars(select(QuotaException.enterprise_id)).all() == [cast.OTHER]
    with unit_of_work():
        book_slot(NewBooking(alone.public_id, cast.OTHER, party=1), actor=cast.STRANGER.actor)


def test_who_was_a_contact_of_both_is_one_once(app):
    with unit_of_work():
        both = Membership(person_id=cast.CONTACT.id, role=cast.CONTACT.role, enterprise_id=cast.OTHER)
        db.session.add(both)
    merge()
    live = select(Membership).where(Membership.person_id == cast.CONTACT.id, Membership.state == "active")
    assert db.session.scalars(live).one().enterprise_id == cast.OTHER


def test_nonsense_changes_nothing(app):
    for source, target, error in ((GONE, GONE, Conflict), (GONE, "aaaaaaaaaaaaa", NotFound)):
        with pytest.raises(error):
            merge(source, target)
    for member in (cast.CLERK, cast.CONTACT, cast.AUDITOR):
        with pytest.raises(NotAllowed):
            merge(actor=member.actor)
    assert db.session.get_one(Enterprise, cast.ACME).active


@pytest.mark.sqlite_only
def test_in_the_browser(client):
    booking = make_booking(make_slot())
    client.sign_in(cast.COORDINATOR)
    assert f"/admin/enterprises/{GONE}/merge" in client.get(f"/admin/enterprises/{GONE}").text
    assert STAYS in client.get(f"/admin/enterprises/{GONE}/merge?q=乙").text
    page = client.get(f"/admin/enterprises/{GONE}/merge?into={STAYS}&lang=en")
    assert "tickets and history: 1" in page.text
    url = f"/admin/enterprises/{GONE}/merge"
    assert client.post(url, data={"into": GONE}).location.endswith("/merge")
    assert client.post(url, data={"into": STAYS}).location == f"/admin/enterprises/{STAYS}"
    db.session.rollback()
    db.session.expire_all()
    assert get_booking(booking.public_id, visible_to=cast.STRANGER.actor).public_id == booking.public_id
