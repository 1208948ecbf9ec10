"""A department takes a slot over: the bookings count with it from now on, and everyone booked is told once."""

from __future__ import annotations

from eventsys.bookings.services.locking import lock_slots_and_enterprises
from eventsys.bookings.services.slots import follow_slot, tell_handed_over
from eventsys.core.actor import Actor
from eventsys.core.errors import NotFound
from eventsys.slots import services as slots
from eventsys.slots.messages import tell_department_of_slots
from eventsys.slots.models import Slot
from eventsys.slots.queries import find_keys
from eventsys.slots.rules import SlotState


def take_slot_over(public_id: str, *, actor: Actor) -> Slot:
    """Take a slot (public id) that is offered to a department of the actor's. NotFound when it is not (any more)."""
    keys = find_keys(Slot, [public_id])
    if not keys:
        raise NotFound()
    lock_slots_and_enterprises(set(keys.values()))
    slot, department = slots.lock_offered(public_id, actor)
    former = slot.department
    slots.take_over(slot, department.id, actor=actor)
    follow_slot(slot)
    told = {"answerer": department.name, "answer": "accepted", "reason": ""}
    tell_department_of_slots("slot_offer_answered", former.id, [slot], **told)
    if slot.state is SlotState.PUBLISHED:
        tell_handed_over(slot, former)
    return slot
