"""What pages say of a slot: how it stands for who looks at it now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from eventsys.bookings.rules import SlotFacts, place, refusal
from eventsys.core.errors import Refusal
from eventsys.slots.rules import SlotState


class Standing(StrEnum):
    """In one word whether a slot can be booked now, and why not."""

    DRAFT = "draft"
    CALLED_OFF = "called_off"
    OVER = "over"
    NOT_OPEN = "not_open"
    CLOSED = "closed"
    FULL = "full"
    QUEUED = "queued"
    DRAW = "draw"
    DRAWING = "drawing"
    OPEN = "open"


_BY_REFUSAL = {
    "window_not_open": Standing.NOT_OPEN,
    "window_closed": Standing.CLOSED,
    "slot_full": Standing.FULL,
    "queue_ahead": Standing.QUEUED,
    "draw_under_way": Standing.DRAWING,
}


def standing(slot: SlotFacts, ends_at: datetime, now: datetime, *, is_invited: bool = False) -> Standing:
    """How a slot stands for one person of an enterprise that has not booked it; the rules of booking decide."""
    if slot.state is SlotState.DRAFT:
        return Standing.DRAFT
    if slot.state is SlotState.CALLED_OFF:
        return Standing.CALLED_OFF
    if now >= ends_at:
        return Standing.OVER
    refused = refusal(slot, 1, now, on_behalf=False, is_invited=is_invited)
    if refused is not None:
        return _BY_REFUSAL[refused.code]
    if slot.awaits_draw:
        return Standing.DRAW
    placed = place(slot, 1, now, waits=False)
    return _BY_REFUSAL[placed.code] if isinstance(placed, Refusal) else Standing.OPEN
