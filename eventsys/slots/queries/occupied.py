"""What takes departments and places over a span."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.moving import Occupied
from eventsys.slots.rules import LONGEST, SlotState

LIVE = (SlotState.DRAFT, SlotState.PUBLISHED)


def occupied(slot: Slot) -> Occupied:
    """When the slot takes its department and place."""
    return Occupied(slot.id, slot.department_id, slot.place_id, slot.starts_at, slot.ends_at)


def list_occupied(spans: Sequence[Occupied], until: datetime) -> list[Occupied]:
    """What takes the departments and places of these spans from the first of them to `until`; they themselves too."""
    if not spans:
        return []
    departments, places = {span.department for span in spans}, {span.place for span in spans} - {None}
    query = select(Slot.id, Slot.department_id, Slot.place_id, Slot.starts_at, Slot.ends_at).where(
        Slot.state.in_(LIVE),
        Slot.starts_at > min(span.starts_at for span in spans) - LONGEST,
        Slot.starts_at < until,
        or_(Slot.department_id.in_(departments), Slot.place_id.in_(places)),
    )
    return [Occupied(*row) for row in db.session.execute(query)]
