"""Changing and calling off a slot that enterprises have booked: they are told, their calendars follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update

from eventsys.bookings import messages
from eventsys.bookings.models import Booking, PlannedVisit
from eventsys.bookings.queries import find_planned_visit, list_slot_bookings, next_lapse
from eventsys.bookings.rules import ACTIVE, BookingState, check_reserved
from eventsys.bookings.rules.moves import is_large_move
from eventsys.bookings.services.admission import release_lapsed_holds
from eventsys.bookings.services.cancelling import end_booking
from eventsys.bookings.services.clashes import refusing_new_clashes, visited_by
from eventsys.bookings.services.displacing import displace, tell_displaced
from eventsys.bookings.services.locking import lock_slot_and_enterprises
from eventsys.bookings.services.planned_visits import ask_again
from eventsys.bookings.services.received import check_move
from eventsys.bookings.services.reconfirming import answer_by, await_answer, reconfirm_minutes
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_line
from eventsys.directory.models import Department
from eventsys.directory.recipients import contacts_of
from eventsys.slots import services as slots
from eventsys.slots.messages import tell_department_of_slots, tell_supporting
from eventsys.slots.models import Slot
from eventsys.slots.queries import nearest_slots
from eventsys.slots.rules import REASON_MAX, NewSlot, SlotFormat, SlotState

COPIED = frozenset({"starts_at", "department_id", "edition_id"})  # of the slot, into its bookings


@dataclass(frozen=True, slots=True)
class Told:
    """What goes with a change: the `reason` that those who booked read; bookings (public ids) that go back to the head
    of the queue, so that the slot may become smaller; why a visit goes `beyond` what an enterprise receives."""

    reason: str = ""
    waits: Collection[str] = ()
    beyond: str = ""


def change_slot(
    public_id: str, command: NewSlot, *, version: int | None, actor: Actor, told: Told | None = None
) -> Slot:
    """Edit a slot; whoever booked or supports it is told once when time, place or lead changed, with the reason, and
    their calendars follow. After a large move they are asked to confirm again; who has not agreed to a planned visit
    yet is asked anew. The capacity is never below what is booked.

    Conflict `slot_clash` when it now clashes with another and that is forbidden.
    """
    slot = lock_slot_and_enterprises(public_id, actor, Permission.EDIT_SLOT, visited_by([command]))
    with refusing_new_clashes([slot.id], actor=actor):
        return change_locked_slot(slot, command, version, actor=actor, told=told)


def change_locked_slot(
    slot: Slot, command: NewSlot, version: int | None, *, actor: Actor, told: Told | None = None
) -> Slot:
    """The same for a slot that the caller has locked with who booked it, whatever it clashes with."""
    told = told or Told()
    reason = clean_line(told.reason, "reason", REASON_MAX)
    was_at, former = slot.starts_at, slot.department
    release_lapsed_holds(slot)
    displaced = displace(slot, told.waits, reason, actor=actor) if told.waits else []
    planned = _check_visit(slot, command, actor, told.beyond)
    changed = slots.edit_slot(slot, command, version, actor=actor)
    if changed & COPIED:
        follow_slot(slot)
    if "starts_at" in changed:
        _shorten_offers(slot)
    if "department_id" in changed:
        db.session.refresh(slot, ["department"])
        tell_department_of_slots("slot_assigned", slot.department_id, [slot], former=former.name, reason=reason)
    if not (changed or displaced) or slot.state is not SlotState.PUBLISHED:
        return slot
    places_freed(slot)  # there may be more of them now
    if "draw_at" in changed and slot.waiting:
        _tell_postponed(slot)
    tell_displaced(slot, displaced, reason)
    knowing = {booking.id for booking, _before in displaced}
    if changed & slots.MOVES:
        _tell_moved(slot, was_at, reason, knowing, planned, actor)
    elif "department_id" in changed:
        tell_handed_over(slot, former, reason, knowing)
    return slot


def _check_visit(slot: Slot, command: NewSlot, actor: Actor, beyond: str) -> dict[int, PlannedVisit]:
    """The planned visits of a slot by booking (primary key): they stay with their enterprise, within its caps."""
    received = list_slot_bookings(slot.id) if slot.format is SlotFormat.VISIT else ()
    planned = {booking.id: visit for booking in received if (visit := find_planned_visit(booking.id))}
    for booking in received:
        if booking.id in planned:
            check_reserved(command, booking.enterprise_id)
    check_move(slot, command.starts_at, [item.enterprise for item in received], actor=actor, beyond=beyond)
    return planned


def _tell_moved(
    slot: Slot,
    was_at: datetime,
    reason: str,
    told: Collection[int],
    planned: Mapping[int, PlannedVisit],
    actor: Actor,
) -> None:
    """One message to everyone concerned but those `told` already, which asks them again when the start is far from what
    they agreed to."""
    minutes, by = reconfirm_minutes(slot), answer_by(slot)
    facts: dict[str, Any] = {"reason": reason, "was_at": was_at.isoformat()}
    for booking in list_slot_bookings(slot.id, ACTIVE):
        if booking.id in told:
            continue
        if booking.state is BookingState.PENDING and booking.id in planned:
            ask_again(planned[booking.id], booking, slot)
            continue
        is_asked = await_answer(booking, slot, was_at, minutes, by)
        answers: dict[str, Any] = {"answer_until": by.isoformat()} if is_asked else {}
        messages.tell_contact("slot_moved", booking, slot, contacts_of(booking.enterprise_id), **facts, **answers)
        messages.tell_attendees("slot_moved", booking, slot, booking.valid_attendees, **facts)
    if is_large_move(was_at, slot.starts_at, minutes):
        slots.ask_again(slot, actor=actor)
    else:
        tell_supporting(slot, slot.supporting, "moved", reason=reason)


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
    tell_supporting(slot, slot.supporting, "called_off", reason=slot.call_off_reason)
    alternatives = [messages.slot_context(other) for other in nearest_slots(slot, party=1)]
    forgiven = update(Booking).where(Booking.slot_id == slot.id).values(is_late_cancellation=False)
    db.session.execute(forgiven)  # what is called off counts against no quota
    for booking in list_slot_bookings(slot.id, ACTIVE):
        if booking.state is BookingState.HELD:
            enter(booking, slot, BookingState.EXPIRED, actor=actor, action="booking.expired")
            continue
        was_confirmed = booking.state is BookingState.CONFIRMED
        end_booking(booking, slot, actor, slot.call_off_reason, is_late=False)
        told: dict[str, Any] = {
            "reason": slot.call_off_reason,
            "nearest": alternatives,
            "ends_invitation": was_confirmed,
        }
        messages.tell_contact("slot_called_off", booking, slot, contacts_of(booking.enterprise_id), **told)
        messages.tell_attendees("slot_called_off", booking, slot, booking.valid_attendees, **told)
    return slot


def tell_handed_over(slot: Slot, former: Department, reason: str = "", told: Collection[int] = ()) -> None:
    """Who leads a published slot now, to everyone who booked or supports it but those `told` already."""
    tell_supporting(slot, slot.supporting, "handed_over", reason=reason)
    for booking in list_slot_bookings(slot.id, ACTIVE):
        if booking.id not in told:
            contacts = contacts_of(booking.enterprise_id)
            messages.tell_contact("slot_handed_over", booking, slot, contacts, former=former.name, reason=reason)


def follow_slot(slot: Slot) -> None:
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
