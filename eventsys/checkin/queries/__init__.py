"""Reads of gates, scans and who arrived."""

from eventsys.checkin.queries.arrivals import (
    AtDoor,
    Counters,
    count_at_door,
    count_at_gate,
    find_expected,
    get_slot_at_door,
    has_come,
    is_admitted,
    list_party,
    list_roster,
    stands,
)
from eventsys.checkin.queries.conflicts import Conflict, list_conflicts
from eventsys.checkin.queries.desk import Aftermath, aftermath
from eventsys.checkin.queries.devices import DEVICE_TOKEN_PREFIX, find_pairing, list_devices, load_device_actor
from eventsys.checkin.queries.gates import (
    GATE_TOKEN_PREFIX,
    GateFacts,
    find_gate,
    get_gate,
    list_gates,
    load_gate_actor,
)
from eventsys.checkin.queries.live import Live, live, live_revision
from eventsys.checkin.queries.missing import list_missing, list_slots_missed, lock_attendees
from eventsys.checkin.queries.offline import OfflineRoster, get_own_gate, offline_roster, roster_revision
from eventsys.checkin.queries.scans import (
    Known,
    find_by_nonce,
    find_known,
    lock_for_scan,
    lock_scan,
    meaning_of,
)
from eventsys.checkin.queries.venue import find_venue, list_called, venue_token
from eventsys.checkin.queries.visits import (
    count_received,
    find_record,
    list_visits,
)

__all__ = [
    "DEVICE_TOKEN_PREFIX",
    "GATE_TOKEN_PREFIX",
    "Aftermath",
    "AtDoor",
    "Conflict",
    "Counters",
    "GateFacts",
    "Known",
    "Live",
    "OfflineRoster",
    "aftermath",
    "count_at_door",
    "count_at_gate",
    "count_received",
    "find_by_nonce",
    "find_expected",
    "find_gate",
    "find_known",
    "find_pairing",
    "find_record",
    "find_venue",
    "get_gate",
    "get_own_gate",
    "get_slot_at_door",
    "has_come",
    "is_admitted",
    "list_called",
    "list_conflicts",
    "list_devices",
    "list_gates",
    "list_missing",
    "list_party",
    "list_roster",
    "list_slots_missed",
    "list_visits",
    "live",
    "live_revision",
    "load_device_actor",
    "load_gate_actor",
    "lock_attendees",
    "lock_for_scan",
    "lock_scan",
    "meaning_of",
    "offline_roster",
    "roster_revision",
    "stands",
    "venue_token",
]
