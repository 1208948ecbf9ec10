"""What follows from time alone at the door. The worker calls these."""

from __future__ import annotations

from eventsys.checkin.queries import list_slots_missed
from eventsys.checkin.queries.after import list_unthanked
from eventsys.checkin.rules import NO_SHOWS_WITHIN, THANK_WITHIN
from eventsys.checkin.services import last_sign_in, record_missing, thank
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.slots.rules import SlotFormat

SLOTS_AT_ONCE = 20
CANDIDATES = 500  # of two weeks


def thank_who_came() -> bool:
    """Thank those who came once the department has confirmed the attendance, at the latest when nobody can be signed
    in any more; after a visit at once. Whether there may be more to do now."""
    due = [
        slot.id
        for slot, attendance in list_unthanked(now() - THANK_WITHIN, CANDIDATES)
        if slot.format is SlotFormat.VISIT or (attendance and attendance.confirmed_at) or now() >= last_sign_in(slot)
    ]
    for slot_id in due[:SLOTS_AT_ONCE]:
        with unit_of_work():
            thank(slot_id)
    return len(due) > SLOTS_AT_ONCE


def record_no_shows() -> bool:
    """Note who did not come to sessions that are over, some slots a time; whether there are more."""
    slots = list_slots_missed(now() - NO_SHOWS_WITHIN, SLOTS_AT_ONCE)
    for slot in slots:
        with unit_of_work():
            record_missing(slot)
    return len(slots) == SLOTS_AT_ONCE
