"""The enterprise answers a planned visit: it agrees, would rather have another time, or does not need it now."""

from __future__ import annotations

from eventsys.bookings import messages
from eventsys.bookings.models import Booking, PlannedVisit
from eventsys.bookings.queries import find_planned_visit
from eventsys.bookings.rules import (
    AnswerVisit,
    BookingChannel,
    BookingState,
    VisitAnswer,
    check_answer,
    clean_visit_answer,
)
from eventsys.bookings.services.admission import clash_of
from eventsys.bookings.services.booking import new_attendees
from eventsys.bookings.services.cancelling import drop_visit
from eventsys.bookings.services.locking import lock_booking
from eventsys.bookings.services.states import enter
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotFound
from eventsys.core.permissions import Permission, authorize
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Slot


def answer_visit(public_id: str, command: AnswerVisit, *, actor: Actor) -> Booking:
    """Answer for the enterprise; a clerk of the department records what it said elsewhere. The same answer twice is
    one.

    Conflict `visit_answered` when another answer stands, `visit_moved` when it is for a time that was not shown.
    """
    command = clean_visit_answer(command, now())
    booking, slot = lock_booking(public_id, actor)
    visit = find_planned_visit(booking.id)
    if visit is None:
        raise NotFound()
    on_behalf = _authorize(booking, slot, command, actor)
    if visit.answer is command.answer and command.answer is not VisitAnswer.ANOTHER_TIME:
        return booking
    check_answer(booking.state, slot.starts_at, command.seen_at, now())
    visit.answer, visit.answered_at, visit.answered_by = command.answer, now(), actor.name[:60]
    visit.wishes, visit.proposals = command.wishes, [at.isoformat() for at in command.proposals]
    if command.answer is VisitAnswer.AGREED:
        _agree(booking, slot, command, actor, on_behalf=on_behalf)
    elif command.answer is VisitAnswer.NOT_NOW:
        drop_visit(booking, slot, command.wishes, actor=actor, action="visit.not_needed")
    else:
        told = {"proposals": visit.proposals, "wishes": visit.wishes}
        reason = command.on_behalf_reason
        audit.record(actor, "visit.another_time", "booking", booking.public_id, after=told, reason=reason)
        booking.version += 1
    _tell(visit, booking, slot)
    db.session.flush()
    return booking


def _authorize(booking: Booking, slot: Slot, command: AnswerVisit, actor: Actor) -> bool:
    """Whether it is on behalf, which needs the channel and a reason."""
    if booking.enterprise_id in actor.enterprises():
        authorize(actor, Permission.BOOK, booking.scope_with(slot))
        return False
    authorize(actor, Permission.BOOK_ON_BEHALF, slot.scope)
    if command.channel in {BookingChannel.WEB, BookingChannel.API}:
        raise Invalid("bad_choice", field="channel")
    if not command.on_behalf_reason:
        raise Invalid("visit_on_behalf", field="reason")
    return True


def _agree(booking: Booking, slot: Slot, command: AnswerVisit, actor: Actor, *, on_behalf: bool) -> None:
    people = (command.receives,) if command.receives is not None else ()
    clash = clash_of(slot, booking.enterprise, people, leaving=booking.id) if people else None
    if clash is not None:
        raise clash
    booking.contact_id, booking.contact_name = None if on_behalf else actor.person, actor.name[:60]
    booking.channel, booking.on_behalf_reason = command.channel, command.on_behalf_reason
    booking.attendees.extend(new_attendees(slot, people))
    enter(
        booking,
        slot,
        BookingState.CONFIRMED,
        actor=actor,
        action="visit.agreed",
        reason=command.on_behalf_reason,
        channel=command.channel,
    )
    db.session.flush()
    messages.tell_contact("booking_confirmed", booking, slot, contacts_of(booking.enterprise_id))


def _tell(visit: PlannedVisit, booking: Booking, slot: Slot) -> None:
    """The department's clerks, of what was answered."""
    messages.tell_department(
        "visit_answered",
        booking,
        slot,
        answer=visit.answer.value,
        wishes=visit.wishes,
        proposed_at=visit.proposals,
        slot_edit_url=messages.edit_url(slot),
    )
