"""A supporting department declines: what those who booked see of the slot changes."""

from __future__ import annotations

from eventsys.bookings.services.locking import lock_slots_and_enterprises
from eventsys.core.actor import Actor
from eventsys.core.errors import NotFound
from eventsys.core.text import clean_line
from eventsys.slots import services as slots
from eventsys.slots.models import Slot
from eventsys.slots.queries import find_keys
from eventsys.slots.rules import REASON_MAX


def decline_support(public_id: str, department: str, reason: str, *, actor: Actor) -> Slot:
    """Decline, for a department (public id), to support a slot any more, or at all; the lead is told the reason."""
    reason = clean_line(reason, "reason", REASON_MAX, required=True)
    own = slots.get_answerer(department, actor)
    keys = find_keys(Slot, [public_id])
    if not keys:
        raise NotFound()
    (slot,) = lock_slots_and_enterprises(set(keys.values()))
    slots.withdraw_support(slot, own, reason, actor=actor)
    return slot
