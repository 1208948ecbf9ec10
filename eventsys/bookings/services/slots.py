"""Changing and calling off a slot that enterprises have booked: they are told, their calendars follow."""

from __future__ import annotations

from sqlalchemy import update

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_slot_bookings, next_lapse
from eventsys.bookings.rules import ACTIVE, BookingState, TicketState
from eventsys.bookings.services.admission import release_lapsed_holds
from eventsys.bookings.services.cancelling import end_booking
from eventsys.bookings.services.clashes import refusing_new_clashes, visited_by
from eventsys.bookings.services.locking import lock_slot_and_enterprises
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.permissions import Permission
from eventsys.directory.recipients import contacts_of
from eventsys.slots import services as slots
from eventsys.slots.models import Slot
from eventsys.slots.queries import nearest_slots
from eventsys.slots.rules import NewSlot, SlotState

COPIED = frozenset({"starts_at", "department_id", "edition_id"})  # of the slot, into its bookings


def change_slot(public_id: str, command: NewSlot, *, version: int | None, actor: Actor) -> Slot:
    """Edit a slot; whoever booked it is told when time or place moved, and their calendars follow. Conflict
    `slot_clash` when it now clashes with another and that is forbidden."""
    slot = lock_slot_and_enterprises(public_id, actor, Permission.EDIT_SLOT, visited_by([command]))
    with refusing_new_clashes([slot.id], actor=actor):
        return change_locked_slot(slot, command, version, actor=actor)


def change_locked_slot(slot: Slot, command: NewSlot, version: int | None, *, actor: Actor) -> Slot:
    """The same for a slot that the caller has locked with who booked it, whatever it clashes with."""
    release_lapsed_holds(slot)
    changed = slots.edit_slot(slot, command, version, actor=actor)
    if changed & COPIED:
        _follow(slot)
    if "starts_at" in changed:
        _shorten_offers(slot)
    if not changed or slot.state is not SlotState.PUBLISHED:
        return slot
    places_freed(slot)  # there may be more of them now
    if "draw_at" in changed and slot.waiting:
        _tell_postponed(slot)
    if changed & slots.MOVES:
        for booking in list_slot_bookings(slot.id, ACTIVE):
            messages.tell_contact("slot_moved", booking, slot, contacts_of(booking.enterprise_id))
            valid = [item for item in booking.attendees if item.state is TicketState.VALID]
            messages.tell_attendees("slot_moved", booking, slot, valid)
    return slot


def _tell_postponed(slot: Slot) -> None:
    """A draw for which enterprises have registered can only be put off."""
    draw_at = slot.draw_at and slot.draw_at.isoformat()
    for booking in list_slot_bookings(slot.id, (BookingState.WAITLISTED,)):
        contacts = contacts_of(booking.enterprise_id)
        messages.tell_contact("draw_postponed", booking, slot, contacts, draw_at=draw_at)


def call_off_slot(public_id: str, reason: str, *, actor: Actor) -> Slot:
    """Call a published slot off: every booking is cancelled, everyone booked is told why and where else to go."""
    slot = lock_slot_and_enterprises(public_id, actor, Permission.EDIT_SLOT)
    slots.mark_called_off(slot, reason, actor=actor)
    alternatives = [messages.slot_context(other) for other in nearest_slots(slot, party=1)]
    forgiven = update(Booking).where(Booking.slot_id == slot.id).values(is_late_cancellation=False)
    db.session.execute(forgiven)  # what is called off counts against no quota
    for booking in list_slot_bookings(slot.id, ACTIVE):
        if booking.state is BookingState.HELD:
            enter(booking, slot, BookingState.EXPIRED, actor=actor, action="booking.expired")
            continue
        end_booking(booking, slot, actor, slot.call_off_reason, is_late=False)
        told = {"reason": slot.call_off_reason, "nearest": alternatives}
        messages.tell_contact("slot_called_off", booking, slot, contacts_of(booking.enterprise_id), **told)
        valid = [item for item in booking.attendees if item.state is TicketState.VALID]
        messages.tell_attendees("slot_called_off", booking, slot, valid, **told)
    return slot


def _follow(slot: Slot) -> None:
    """What the bookings have copied of their slot, so that quotas count where it is now."""
    values = {"month": slot.month, "department_id": slot.department_id, "edition_id": slot.edition_id}
    db.session.execute(update(Booking).where(Booking.slot_id == slot.id).values(**values))


def _shorten_offers(slot: Slot) -> None:
    """No offer stands longer than the queue of the slot that has moved."""
    longer = (
        Booking.slot_id == slot.id,
        Booking.state == BookingState.OFFERED,
        Booking.lapses_at > slot.queue_until,
    )
    db.session.execute(update(Booking).where(*longer).values(lapses_at=slot.queue_until))
    slot.lapses_at = next_lapse(slot.id)
