"""The slots of a month counted by department and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState


@dataclass(frozen=True, slots=True)
class Filled:
    """Published slots in numbers (`taken` of `places` enterprises), and drafts."""

    published: int = 0
    drafts: int = 0
    taken: int = 0
    places: int = 0

    def __add__(self, other: Filled) -> Filled:
        return Filled(
            self.published + other.published,
            self.drafts + other.drafts,
            self.taken + other.taken,
            self.places + other.places,
        )

    @property
    def tenths(self) -> int:
        """How full it is, from 0 to 10: 10 only when nothing is left, 0 only when nobody has booked."""
        if not self.places or not self.taken:
            return 0
        return 10 if self.taken >= self.places else min(9, max(1, round(self.taken * 10 / self.places)))


def count_by_department_and_day(midnights: Sequence[datetime]) -> dict[tuple[int, int], Filled]:
    """By (primary key of the lead department, number of the day): the slots that start between two of the `midnights`
    (in order, the last one ends the last day). Days without any are left out."""
    days = enumerate(midnights[1:])
    day = case(*[(Slot.starts_at < until, number) for number, until in days]).label("day")
    is_published = Slot.state == SlotState.PUBLISHED
    query = (
        select(
            Slot.department_id,
            day,
            func.count().filter(is_published),
            func.count().filter(Slot.state == SlotState.DRAFT),
            func.coalesce(func.sum(Slot.places_taken).filter(is_published), 0),
            func.coalesce(func.sum(Slot.capacity).filter(is_published), 0),
        )
        .where(
            Slot.starts_at >= midnights[0],
            Slot.starts_at < midnights[-1],
            Slot.state.in_([SlotState.PUBLISHED, SlotState.DRAFT]),
        )
        .group_by(Slot.department_id, "day")
    )
    return {(row[0], row[1]): Filled(*row[2:]) for row in db.session.execute(query)}
