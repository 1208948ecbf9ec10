"""A visit an enterprise asks for becomes a slot with that enterprise, or an answer why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.models import Booking, QuotaException, VisitRequest
from eventsys.bookings.queries import (
    find_booking_of,
    get_request,
    list_answered_requests,
    list_open_requests,
    list_own_requests,
    lock_slot_for,
)
from eventsys.bookings.rules import BookingState, NewVisitRequest, RequestState
from eventsys.bookings.services import (
    arrange_visit,
    ask_for_visit,
    call_off_slot,
    decline_request,
    delete_draft,
    publish_slot,
    withdraw_request,
)
from eventsys.bookings.tasks import remind_departments
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory.models import Department, District, Enterprise
from eventsys.directory.rules import Topic
from eventsys.notifications.models import Message
from eventsys.notifications.rendering import render_inbox, render_mail
from eventsys.slots.models import Slot
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat, SlotState
from tests import cast
from tests.factories import make_booking, make_slot, new_slot, soon

CONTACT, CLERK = cast.CONTACT.actor, cast.CLERK.actor


def ask(actor=CONTACT, **changes):
    command = NewVisitRequest(
        **{"enterprise": cast.ACME, "department": cast.TAX, "asks": "出口退税怎么办", "wanted": "下月第二周", **changes}
    )
    with unit_of_work():
        return ask_for_visit(command, actor=actor).public_id


def visit(**changes):
    values = {"format": SlotFormat.VISIT, "capacity": 1, "title": "上门服务", "place": None, "party_max": 6}
    return new_slot(**{**values, "audience": Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)), **changes})


def arrange(request, actor=CLERK, *, publish=True, **changes):
    with unit_of_work():
        return arrange_visit(request, visit(**changes), actor=actor, publish=publish)


def row(request):
    db.session.rollback()
    return db.session.scalars(select(VisitRequest).where(VisitRequest.public_id == request)).one()


def bookings(slot):
    db.session.rollback()
    return list(db.session.scalars(select(Booking).where(Booking.slot_id == slot.id)))


def kinds(person):
    db.session.rollback()
    return list(db.session.scalars(select(Message.kind).where(Message.person_id == person.id).order_by(Message.id)))


def test_a_visit_asked_for_takes_place(app):
    request = ask(topic=Topic.POLICY)
    assert "visit_requested" in kinds(cast.CLERK)
    assert [item.public_id for item in list_open_requests(CLERK)] == [request]
    slot = arrange(request)
    asked = row(request)
    assert (asked.state, asked.slot_id) == (RequestState.ARRANGED, slot.id)
    (booking,) = bookings(slot)
    assert (booking.state, booking.enterprise_id, booking.party) == (BookingState.CONFIRMED, cast.ACME, 1)
    assert (booking.contact_id, booking.contact_name, booking.asks) == (cast.CONTACT.id, "联系人丁", "出口退税怎么办")
    assert find_booking_of(row(request)).id == booking.id
    assert db.session.scalar(select(Slot.places_taken).where(Slot.id == slot.id)) == 1
    assert "visit_arranged" in kinds(cast.CONTACT)
    assert list_open_requests(CLERK) == []
    assert [item.public_id for item in list_answered_requests(CLERK)] == [request]
    created = db.session.scalars(select(AuditEntry).where(AuditEntry.object_id == booking.public_id)).one()
    assert (created.action, created.actor_id, created.after["request"]) == ("booking.created", cast.CLERK.id, request)


def test_silence_is_reminded_then_escalated(app):
    asked = row(ask())
    remind_departments()
    assert kinds(cast.CLERK).count("visit_requested") == 1  # when it was asked
    with time_machine.travel(asked.answer_by - timedelta(hours=1), tick=False):
        remind_departments()
        remind_departments()
        assert kinds(cast.CLERK).count("visit_requested") == 2
    with time_machine.travel(asked.answer_by + timedelta(hours=1), tick=False):
        remind_departments()
        remind_departments()
        assert kinds(cast.COORDINATOR) == ["visit_escalated"]
        assert kinds(cast.CONTACT) == ["visit_overdue"]
    assert row(asked.public_id).state is RequestState.OPEN


def test_a_request_answered_in_time_is_not_chased(app):
    asked = row(ask())
    arrange(asked.public_id)
    with time_machine.travel(asked.answer_by + timedelta(hours=1), tick=False):
        remind_departments()
    assert kinds(cast.COORDINATOR) == []


def test_a_request_whose_draft_is_deleted_has_its_time_anew(app):
    asked = row(ask())
    slot = arrange(asked.public_id, publish=False)
    with time_machine.travel(asked.answer_by + timedelta(hours=1), tick=False):
        with unit_of_work():
            delete_draft(slot.public_id, actor=CLERK)
        db.session.expire_all()
        assert row(asked.public_id).answer_by > now()
        remind_departments()
    assert kinds(cast.COORDINATOR) == []


def test_a_draft_books_when_it_is_published(app):
    request = ask()
    slot = arrange(request, publish=False)
    assert row(request).state is RequestState.ARRANGED
    assert bookings(slot) == []
    with unit_of_work():
        publish_slot(slot.public_id, actor=CLERK)
    assert [item.state for item in bookings(slot)] == [BookingState.CONFIRMED]


def test_any_other_draft_is_published_as_ever(app):
    slot = make_slot(publish=False)
    with unit_of_work():
        assert publish_slot(slot.public_id, actor=CLERK).state is SlotState.PUBLISHED
    assert bookings(slot) == []
    with pytest.raises(Conflict, match="not_a_draft"), unit_of_work():
        publish_slot(slot.public_id, actor=CLERK)


def test_a_planned_visit_counts_against_no_quota(app):
    make_booking(make_slot(quota_month=1))
    request = ask()
    slot = arrange(request, quota_month=1, quota_open=1, starts_at=soon(9))
    assert len(bookings(slot)) == 1
    other = make_slot(quota_month=2, quota_open=2, starts_at=soon(10), title="再约一场")
    with unit_of_work():
        quotas = {quota.kind.value: quota.used for quota in lock_slot_for(cast.ACME, other.public_id).quotas}
    assert (quotas["month"], quotas["open"]) == (1, 1)
    exception = db.session.scalars(select(QuotaException)).one()
    assert (exception.granted_by, request in exception.reason) == ("经办丙", True)


def test_neither_approval_nor_no_shows_stand_against_it(app):
    with unit_of_work():
        db.session.get_one(District, 1).settings = {"no_show_rule": True, "no_show_count": 1}
    slot = arrange(ask(), needs_approval=True)
    assert bookings(slot)[0].state is BookingState.CONFIRMED


def test_declined_with_a_sentence(app):
    request = ask()
    with unit_of_work():
        decline_request(request, "本月人手不足，请预约下月专场", actor=cast.COORDINATOR.actor)
    asked = row(request)
    assert (asked.state, asked.decision) == (RequestState.DECLINED, "本月人手不足，请预约下月专场")
    assert "visit_declined" in kinds(cast.CONTACT)
    for action in (
        lambda: withdraw_request(request, actor=CONTACT),
        lambda: decline_request(request, "x", actor=CLERK),
        lambda: arrange_visit(request, visit(), actor=CLERK),
    ):
        with pytest.raises(Conflict, match="request_decided"), unit_of_work():
            action()
    assert ask() != request  # another one may be asked for


def test_withdrawn(app):
    request = ask()
    with unit_of_work():
        withdraw_request(request, actor=cast.COLLEAGUE.actor)
    assert row(request).state is RequestState.WITHDRAWN
    assert [item.state for item in list_own_requests(cast.ACME)] == [RequestState.WITHDRAWN]


def test_one_at_a_time_of_each_department(app):
    ask()
    with pytest.raises(Conflict) as refused:
        ask(actor=cast.COLLEAGUE.actor)
    assert (refused.value.code, refused.value.fields["department"]) == ("request_waits", "税务局")
    ask(department=cast.SCIENCE)
    ask(actor=cast.STRANGER.actor, enterprise=cast.OTHER)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"department": None}, "department"),
        ({"department": 999}, "department"),
        ({"asks": " "}, "asks"),
        ({"asks": "x" * 501}, "asks"),
        ({"wanted": "x" * 201}, "wanted"),
        ({"wanted": "两\n行"}, "wanted"),
        ({"asks": "a\0b"}, "asks"),
    ],
)
def test_what_cannot_be_asked(app, change, field):
    with pytest.raises(Invalid) as refused:
        ask(**change)
    assert refused.value.field == field
    assert db.session.scalar(select(func.count()).select_from(VisitRequest)) == 0


def test_not_of_a_disabled_department_and_not_for_a_disabled_enterprise(app):
    with unit_of_work():
        db.session.get_one(Department, cast.SCIENCE).active = False
        db.session.get_one(Enterprise, cast.OTHER).active = False
    with pytest.raises(Invalid, match="unknown_department"):
        ask(department=cast.SCIENCE)
    with pytest.raises(NotAllowed, match="enterprise_disabled"):
        ask(actor=cast.STRANGER.actor, enterprise=cast.OTHER)


def test_the_slot_must_be_open_to_who_asked(app):
    request = ask()
    others = Audience(AudienceKind.NAMED, enterprises=(cast.OTHER,))
    with pytest.raises(Invalid) as refused:
        arrange(request, audience=others)
    assert (refused.value.code, refused.value.field) == ("request_not_invited", "audience")
    assert row(request).state is RequestState.OPEN
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 0


def test_another_visit_at_the_time_stands_against_publishing(app):
    arrange(ask(department=cast.SCIENCE), cast.STRANGER_CLERK.actor, department=cast.SCIENCE)
    request = ask()
    with pytest.raises(Conflict, match="clash"):
        arrange(request)
    slot = arrange(request, publish=False)
    with pytest.raises(Conflict, match="clash"), unit_of_work():
        publish_slot(slot.public_id, actor=CLERK)
    db.session.rollback()
    assert db.session.scalar(select(Slot.state).where(Slot.id == slot.id)) is SlotState.DRAFT


def test_deleting_the_draft_opens_the_request_again(app):
    request = ask()
    slot = arrange(request, publish=False)
    with pytest.raises(NotFound), unit_of_work():
        delete_draft(slot.public_id, actor=cast.STRANGER_CLERK.actor)
    assert row(request).state is RequestState.ARRANGED
    with unit_of_work():
        delete_draft(slot.public_id, actor=CLERK)
    asked = row(request)
    assert (asked.state, asked.slot_id, asked.decided_at) == (RequestState.OPEN, None, None)
    assert db.session.scalar(select(func.count()).select_from(QuotaException)) == 0
    published = arrange(request)
    with pytest.raises(Conflict, match="has_bookings"), unit_of_work():
        delete_draft(published.public_id, actor=CLERK)
    assert row(request).state is RequestState.ARRANGED


def test_called_off_as_any_slot(app):
    slot = arrange(ask())
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=CLERK)
    assert [item.state for item in bookings(slot)] == [BookingState.CANCELLED]


def test_who_may_not(app):
    request = ask()
    with pytest.raises(NotFound):
        ask(actor=cast.STRANGER.actor)
    with pytest.raises(NotFound):
        ask(actor=CLERK)
    for stranger in (cast.STRANGER, cast.STRANGER_CLERK, cast.VOLUNTEER, cast.STEWARD):
        with pytest.raises(NotFound):
            get_request(request, visible_to=stranger.actor)
        for action in (
            lambda actor: withdraw_request(request, actor=actor),
            lambda actor: decline_request(request, "x", actor=actor),
            lambda actor: arrange_visit(request, visit(), actor=actor),
        ):
            with pytest.raises(NotFound), unit_of_work():
                action(stranger.actor)
    for action, member in (
        (lambda actor: withdraw_request(request, actor=actor), cast.CLERK),
        (lambda actor: decline_request(request, "x", actor=actor), cast.CONTACT),
        (lambda actor: arrange_visit(request, visit(), actor=actor), cast.CONTACT),
        (lambda actor: decline_request(request, "x", actor=actor), cast.AUDITOR),
    ):
        with pytest.raises(NotAllowed), unit_of_work():
            action(member.actor)
    assert list_open_requests(cast.STRANGER_CLERK.actor) == []
    assert [item.public_id for item in list_open_requests(cast.COORDINATOR.actor)] == [request]
    assert row(request).state is RequestState.OPEN


def test_every_message_can_be_rendered(app):
    arrange(ask())
    other = ask(department=cast.SCIENCE)
    with unit_of_work():
        decline_request(other, "忙", actor=cast.COORDINATOR.actor)
    with time_machine.travel(row(ask(department=cast.SCIENCE)).answer_by + timedelta(hours=1), tick=False):
        remind_departments()
    for kind in ("visit_requested", "visit_arranged", "visit_declined", "visit_escalated", "visit_overdue"):
        message = db.session.scalars(select(Message).where(Message.kind == kind)).first()
        for locale in ("zh_CN", "en"):
            message.locale = locale
            wording = render_mail(message, district="示范区")
            assert "甲网络公司" in wording.text
            assert wording.subject
        assert render_inbox(message)[0]
    db.session.rollback()


def test_the_slot_may_be_published_by_the_api(app, api):
    slot = arrange(ask(), publish=False)
    with time_machine.travel(slot.starts_at - timedelta(days=1), tick=False):
        answer = api(cast.CLERK).post(f"/slots/{slot.public_id}/publish")
    assert (answer.status_code, answer.json["places_left"]) == (200, 0)
