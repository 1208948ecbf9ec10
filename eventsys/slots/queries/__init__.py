"""Reads of slots: what an actor may see, lists with filters, the nearest alternatives."""

from eventsys.slots.queries.audiences import audience_of, get_profiles, is_slot_for
from eventsys.slots.queries.slots import (
    EVERYTHING,
    NEAREST,
    STAFF,
    SlotCounts,
    SlotFilter,
    count_by_department,
    find_keys,
    get_slot_of,
    get_visible_slot,
    list_desk_slots,
    list_slots,
    nearest_slots,
    visible_to,
    with_details,
)

__all__ = [
    "EVERYTHING",
    "NEAREST",
    "STAFF",
    "SlotCounts",
    "SlotFilter",
    "audience_of",
    "count_by_department",
    "find_keys",
    "get_profiles",
    "get_slot_of",
    "get_visible_slot",
    "is_slot_for",
    "list_desk_slots",
    "list_slots",
    "nearest_slots",
    "visible_to",
    "with_details",
]
