"""Slots, bookings and gates made the way people make them: through the services."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from eventsys.bookings.keys import code_of
from eventsys.bookings.models import Booking
from eventsys.bookings.rules import NewAttendee, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.checkin.models import Gate
from eventsys.checkin.services import create_gate
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.slots.models import Slot
from eventsys.slots.recurrence import Every, OnHoliday, Recurrence
from eventsys.slots.rules import NewSlot
from eventsys.slots.runs import NewRun
from eventsys.slots.services import create_slot
from eventsys.slots.sittings import TimesOfDay
from tests import cast

ZONE = ZoneInfo("Asia/Shanghai")


def soon(days: int = 7, hour: int = 14) -> datetime:
    """An hour of a day to come, in the district's zone."""
    return (now() + timedelta(days=days)).astimezone(ZONE).replace(hour=hour, minute=0, second=0, microsecond=0)


def new_slot(**changes: Any) -> NewSlot:
    """The command of a plain session of the tax department a week ahead, open until it starts."""
    starts_at = changes.get("starts_at", soon())
    values: dict[str, Any] = {
        "department": cast.TAX,
        "title": "研发费用加计扣除政策辅导",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=90),
        "capacity": 3,
        "attendee_capacity": 6,
        "party_max": 4,
        "place": cast.CENTRE,
        "closes_at": starts_at,
        "cancel_until": starts_at - timedelta(days=1),
        "names_until": starts_at,
    }
    return NewSlot(**{**values, **changes})


def make_slot(publish: bool = True, actor: Any = None, **changes: Any) -> Slot:
    """A slot, published unless told otherwise."""
    with unit_of_work():
        return create_slot(new_slot(**changes), actor=actor or cast.CLERK.actor, publish=publish)


def tomorrow(days: int = 1) -> date:
    """A day to come, in the district's zone."""
    return now().astimezone(ZONE).date() + timedelta(days=days)


def new_run(*, slot: dict[str, Any] | None = None, times: TimesOfDay | None = None, **changes: Any) -> NewRun:
    """The command of a run of sessions of the tax department: each day for a week unless told otherwise."""
    own = {name: changes.pop(name) for name in ("places", "chosen", "public_id") if name in changes}
    rule = {"starts_on": tomorrow(), "every": Every.DAY, "count": 7, "on_holiday": OnHoliday.KEEP, **changes}
    pattern = new_slot(closes_at=None, cancel_until=None, names_until=None, **(slot or {}))
    return NewRun(pattern, Recurrence(**rule), times or TimesOfDay(90, time(14)), **own)


def people(*names: str, email: str = "") -> tuple[NewAttendee, ...]:
    """Named attendees."""
    return tuple(NewAttendee(name, email=email) for name in names)


def make_booking(
    slot: Slot, member: cast.Member = cast.CONTACT, names: tuple[str, ...] = ("王一",), **changes: Any
) -> Booking:
    """A booking of the member's enterprise."""
    command = NewBooking(slot.public_id, member.enterprise or cast.ACME, attendees=people(*names), **changes)
    with unit_of_work():
        booked = book_slot(command, actor=member.actor)
    assert booked.booking is not None
    return booked.booking


def make_gate(*slots: Slot, actor: Any = None) -> tuple[Gate, str]:
    """A gate of the slots, and its token."""
    with unit_of_work():
        return create_gate("南门", [slot.public_id for slot in slots], actor=actor or cast.STEWARD.actor)


def code_for(booking: Booking, position: int = 0) -> str:
    """The signed code of one of the booking's attendees."""
    return code_of(booking.attendees[position], booking.slot.public_id)
