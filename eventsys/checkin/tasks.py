"""What follows from time alone at the door. The worker calls these."""

from __future__ import annotations

from eventsys.checkin.queries import list_slots_missed
from eventsys.checkin.rules import NO_SHOWS_WITHIN
from eventsys.checkin.services import record_missing
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work

SLOTS_AT_ONCE = 20


def record_no_shows() -> bool:
    """Note who did not come to sessions that are over, some slots a time; whether there are more."""
    slots = list_slots_missed(now() - NO_SHOWS_WITHIN, SLOTS_AT_ONCE)
    for slot in slots:
        with unit_of_work():
            record_missing(slot)
    return len(slots) == SLOTS_AT_ONCE
