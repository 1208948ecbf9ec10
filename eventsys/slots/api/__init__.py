"""Slots as JSON: lists and new ones. One slot with its bookings is served a floor above (bookings.api.slots)."""

from eventsys.slots.api.commands import changed_command, new_command
from eventsys.slots.api.routes import bp, viewer
from eventsys.slots.api.schemas import CallOffIn, SlotIn, SlotOut, SlotPatch, slot_response, slots_json

__all__ = [
    "CallOffIn",
    "SlotIn",
    "SlotOut",
    "SlotPatch",
    "bp",
    "changed_command",
    "new_command",
    "slot_response",
    "slots_json",
    "viewer",
]
