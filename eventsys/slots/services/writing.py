"""What a command writes into the row of a slot and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Staff, Tag
from eventsys.directory.queries import settings_of
from eventsys.directory.settings import FormatDefaults, Settings
from eventsys.slots.draws import Draw, check_draw_time
from eventsys.slots.models import Edition, Slot, slot_enterprises
from eventsys.slots.rules import Audience, NewSlot, month_of, window_of
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import WorkingCalendar

PLACING = (
    "needs_approval",
    "walk_ins",
    "door_minutes",
    "quota_month",
    "quota_edition",
    "quota_open",
    "invited_until",
    "draw_at",
    "is_draw_weighted",
)
COUNTED = {  # what bookings leave
    "places_taken",
    "people_taken",
    "waiting",
    "counts_revision",
    "counted_at",
    "queue_last",
    "lapses_at",
    "drawn_at",
}


def described(slot: Slot) -> dict[str, Any]:
    """What the audit trail keeps of a slot: its columns that people set."""
    skipped = {"id", "public_id", "version", "changed_at", "sequence", "created_at", *COUNTED}
    kept = {name: getattr(slot, name) for name in set(Slot.__table__.columns.keys()) - skipped}
    kept["supporting"] = sorted(department.code for department in slot.supporting)
    kept["services"] = sorted(service.id for service in slot.services)
    kept["staff"] = sorted(item.id for item in slot.staff)
    return kept


def draw_of(slot: Slot | NewSlot) -> Draw:
    """What the rules of a draw ask of the slot."""
    return Draw(slot.draw_at, slot.is_draw_weighted)


class Shared:
    """What slots made in one go have in common: read once, however many they are."""

    def __init__(self) -> None:
        self._kept: dict[Any, Any] = {}

    def once(self, key: Any, read: Callable[[], Any]) -> Any:
        """What `read` answers, which is asked the first time only."""
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]

    def find(self, model: Any, key: int | None) -> Any:
        """The row of this primary key, or None."""
        return None if key is None else self.once((model, key), lambda: db.session.get(model, key))

    def defaults(self, command: NewSlot) -> FormatDefaults:
        """What holds for slots of this format of the department."""
        settings: Settings = self.once(command.department, lambda: settings_of(command.department))
        return settings.of_format(command.format)

    def calendar(self) -> WorkingCalendar:
        """The working calendar."""
        calendar: WorkingCalendar = self.once(WorkingCalendar, working_calendar)
        return calendar


def write(slot: Slot, command: NewSlot, shared: Shared | None = None) -> None:
    """Put the command's values into the row; Invalid when an organisation or place does not exist."""
    shared = shared or Shared()
    window = window_of(command, shared.defaults(command), shared.calendar(), installation().zone, now())
    slot.title, slot.title_en, slot.description = command.title, command.title_en, command.description
    slot.topic, slot.format = command.topic, command.format
    if slot.starts_at != command.starts_at:  # a queue that orders no more does not come back with a new title
        slot.queue_until = window.queue_until
    slot.starts_at, slot.ends_at = command.starts_at, command.ends_at
    slot.opens_at, slot.closes_at = window.opens_at, window.closes_at
    slot.cancel_until, slot.names_until = window.cancel_until, window.names_until
    slot.month = month_of(command.starts_at, installation().zone)
    for name in PLACING:
        setattr(slot, name, getattr(command, name))
    check_draw_time(slot.draw_at, slot.queue_until)
    slot.capacity, slot.attendee_capacity, slot.party_max = (
        command.capacity,
        command.attendee_capacity,
        command.party_max,
    )
    slot.place_text, slot.online_url, slot.bring = command.place_text, command.online_url, command.bring
    slot.edition_id = _existing(shared, Edition, command.edition, "edition")
    slot.changed_at = slot.changed_at or now()
    _write_organisations(slot, command, shared)
    _write_audience(slot, command.audience, shared)
    slot.questions = [
        {"id": new_public_id(), "label": item.label, "kind": item.kind.value, "required": item.is_required}
        for item in command.questions
    ] if _questions_differ(slot, command) else slot.questions  # fmt: skip
    slot.hide_or_show()


def _questions_differ(slot: Slot, command: NewSlot) -> bool:
    """Unchanged questions keep their ids, by which answers are stored."""
    kept = [(item["label"], item["kind"], item["required"]) for item in slot.questions or []]
    return slot.questions is None or kept != [(q.label, q.kind.value, q.is_required) for q in command.questions]


def _write_organisations(slot: Slot, command: NewSlot, shared: Shared) -> None:
    if shared.find(Department, command.department) is None:
        raise Invalid("unknown_department", field="department")
    slot.supporting = _all_of(shared, Department, command.supporting, "supporting", "unknown_department")
    offered_by = (command.department, *command.supporting)
    slot.services = _all_of(shared, Service, command.services, "services", "unknown_service", offered_by)
    slot.staff = _all_of(shared, Staff, command.staff, "staff", "unknown_staff", offered_by)
    slot.place_id = _existing(shared, Place, command.place, "place")
    place = shared.find(Place, slot.place_id)
    slot.park_id = place.park_id if place else None


def _write_audience(slot: Slot, audience: Audience, shared: Shared) -> None:
    _all_of(shared, Park, audience.parks, "audience", "unknown_park")
    _all_of(shared, Tag, audience.tags, "audience", "unknown_tag")
    slot.audience_kind = audience.kind
    slot.audience = {
        "parks": list(audience.parks),
        "tags": list(audience.tags),
        "sub_districts": list(audience.sub_districts),
        "sizes": [size.value for size in audience.sizes],
    }


def set_invited(slot: Slot, audience: Audience) -> None:
    """Name the invited enterprises of a slot that was there before."""
    db.session.execute(delete(slot_enterprises).where(slot_enterprises.c.slot_id == slot.id))
    invite([(slot, audience)])


def invite(named: Iterable[tuple[Slot, Audience]]) -> None:
    """Name the invited enterprises of slots that have a primary key and name none."""
    shared, rows = Shared(), []
    for slot, audience in named:
        keys = tuple(dict.fromkeys(audience.enterprises))
        shared.once(keys, partial(_count_all, Enterprise, keys, "audience", "unknown_enterprise"))
        rows += [{"slot_id": slot.id, "enterprise_id": key} for key in keys]
    if rows:
        db.session.execute(slot_enterprises.insert(), rows)


def _existing(shared: Shared, model: Any, key: int | None, field: str) -> int | None:
    if key is not None and shared.find(model, key) is None:
        raise Invalid(f"unknown_{field}", field=field)
    return key


def _all_of(
    shared: Shared, model: Any, keys: tuple[int, ...], field: str, code: str, offered_by: tuple[int, ...] | None = None
) -> list[Any]:
    """The rows of these primary keys; Invalid when one does not exist, or belongs to none of the departments
    `offered_by`."""
    if not keys:
        return []
    query = select(model).where(model.id.in_(keys))
    if offered_by is not None:
        query = query.where(model.department_id.in_(offered_by))
    rows = shared.once((model, keys, offered_by), lambda: list(db.session.scalars(query)))
    if len(rows) != len(set(keys)):
        raise Invalid(code, field=field)
    return list(rows)


def _count_all(model: Any, keys: tuple[int, ...], field: str, code: str) -> None:
    if keys and db.session.scalar(select(func.count()).where(model.id.in_(keys))) != len(keys):
        raise Invalid(code, field=field)
