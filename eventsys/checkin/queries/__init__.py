"""Reads of gates, scans and who arrived."""

from eventsys.checkin.queries.arrivals import (
    AtDoor,
    Counters,
    count_arrivals,
    count_at_door,
    count_at_gate,
    get_slot_at_door,
    has_come,
    is_admitted,
    list_roster,
    stands,
)
from eventsys.checkin.queries.conflicts import Conflict, list_conflicts, list_slots_in_conflict
from eventsys.checkin.queries.gates import (
    GATE_TOKEN_PREFIX,
    GateFacts,
    find_gate,
    get_gate,
    list_gates,
    load_gate_actor,
)
from eventsys.checkin.queries.missing import list_missing, list_slots_missed, lock_attendees
from eventsys.checkin.queries.scans import (
    find_scans,
    lock_attendee_by_ticket,
    lock_attendee_by_typed_code,
    lock_scan,
    meaning_of,
)

__all__ = [
    "GATE_TOKEN_PREFIX",
    "AtDoor",
    "Conflict",
    "Counters",
    "GateFacts",
    "count_arrivals",
    "count_at_door",
    "count_at_gate",
    "find_gate",
    "find_scans",
    "get_gate",
    "get_slot_at_door",
    "has_come",
    "is_admitted",
    "list_conflicts",
    "list_gates",
    "list_missing",
    "list_roster",
    "list_slots_in_conflict",
    "list_slots_missed",
    "load_gate_actor",
    "lock_attendee_by_ticket",
    "lock_attendee_by_typed_code",
    "lock_attendees",
    "lock_scan",
    "meaning_of",
    "stands",
]
