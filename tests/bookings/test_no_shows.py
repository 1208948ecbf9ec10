"""What an enterprise says of a slot it did not attend, and what the department answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking, NoShow
from eventsys.bookings.queries import count_missed, get_no_show, list_explained, list_missed, list_no_shows
from eventsys.bookings.rules import BookingState, NoShowRule
from eventsys.bookings.services import decide_no_show, explain_no_show, record_no_show, take_back_no_show
from eventsys.bookings.services.admission import CLOCKWORK
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory.models import District
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox, render_mail
from tests import cast
from tests.factories import make_booking, make_slot


@pytest.fixture
def missed(app):
    """A booking of the contact's enterprise that nobody came to; it is the day after."""
    slot = make_slot()
    booking = make_booking(slot)
    with unit_of_work():
        record_no_show(booking, slot, actor=CLOCKWORK)
    with time_machine.travel(slot.starts_at + timedelta(days=1), tick=False):
        yield booking.public_id


def explain(booking, text="当天停电，无法出门", actor=cast.CONTACT.actor):
    with unit_of_work():
        explain_no_show(booking, text, actor=actor)


def decide(booking, *, is_excused=True, actor=cast.CLERK.actor, decision="情况属实"):
    with unit_of_work():
        decide_no_show(booking, decision, is_excused=is_excused, actor=actor)


def kinds(person):
    db.session.rollback()
    return list(db.session.scalars(select(Message.kind).where(Message.person_id == person.id).order_by(Message.id)))


def actions(booking):
    db.session.rollback()
    query = select(AuditEntry.action).where(AuditEntry.object_id == booking).order_by(AuditEntry.id)
    return list(db.session.scalars(query))


def test_explained_and_excused_counts_no_more(missed):
    assert count_missed([cast.ACME], now() - timedelta(days=2)) == {cast.ACME: 1}
    explain(missed)
    assert "no_show_explained" in kinds(cast.CLERK)
    assert [item.booking.public_id for item in list_explained(cast.CLERK.actor)] == [missed]
    decide(missed)
    assert "no_show_decided" in kinds(cast.CONTACT)
    assert list_explained(cast.CLERK.actor) == []
    assert count_missed([cast.ACME], now() - timedelta(days=2)) == {}
    assert list_missed(cast.ACME, now() - timedelta(days=2)) == []
    assert actions(missed)[-3:] == ["booking.no_show_recorded", "booking.no_show_explained", "booking.no_show_decided"]


def test_answered_that_it_counts(missed):
    explain(missed)
    decide(missed, is_excused=False, actor=cast.COORDINATOR.actor, decision="请下次提前一天取消")
    row = get_no_show(missed, visible_to=cast.CONTACT.actor)
    assert (row.is_excused, row.decision) == (False, "请下次提前一天取消")
    assert count_missed([cast.ACME], now() - timedelta(days=2)) == {cast.ACME: 1}


def test_it_is_explained_once(missed):
    explain(missed)
    with pytest.raises(Conflict, match="no_show_explained"):
        explain(missed)
    decide(missed)
    with pytest.raises(Conflict, match="no_show_decided"):
        explain(missed)
    with pytest.raises(Conflict, match="no_show_decided"):
        decide(missed, is_excused=False)


def test_it_is_explained_within_thirty_days(missed):
    with time_machine.travel(now() + timedelta(days=30), tick=False), pytest.raises(Conflict) as refused:
        explain(missed)
    assert refused.value.code == "no_show_too_old"
    assert refused.value.fields["explain_until"] < now() + timedelta(days=30)


def test_a_telephone_call_is_enough_to_excuse_and_too_little_to_say_no(missed):
    with pytest.raises(Conflict, match="no_show_unexplained"):
        decide(missed, is_excused=False)
    decide(missed, decision="已电话说明")


@pytest.mark.parametrize(("text", "code"), [("", "required"), ("x" * 501, "too_long"), ("a\0b", "control_characters")])
def test_what_cannot_be_said(missed, text, code):
    with pytest.raises(Invalid, match=code):
        explain(missed, text)
    explain(missed)
    with pytest.raises(Invalid):
        decide(missed, decision=text)


def test_who_may_not(missed):
    for stranger in (cast.STRANGER, cast.STRANGER_CLERK, cast.VOLUNTEER):
        with pytest.raises(NotFound):
            explain(missed, actor=stranger.actor)
        with pytest.raises(NotFound):
            decide(missed, actor=stranger.actor)
    for staff in (cast.CLERK, cast.STEWARD, cast.AUDITOR):
        with pytest.raises(NotAllowed):
            explain(missed, actor=staff.actor)
    for other in (cast.CONTACT, cast.STEWARD, cast.AUDITOR):
        with pytest.raises(NotAllowed):
            decide(missed, actor=other.actor)
    assert list_explained(cast.STRANGER_CLERK.actor) == []


def test_nothing_is_noted_of_most_bookings(app):
    booking = make_booking(make_slot())
    with pytest.raises(NotFound):
        get_no_show(booking.public_id, visible_to=cast.CLERK.actor)
    assert list_no_shows(cast.ACME) == []
    assert count_missed([], now()) == {}


def test_taken_back_it_never_was(missed):
    booking = db.session.scalars(select(Booking)).one()
    for _ in range(2):
        with unit_of_work():
            take_back_no_show(booking, actor=CLOCKWORK)
    assert db.session.scalars(select(NoShow)).all() == []
    assert actions(missed).count("booking.no_show_taken_back") == 1


def test_with_the_rule_on_the_next_booking_needs_approval(missed):
    with unit_of_work():
        db.session.get_one(District, 1).settings = {"no_show_rule": True, "no_show_count": 1}
    assert make_booking(make_slot(title="再约")).state is BookingState.PENDING
    explain(missed)
    decide(missed)
    assert make_booking(make_slot(title="又约")).state is BookingState.CONFIRMED


def test_the_rule_counts_within_its_months_and_holds_for_its_days():
    rule, today = NoShowRule(count=2, months=6, days=60), now()
    days_ago = [today - timedelta(days=days) for days in (59, 61, 170, 190)]
    assert rule.needs_approval([days_ago[0], days_ago[2]], today)
    assert not rule.needs_approval([days_ago[0]], today)
    assert not rule.needs_approval([days_ago[0], days_ago[3]], today)
    assert not rule.needs_approval([days_ago[1], days_ago[2]], today)


def test_the_messages_blame_nobody(missed):
    explain(missed)
    decide(missed)
    for kind in ("no_show_explained", "no_show_decided"):
        message = db.session.scalars(select(Message).where(Message.kind == kind)).first()
        for locale in ("zh_CN", "en"):
            message.locale = locale
            wording = render_mail(message, district="示范区")
            assert "爽约" not in wording.text + wording.subject
            assert "研发费用" in wording.subject
        assert message.attachments == []
        assert render_inbox(message)[0]
    db.session.rollback()
