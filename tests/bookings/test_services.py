"""Booking, naming, cancelling, moving and calling off, on both databases."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import find_ticket, get_booking
from eventsys.bookings.rules import BookingChannel, BookingState, NewAttendee, NewBooking, TicketState
from eventsys.bookings.services import (
    book_slot,
    call_off_slot,
    cancel_booking,
    change_slot,
    decline_ticket,
    name_attendees,
    name_yourself,
    replace_attendee,
    revoke_share_link,
    share_token,
)
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory.models import Enterprise
from eventsys.directory.rules import Topic
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.queries import nearest_slots
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, SlotFormat
from tests import cast
from tests.factories import make_booking, make_slot, new_slot, people, soon
from tests.support import counted_statements


def book(slot, member=cast.CONTACT, enterprise=None, **more):
    command = NewBooking(
        slot.public_id, enterprise or member.enterprise or cast.ACME, **{"attendees": people("王一"), **more}
    )
    with unit_of_work():
        return book_slot(command, actor=member.actor).booking


def reread(slot):
    db.session.expire_all()
    return db.session.get(Slot, slot.id)


def messages(kind):
    return db.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id)).all()


def test_books_two_people_and_tells_them(app):
    slot = make_slot()
    booking = book(slot, attendees=(NewAttendee("王一", email="w@example.com"), NewAttendee("李二", "138 0013 8000")))
    assert booking.state is BookingState.CONFIRMED
    assert [a.name for a in booking.attendees] == ["王一", "李二"]
    assert booking.attendees[1].phone == "+8613800138000"
    fresh = reread(slot)
    assert (fresh.places_taken, fresh.people_taken) == (1, 2)
    assert [m.address for m in messages("booking_confirmed")] == ["contact@example.com"]
    (ticket,) = messages("ticket")
    assert ticket.address == "w@example.com"
    assert ticket.attachments[0]["qr"].startswith("http://127.0.0.1:8000/t/")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.object_id == booking.public_id)).one()
    assert (entry.action, entry.actor_id, entry.after["party"]) == ("booking.created", cast.CONTACT.id, 2)


def test_costs_few_statements(app):
    slot = make_slot()
    book(make_slot(title="暖机"))  # reads the signing key once a process
    with counted_statements() as seen:
        book(slot, attendees=people("王一", "李二"))
    assert len(seen) <= 8, seen


def test_capacity_counts_enterprises(app):
    slot = make_slot(capacity=1)
    book(slot)
    other = make_slot(title="另一场")
    with pytest.raises(Conflict) as refused:
        book(slot, cast.STRANGER)
    assert refused.value.code == "slot_full"
    assert [item.public_id for item in refused.value.fields["nearest"]] == [other.public_id]
    assert reread(slot).places_taken == 1


def test_capacity_counts_people(app):
    slot = make_slot(capacity=5, attendee_capacity=3)
    book(slot, party=2)
    with pytest.raises(Conflict) as refused:
        book(slot, cast.STRANGER, party=2)
    assert refused.value.code == "slot_full"
    book(slot, cast.STRANGER, party=1)
    assert reread(slot).people_taken == 3


@pytest.mark.parametrize("party", [0, -1, 501, 10**9])
def test_nonsense_parties(app, party):
    with pytest.raises(Invalid) as refused:
        book(make_slot(), party=party)
    assert refused.value.field == "party"


def test_party_beyond_the_slots_limit(app):
    with pytest.raises(Conflict) as refused:
        book(make_slot(party_max=2), party=4)
    assert (refused.value.code, refused.value.fields["remove"]) == ("party_too_large", 2)


def test_one_active_booking_an_enterprise(app):
    slot = make_slot()
    book(slot)
    with pytest.raises(Conflict) as refused:
        book(slot, cast.COLLEAGUE)
    assert (refused.value.code, refused.value.fields["name"]) == ("already_booked", cast.CONTACT.name)


def test_windows(app):
    opens = now() + timedelta(days=1)
    slot = make_slot(opens_at=opens, closes_at=soon() - timedelta(days=1))
    with pytest.raises(Conflict, match="window_not_open"):
        book(slot)
    with time_machine.travel(opens, tick=False):
        book(slot)
    with time_machine.travel(soon() - timedelta(days=1), tick=False):
        with pytest.raises(Conflict, match="window_closed"):
            book(slot, cast.STRANGER)
        by_clerk = book(slot, cast.CLERK, cast.OTHER, channel=BookingChannel.PHONE, on_behalf_reason="电话预约")
    assert (by_clerk.contact_id, by_clerk.channel) == (None, BookingChannel.PHONE)
    with time_machine.travel(soon(), tick=False), pytest.raises(Conflict, match="window_closed"):
        book(slot, cast.CLERK, cast.THIRD)


def test_drafts_and_hidden_slots_do_not_exist_for_strangers(app):
    draft = make_slot(publish=False)
    named = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)))
    care = make_slot(
        topic=Topic.CARE, format=SlotFormat.VISIT, audience=Audience(AudienceKind.FILTERED, parks=(cast.SOFTWARE_PARK,))
    )
    for slot in (draft, named, care):
        with pytest.raises(NotFound):
            book(slot, cast.STRANGER)
    book(named)
    book(care)


def test_filtered_audience_is_told(app):
    slot = make_slot(audience=Audience(AudienceKind.FILTERED, sub_districts=("莲前街道",)))
    with pytest.raises(Conflict, match="not_invited"):
        book(slot, cast.STRANGER)
    book(slot)


def test_nobody_books_for_somebody_else(app):
    slot = make_slot()
    for member in (cast.STRANGER, cast.STRANGER_CLERK, cast.STEWARD, cast.AUDITOR, cast.ADMINISTRATOR, cast.VOLUNTEER):
        with pytest.raises((NotAllowed, NotFound)):
            book(slot, member, cast.ACME)
    assert book(slot, cast.COORDINATOR, cast.ACME).enterprise_id == cast.ACME


def test_a_disabled_enterprise_cannot_be_booked_for(app):
    with unit_of_work():
        db.session.get(Enterprise, cast.OTHER).active = False
    with pytest.raises(NotAllowed, match="enterprise_disabled"):
        book(make_slot(), cast.CLERK, cast.OTHER)


def test_questions_are_answered(app):
    slot = make_slot(questions=(NewQuestion("主营业务？", is_required=True),))
    key = slot.questions[0]["id"]
    with pytest.raises(Invalid) as refused:
        book(slot)
    assert (refused.value.code, refused.value.field) == ("required", f"answers.{key}")
    with pytest.raises(Invalid, match="unknown_question"):
        book(slot, answers=((key, "游戏"), ("nonsense", "x")))
    booking = book(slot, answers=((key, "游戏"),), asks="能否现场办理？")
    assert (booking.answers, booking.asks) == ({key: "游戏"}, "能否现场办理？")


def test_cancel_frees_both_measures(app):
    slot = make_slot(capacity=1)
    booking = book(slot, attendees=people("王一", "李二"))
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.COLLEAGUE.actor, reason="行程有变")
    fresh = reread(slot)
    assert (fresh.places_taken, fresh.people_taken) == (0, 0)
    with unit_of_work(), pytest.raises(Conflict, match="booking_not_active"):
        cancel_booking(booking.public_id, actor=cast.CONTACT.actor)
    assert book(slot, cast.CONTACT).state is BookingState.CONFIRMED  # and the enterprise may book again


def test_late_cancellation_until_the_start(app):
    slot = make_slot()
    first, second = book(slot), book(slot, cast.STRANGER)
    with time_machine.travel(slot.starts_at - timedelta(hours=1), tick=False), unit_of_work():
        assert cancel_booking(first.public_id, actor=cast.CONTACT.actor).is_late_cancellation
    with (
        time_machine.travel(slot.starts_at, tick=False),
        pytest.raises(Conflict, match="slot_began"),
        unit_of_work(),
    ):
        cancel_booking(second.public_id, actor=cast.STRANGER.actor)


def test_a_strangers_booking_does_not_exist(app):
    booking = make_booking(make_slot())
    for member in (cast.STRANGER, cast.STRANGER_CLERK, cast.VOLUNTEER):
        with pytest.raises(NotFound), unit_of_work():
            cancel_booking(booking.public_id, actor=member.actor)
        with pytest.raises(NotFound):
            get_booking(booking.public_id, visible_to=member.actor)
    with pytest.raises(NotAllowed), unit_of_work():
        cancel_booking(booking.public_id, actor=cast.STEWARD.actor)


def test_names_follow_and_old_tickets_die(app):
    booking = book(make_slot(), party=3)
    (kept,) = booking.attendees
    with unit_of_work():
        name_attendees(
            booking.public_id,
            ((kept.public_id, NewAttendee("王一", "13800138009")), (None, NewAttendee("赵六"))),
            actor=cast.COLLEAGUE.actor,
        )
    valid = [
        a
        for a in get_booking(booking.public_id, visible_to=cast.CONTACT.actor).attendees
        if a.state is TicketState.VALID
    ]
    assert [(a.name, a.phone) for a in valid] == [("王一", "+8613800138009"), ("赵六", "")]
    assert valid[0].public_id == kept.public_id
    with unit_of_work():
        name_attendees(booking.public_id, ((kept.public_id, NewAttendee("钱七")),), actor=cast.CONTACT.actor)
    assert find_ticket(kept.public_id).state is TicketState.REPLACED
    with pytest.raises(Invalid, match="more_names_than_party"), unit_of_work():
        name_attendees(
            booking.public_id, tuple((None, p) for p in people("a", "b", "c", "d")), actor=cast.CONTACT.actor
        )
    with pytest.raises(Conflict, match="stale_edit"), unit_of_work():
        name_attendees(booking.public_id, (), actor=cast.CONTACT.actor, version=1)


def test_colleagues_enter_themselves_by_the_link(app):
    booking = book(make_slot(), party=2)
    token = share_token(booking)
    with unit_of_work():
        first = name_yourself(token, NewAttendee("周八", "13800138012"))
    with unit_of_work():
        assert name_yourself(token, NewAttendee("周八", "13800138012")).public_id == first.public_id  # pressed twice
    with pytest.raises(Conflict, match="party_full"), unit_of_work():
        name_yourself(token, NewAttendee("吴九"))
    with unit_of_work():
        revoke_share_link(booking.public_id, actor=cast.CONTACT.actor)
    for dead in (token, "", booking.public_id, token[:-1] + "x", "𠮷"):
        with pytest.raises(NotFound), unit_of_work():
            name_yourself(dead, NewAttendee("吴九"))


def test_someone_else_comes_or_nobody(app):
    booking = book(make_slot(), attendees=people("王一", "李二"))
    first, second = (a.public_id for a in booking.attendees)
    with unit_of_work():
        replacement = replace_attendee(first, NewAttendee("孙三"))
    assert find_ticket(first).state is TicketState.REPLACED
    assert replacement.state is TicketState.VALID
    with unit_of_work():
        decline_ticket(second)
    assert find_ticket(second).state is TicketState.DECLINED
    with pytest.raises(Conflict, match="ticket_not_valid"), unit_of_work():
        replace_attendee(first, NewAttendee("孙三"))
    assert len(messages("attendee_declined")) == 2  # both contacts of the enterprise


def test_calling_off_cancels_all_and_tells_why(app):
    slot, other = make_slot(), make_slot(title="另一场")
    booking = book(slot, attendees=people("王一", email="w@example.com"))
    book(slot, cast.STRANGER)
    revision = db.session.get(Enterprise, cast.ACME).feed_revision
    with unit_of_work():
        call_off_slot(slot.public_id, "台风停办", actor=cast.CLERK.actor)
    fresh = reread(slot)
    assert (fresh.state, fresh.places_taken, fresh.people_taken) == ("called_off", 0, 0)
    ended = get_booking(booking.public_id, visible_to=cast.CONTACT.actor)
    assert (ended.state, ended.is_late_cancellation) == (BookingState.CANCELLED, False)
    told = messages("slot_called_off")
    assert {m.person_id for m in told} == {cast.CONTACT.id, cast.COLLEAGUE.id, cast.STRANGER.id, None}
    assert told[0].context["reason"] == "台风停办"
    assert told[0].context["nearest"][0]["title"] == other.title
    assert db.session.get(Enterprise, cast.ACME).feed_revision > revision
    with pytest.raises(Conflict, match="slot_called_off"):
        book(slot)
    with pytest.raises(Conflict, match="not_published"), unit_of_work():
        call_off_slot(slot.public_id, "再次", actor=cast.CLERK.actor)
    with pytest.raises(NotFound), unit_of_work():
        call_off_slot(other.public_id, "不是我的", actor=cast.STRANGER_CLERK.actor)


def test_moving_a_slot_tells_who_booked(app):
    slot = make_slot()
    book(slot)
    with unit_of_work():
        change_slot(slot.public_id, new_slot(starts_at=soon(8)), version=slot.version, actor=cast.CLERK.actor)
    assert {m.person_id for m in messages("slot_moved")} == {cast.CONTACT.id, cast.COLLEAGUE.id}
    with pytest.raises(Conflict, match="stale_edit"), unit_of_work():
        change_slot(slot.public_id, new_slot(), version=1, actor=cast.CLERK.actor)
    book(slot, cast.STRANGER)
    with pytest.raises(Invalid, match="capacity_below_booked"), unit_of_work():
        change_slot(slot.public_id, new_slot(capacity=1), version=None, actor=cast.CLERK.actor)


def test_a_failed_booking_leaves_nothing(app):
    slot = make_slot()
    with pytest.raises(Invalid):
        book(slot, attendees=(NewAttendee("王一"), NewAttendee("坏\x00名"), NewAttendee("", phone="x")))
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 0
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    assert reread(slot).places_taken == 0


def test_what_lies_nearest_is_told_first(app):
    slot = make_slot(capacity=1, starts_at=soon(20))
    for title, day, changes in (
        ("远", 40, {}),
        ("前", 18, {}),
        ("异", 21, {"topic": Topic.CARE, "format": SlotFormat.SESSION}),
        ("外", 20, {"actor": cast.STRANGER_CLERK.actor, "department": cast.SCIENCE, "services": ()}),
        ("太远", 130, {}),
    ):
        make_slot(title=title, starts_at=soon(day, 16), **changes)
    assert [item.title for item in nearest_slots(slot, 1, limit=9)] == ["前", "远", "异", "外"]
    assert [item.title for item in nearest_slots(slot, 1, limit=1)] == ["前"]
