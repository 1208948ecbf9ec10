"""When a slot's places are drawn, and what may still be changed once enterprises have registered (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from eventsys.core.errors import Conflict, Invalid
from eventsys.workdays.rules import WorkingCalendar

REGISTRATION_DAYS = 3  # working days
DRAW_TIME = time(10, 0)


@dataclass(frozen=True, slots=True)
class Draw:
    """How places are given: drawn `at` an instant, with more chances for some when weighted; None: first come."""

    at: datetime | None = None
    is_weighted: bool = False


def default_draw_at(opens_at: datetime, calendar: WorkingCalendar, zone: ZoneInfo) -> datetime:
    """The first 10:00 of a working day after three working days of registration (DEFAULTS.md)."""
    closes_at = calendar.add_workdays(opens_at, REGISTRATION_DAYS, zone)
    day = closes_at.date() + timedelta(days=closes_at.timetz().replace(tzinfo=None) > DRAW_TIME)
    return datetime.combine(calendar.next_workday(day), DRAW_TIME, zone)


def check_draw(
    before: Draw, after: Draw, now: datetime, *, registered: int = 0, booked: int = 0, is_drawn: bool = False
) -> None:
    """Raise Invalid unless a slot may be drawn like that from now on: who registered relies on what was announced.

    `registered` enterprises wait for the draw, `booked` ones have a place already.
    """
    if before == after:
        return
    if is_drawn:
        raise Invalid("draw_is_over", field="draw_at")
    if before.at is None and after.at is not None and (registered or booked):
        raise Invalid("draw_after_booking", field="draw_at")
    if registered and before.at is not None:
        if after.at is None or after.at < before.at:
            raise Invalid("draw_only_later", field="draw_at", draw_at=before.at)
        if after.is_weighted is not before.is_weighted:
            raise Invalid("draw_weights_announced", field="draw_weighted")
    if after.at is not None and after.at != before.at and after.at <= now:
        raise Invalid("draw_in_the_past", field="draw_at")


def check_draw_time(draw_at: datetime | None, queue_until: datetime) -> None:
    """Raise Invalid for a draw whose order would not count any more, because places are open to everybody by then."""
    if draw_at is not None and draw_at >= queue_until:
        raise Invalid("draw_too_late", field="draw_at", queue_until=queue_until)


def check_draw_to_come(draw_at: datetime | None, now: datetime) -> None:
    """Raise Conflict for a draft that is published after its draw."""
    if draw_at is not None and draw_at <= now:
        raise Conflict("draw_in_the_past", draw_at=draw_at)
