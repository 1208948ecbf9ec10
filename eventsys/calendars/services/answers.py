"""Record what attendees' calendars answered to their invitations."""

from __future__ import annotations

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from eventsys.bookings import messages
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingState, InviteAnswer, TicketState
from eventsys.calendars.answers import Reply
from eventsys.core import audit
from eventsys.core.actor import system_actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.directory.queries import uid_host
from eventsys.directory.recipients import contacts_of

CALENDAR = system_actor("calendar")


def record_answer(reply: Reply) -> bool:
    """Keep what an attendee answered, and tell the enterprise of one who declines; the ticket stays good. False when
    the invitation is not ours, not valid any more, or not that of who answers."""
    name, _at, host = reply.uid.partition("@")
    if not name or host != uid_host() or reply.sender != reply.address:
        return False
    invited = or_(Attendee.invite_id == name, and_(Attendee.public_id == name, Attendee.invite_id == ""))
    query = select(Attendee).join(Booking, Booking.id == Attendee.booking_id)
    query = query.where(invited, Attendee.state == TicketState.VALID, Booking.state == BookingState.CONFIRMED)
    query = query.options(joinedload(Attendee.booking).joinedload(Booking.slot)).with_for_update(of=Attendee)
    attendee = db.session.scalars(query).first()
    if attendee is None or attendee.email.lower() != reply.address:
        return False
    before, attendee.answer, attendee.answered_at = attendee.answer, reply.answer, now()
    if before is reply.answer:
        return True
    was, now_is = {"answer": before}, {"answer": reply.answer}
    audit.record(CALENDAR, "attendee.answered", "attendee", attendee.public_id, before=was, after=now_is)
    if reply.answer is InviteAnswer.DECLINED:
        booking = attendee.booking
        contacts = contacts_of(booking.enterprise_id)
        messages.tell_contact("invitation_declined", booking, booking.slot, contacts, name=attendee.name)
    return True
