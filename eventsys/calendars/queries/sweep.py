"""Which sets change when the window of all feeds moves on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, case, func, select

from eventsys.bookings.models import Booking
from eventsys.calendars.queries.kept import booking_kept, kept
from eventsys.calendars.rules import Window
from eventsys.core.db import db
from eventsys.slots.models import Slot, slot_departments, slot_staff


@dataclass(frozen=True, slots=True)
class Concerned:
    """The sets (primary keys) whose text differs between two days."""

    district: bool
    departments: frozenset[int]
    parks: frozenset[int]
    enterprises: frozenset[int]
    staff: frozenset[int]


def find_concerned(before: Window, after: Window) -> Concerned:
    """The sets in which an event comes or goes when the window moves on."""
    rows = db.session.execute(
        select(Slot.id, Slot.department_id, Slot.park_id, Slot.is_hidden).where(
            _as_number(kept(before)) != _as_number(kept(after))
        )
    ).all()
    keys = {row.id for row in rows}
    shown = [row for row in rows if not row.is_hidden]
    return Concerned(
        bool(shown),
        frozenset(row.department_id for row in rows) | _linked(slot_departments.c.department_id, keys),
        frozenset(row.park_id for row in shown if row.park_id is not None),
        _enterprises_concerned(before, after),
        _linked(slot_staff.c.staff_id, keys),
    )


def _as_number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _linked(column: Column[Any], slots: Collection[int]) -> frozenset[int]:
    """What a table ties to these slots."""
    query = select(column).where(column.table.c.slot_id.in_(slots))
    return frozenset(db.session.scalars(query)) if slots else frozenset()


def _enterprises_concerned(before: Window, after: Window) -> frozenset[int]:
    """Grouped by slot: one booking that drops changes nothing while another keeps the event."""
    was, will_be = (func.max(_as_number(booking_kept(window))) for window in (before, after))
    return frozenset(
        db.session.scalars(
            select(Booking.enterprise_id)
            .join(Slot, Slot.id == Booking.slot_id)
            .where(Slot.starts_at >= before.starts_from, Slot.starts_at < after.starts_before)
            .group_by(Booking.enterprise_id, Booking.slot_id)
            .having(was != will_be)
        )
    )
