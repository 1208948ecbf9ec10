"""After a slot: the department confirms who came, those who came are thanked and say what they think."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import lock_slot
from eventsys.checkin import messages
from eventsys.checkin.models import Attendance, Rating
from eventsys.checkin.queries.after import (
    admitted_of,
    find_attendance,
    find_giver,
    find_rating,
    list_who_came,
)
from eventsys.checkin.queries.arrivals import count_at_door, get_slot_at_door
from eventsys.checkin.rules import COMMENT_MAX, RATE_FOR, STARS, NewRating
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_text
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState


def confirm_attendance(slot: str, *, actor: Actor) -> Attendance:
    """The department confirms who came to a session (public id) that is over; the numbers are kept. Twice is once.

    Raises NotFound, Conflict (`slot_not_over`, `attendance_of_visit`, `slot_called_off`).
    """
    found = lock_slot(get_slot_at_door(slot, actor, Permission.EDIT_SLOT).id)
    if found.state is not SlotState.PUBLISHED:
        raise Conflict("slot_called_off" if found.state is SlotState.CALLED_OFF else "slot_not_published")
    if found.format is SlotFormat.VISIT:
        raise Conflict("attendance_of_visit")
    if found.ends_at > now():
        raise Conflict("slot_not_over", ends_at=found.ends_at)
    attendance = _attendance(found)
    if attendance.confirmed_at is None:
        attendance.confirmed_at, attendance.confirmed_by = now(), actor.name[:60] or "–"
        counted = count_at_door(found.id)
        attendance.enterprises, attendance.people = counted.arrived, counted.people
        after = {"enterprises": attendance.enterprises, "people": attendance.people}
        audit.record(actor, "attendance.confirmed", "slot", slot, after=after)
    return attendance


def thank(slot_id: int) -> int:
    """Thank those who came to a slot (primary key), once, with the link to say what they think: attendees with a mail
    address themselves, else the contacts of the enterprise. How many bookings that were."""
    slot = lock_slot(slot_id)
    attendance = _attendance(slot)
    if attendance.thanked_at is not None:
        return 0
    attendance.thanked_at = now()
    admitted, came = admitted_of(slot_id), list_who_came(slot_id)
    for booking in came:
        reached = [item for item in booking.valid_attendees if item.id in admitted and item.email]
        messages.thank_attendees(booking, slot, reached)
        messages.thank_contacts(booking, slot, {item.email for item in reached})
    return len(came)


def rate(token: str, rating: NewRating, *, actor: Actor) -> Rating:
    """Say what one thinks of a slot one came to, or say it anew, until some weeks after its end.

    Raises NotFound for a link of nobody who came, Conflict (`slot_not_over`, `rating_over`), Invalid.
    """
    giver = find_giver(token)
    if giver is None:
        raise NotFound()
    booking = giver.booking
    check_rating_time(booking.slot)
    if rating.stars not in STARS:
        raise Invalid("required", field="stars")
    comment = clean_text(rating.comment, "comment", COMMENT_MAX)
    row = find_rating(giver.public_id) or _new_rating(giver.public_id, booking)
    row.stars, row.answered, row.comment, row.changed_at = rating.stars, rating.answered, comment, now()
    try:
        with db.session.begin_nested():
            db.session.add(row)
            db.session.flush()
    except IntegrityError:  # pressed twice at once: the other one was first
        raise Conflict("rating_taken") from None
    return row


def check_rating_time(slot: Slot) -> None:
    """Raise Conflict unless what people think of the slot can be said now."""
    if now() < slot.ends_at:
        raise Conflict("slot_not_over", ends_at=slot.ends_at)
    if now() >= slot.ends_at + RATE_FOR:
        raise Conflict("rating_over")


def _attendance(slot: Slot) -> Attendance:
    """The slot's row, made if it is not there; the slot is locked."""
    row = find_attendance(slot.id)
    if row is None:
        row = Attendance(slot_id=slot.id)
        db.session.add(row)
        db.session.flush()
    return row


def _new_rating(giver: str, booking: Booking) -> Rating:
    return Rating(giver=giver, slot_id=booking.slot_id, booking_id=booking.id)
