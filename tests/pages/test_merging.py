"""Merging enterprises: bookings, contacts and whatever else hangs on the one hang on the other afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, QuotaException
from eventsys.bookings.queries import get_booking
from eventsys.bookings.rules import ACTIVE, BookingState, NewBooking, claim
from eventsys.bookings.services import book_slot, grant_exception, hold_slot
from eventsys.calendars.models import FeedLink
from eventsys.checkin.rules import CheckIn
from eventsys.checkin.services import check_in
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, NotAllowed, NotFound
from eventsys.directory.models import Enterprise, Membership
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox
from eventsys.pages.services import merge_enterprises
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind
from tests import cast
from tests.calendars.conftest import add_link
from tests.factories import code_for, make_booking, make_slot, soon

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


def test_the_firmer_one_stays_however_young(app):
    slot = make_slot(capacity=2)
    with unit_of_work():
        held = hold_slot(slot.public_id, cast.OTHER, 1, actor=cast.STRANGER.actor)
    booked = make_booking(slot)
    assert merge().doubled == 1
    states = {row.public_id: row.state for row in db.session.scalars(select(Booking))}
    assert states == {held.public_id: BookingState.CANCELLED, booked.public_id: BookingState.CONFIRMED}
    assert db.session.get_one(Slot, slot.id).places_taken == 1


def test_claims_in_order():
    came, older, pending, waits = (
        claim(BookingState.CONFIRMED, 9, has_come=True),
        claim(BookingState.CONFIRMED, 2, has_come=False),
        claim(BookingState.PENDING, 1, has_come=False),
        claim(BookingState.WAITLISTED, 1, has_come=False),
    )
    younger = claim(BookingState.CONFIRMED, 3, has_come=False)
    assert sorted([waits, pending, younger, older, came]) == [came, older, younger, pending, waits]
    assert {claim(state, 1, has_come=False)[1] for state in ACTIVE} == set(range(len(ACTIVE)))


def test_where_somebody_came_the_booking_stays(app):
    slot = make_slot(capacity=2)
    missed, came = make_booking(slot, cast.STRANGER), make_booking(slot, names=("王一",))
    with time_machine.travel(slot.starts_at + timedelta(minutes=5), tick=False):
        with unit_of_work():
            check_in(CheckIn(code_for(came), nonce="n1"), actor=cast.CLERK.actor)
        assert merge().doubled == 1
    states = {row.public_id: row.state for row in db.session.scalars(select(Booking))}
    assert states == {missed.public_id: BookingState.CANCELLED, came.public_id: BookingState.CONFIRMED}


def test_the_contacts_of_both_are_told_what_became_of_it(app):
    slot = make_slot(capacity=2, title="双方都约的场次")
    make_booking(slot, cast.STRANGER)
    make_booking(slot)
    merge()
    told = db.session.scalars(select(Message).where(Message.kind == "enterprise_merged")).all()
    assert {message.person_id for message in told} == {cast.CONTACT.id, cast.COLLEAGUE.id, cast.STRANGER.id}
    subject, text = render_inbox(told[0])
    assert "甲" in subject
    assert "双方都约的场次" in text


def test_the_note_of_the_one_that_goes_is_kept(app):
    with unit_of_work() as session:
        session.get_one(Enterprise, cast.ACME).note = "每周三下午方便"
    merge()
    note = db.session.get_one(Enterprise, cast.ACME).note
    assert note.startswith("→ ")
    assert note.endswith("每周三下午方便")


def test_every_table_that_knows_enterprises_is_thought_of():
    """Whoever adds one decides here what becomes of its rows when two merge."""
    known = {table.name for table in db.metadata.tables.values() for key in table.foreign_keys
             if key.column.table.name == "enterprises"}  # fmt: skip
    handed_over = {"bookings", "no_shows", "visit_requests", "feed_links", "quota_exceptions", "slot_enterprise",
                   "memberships"}  # fmt: skip
    stays_with_the_disabled_one = {"enterprise_tags"}
    assert known == handed_over | stays_with_the_disabled_one


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
