"""What a command writes into the row of a slot and what belongs to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Tag
from eventsys.directory.queries import settings_of
from eventsys.slots.draws import Draw, check_draw_time
from eventsys.slots.models import Edition, Slot, slot_enterprises
from eventsys.slots.rules import Audience, NewSlot, month_of, window_of

PLACING = (
    "needs_approval",
    "quota_month",
    "quota_edition",
    "quota_open",
    "invited_until",
    "draw_at",
    "is_draw_weighted",
)
COUNTED = {"places_taken", "people_taken", "waiting", "queue_last", "lapses_at", "drawn_at"}  # what bookings leave


def described(slot: Slot) -> dict[str, Any]:
    """What the audit trail keeps of a slot: its columns that people set."""
    skipped = {"id", "public_id", "version", "changed_at", "sequence", "created_at", *COUNTED}
    kept = {name: getattr(slot, name) for name in set(Slot.__table__.columns.keys()) - skipped}
    kept["supporting"] = sorted(department.code for department in slot.supporting)
    kept["services"] = sorted(service.id for service in slot.services)
    return kept


def draw_of(slot: Slot | NewSlot) -> Draw:
    """What the rules of a draw ask of the slot."""
    return Draw(slot.draw_at, slot.is_draw_weighted)


def write(slot: Slot, command: NewSlot) -> None:
    """Put the command's values into the row; Invalid when an organisation or place does not exist."""
    defaults = settings_of(command.department).of_format(command.format)
    window = window_of(command, defaults, installation().zone, now())
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
    slot.place_text, slot.online_url = command.place_text, command.online_url
    slot.edition_id = _existing(Edition, command.edition, "edition")
    slot.changed_at = slot.changed_at or now()
    _write_organisations(slot, command)
    _write_audience(slot, command.audience)
    slot.questions = [
        {"id": new_public_id(), "label": item.label, "kind": item.kind.value, "required": item.is_required}
        for item in command.questions
    ] if _questions_differ(slot, command) else slot.questions  # fmt: skip
    slot.hide_or_show()


def _questions_differ(slot: Slot, command: NewSlot) -> bool:
    """Unchanged questions keep their ids, by which answers are stored."""
    kept = [(item["label"], item["kind"], item["required"]) for item in slot.questions or []]
    return slot.questions is None or kept != [(q.label, q.kind.value, q.is_required) for q in command.questions]


def _write_organisations(slot: Slot, command: NewSlot) -> None:
    if db.session.get(Department, command.department) is None:
        raise Invalid("unknown_department", field="department")
    slot.supporting = _all_of(Department, command.supporting, "supporting", "unknown_department")
    offered_by = [command.department, *command.supporting]
    slot.services = _all_of(
        Service, command.services, "services", "unknown_service", Service.department_id.in_(offered_by)
    )
    slot.place_id = _existing(Place, command.place, "place")
    place = db.session.get(Place, slot.place_id) if slot.place_id else None
    slot.park_id = place.park_id if place else None


def _write_audience(slot: Slot, audience: Audience) -> None:
    _all_of(Park, audience.parks, "audience", "unknown_park")
    _all_of(Tag, audience.tags, "audience", "unknown_tag")
    slot.audience_kind = audience.kind
    slot.audience = {
        "parks": list(audience.parks),
        "tags": list(audience.tags),
        "sub_districts": list(audience.sub_districts),
        "sizes": [size.value for size in audience.sizes],
    }


def set_invited(slot: Slot, audience: Audience) -> None:
    """Name the invited enterprises of a slot that has a primary key."""
    _count_all(Enterprise, audience.enterprises, "audience", "unknown_enterprise")
    db.session.execute(delete(slot_enterprises).where(slot_enterprises.c.slot_id == slot.id))
    if audience.enterprises:
        rows = [{"slot_id": slot.id, "enterprise_id": key} for key in dict.fromkeys(audience.enterprises)]
        db.session.execute(slot_enterprises.insert(), rows)


def _existing(model: Any, key: int | None, field: str) -> int | None:
    if key is not None and db.session.get(model, key) is None:
        raise Invalid(f"unknown_{field}", field=field)
    return key


def _all_of(model: Any, keys: tuple[int, ...], field: str, code: str, *where: ColumnElement[bool]) -> list[Any]:
    """The rows of these primary keys; Invalid when one does not exist."""
    if not keys:
        return []
    rows = list(db.session.scalars(select(model).where(model.id.in_(keys), *where)))
    if len(rows) != len(set(keys)):
        raise Invalid(code, field=field)
    return rows


def _count_all(model: Any, keys: tuple[int, ...], field: str, code: str) -> None:
    if keys and db.session.scalar(select(func.count()).where(model.id.in_(keys))) != len(set(keys)):
        raise Invalid(code, field=field)
