"""What pages say of a slot: how it stands for who looks at it now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from eventsys.bookings.rules import SlotFacts, refusal
from eventsys.slots.rules import SlotState


class Standing(StrEnum):
    """In one word whether a slot can be booked now, and why not."""

    DRAFT = "draft"
    CALLED_OFF = "called_off"
    OVER = "over"
    NOT_OPEN = "not_open"
    CLOSED = "closed"
    FULL = "full"
    DRAWING = "drawing"
    OPEN = "open"


_BY_REFUSAL = {
    "window_not_open": Standing.NOT_OPEN,
    "window_closed": Standing.CLOSED,
    "slot_full": Standing.FULL,
    "draw_under_way": Standing.DRAWING,
}


def standing(slot: SlotFacts, ends_at: datetime, now: datetime) -> Standing:
    """How a slot stands for one person of an enterprise that has not booked it; the rules of booking decide."""
    if slot.state is SlotState.DRAFT:
        return Standing.DRAFT
    if slot.state is SlotState.CALLED_OFF:
        return Standing.CALLED_OFF
    if now >= ends_at:
        return Standing.OVER
    refused = refusal(slot, 1, now, on_behalf=False)
    return _BY_REFUSAL[refused.code] if refused else Standing.OPEN
