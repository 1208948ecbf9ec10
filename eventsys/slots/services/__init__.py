"""The verbs that change slots. What reaches those who booked is told by bookings.services.slots, a floor above."""

from eventsys.slots.services.slots import (
    MOVES,
    copy_slot,
    create_slot,
    delete_draft,
    edit_slot,
    mark_called_off,
    publish_slot,
)

__all__ = [
    "MOVES",
    "copy_slot",
    "create_slot",
    "delete_draft",
    "edit_slot",
    "mark_called_off",
    "publish_slot",
]
