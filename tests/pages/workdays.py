"""Slots in the first week of December 2026, and days of it that are closed: what the tests of both pages say."""

from __future__ import annotations

import html
import re
from datetime import date, datetime

from sqlalchemy import select

from eventsys.core.db import db, unit_of_work
from eventsys.slots.models import Slot
from eventsys.workdays.models import WorkdayOverride
from eventsys.workdays.rules import DayChange, DayKind
from eventsys.workdays.services import change_days
from tests import cast
from tests.factories import ZONE, make_slot

THURSDAY, FRIDAY, MONDAY = date(2026, 12, 3), date(2026, 12, 4), date(2026, 12, 7)


def at(day: date, hour: int = 14, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def slot_on(day: date = THURSDAY, hour: int = 14, **changes) -> Slot:
    return make_slot(starts_at=at(day, hour), **changes)


def close(day: date = THURSDAY, kind: DayKind = DayKind.CLOSED) -> None:
    with unit_of_work():
        change_days(DayChange(day, day, kind, "台风停工"), actor=cast.COORDINATOR.actor)


def days() -> dict[str, str]:
    db.session.rollback()
    return {row.day.isoformat(): row.kind.value for row in db.session.scalars(select(WorkdayOverride))}


def fresh(slot: Slot) -> Slot:
    db.session.rollback()
    return db.session.scalars(select(Slot).where(Slot.id == slot.id).execution_options(populate_existing=True)).one()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', page
    )
    assert found, name
    return html.unescape(found[1])


def move(client, slot: Slot, to: datetime, **changes):
    key, start = slot.public_id, to.replace(tzinfo=None).isoformat()
    return client.post("/admin/workdays/slots", data={"slot": key, f"to-{key}": start,
                                                      f"version-{key}": fresh(slot).version} | changes)  # fmt: skip
