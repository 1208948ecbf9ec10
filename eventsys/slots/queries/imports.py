"""Reads for imports and exports of slots: what cells can name, and the slots themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import selectinload

from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Staff, Tag
from eventsys.directory.queries import get_district
from eventsys.directory.settings import settings_from
from eventsys.slots.imports.finding import plain_credit_code
from eventsys.slots.imports.known import Known, KnownSlot, Named
from eventsys.slots.models import Edition, Slot
from eventsys.slots.queries.runs import commands_of

BATCH = 500


def load_known(actor: Actor, slots: Iterable[Slot] = (), enterprises: Collection[str] = ()) -> Known:
    """Everything cells can name, for the actor; of slots those given, of enterprises those of these texts."""
    departments = db.session.scalars(select(Department).order_by(Department.id)).all()
    own = [item for item in departments if is_allowed(actor, Permission.CREATE_SLOT, item.scope)]
    district = get_district().settings
    found = list(slots)
    commands = [command for start in range(0, len(found), BATCH) for command in commands_of(found[start:][:BATCH])]
    return Known(
        zone=installation().zone,
        today=now().astimezone(installation().zone).date(),
        departments=tuple(Named(item.id, item.name, (item.code, item.short_name)) for item in departments),
        services=_services(),
        staff=_staff(),
        places=_named(select(Place.id, Place.name).order_by(Place.id)),
        parks=tuple(Named(item.id, item.name, (item.short_name,)) for item in db.session.scalars(select(Park)).all()),
        tags=_named(select(Tag.id, Tag.name).order_by(Tag.id)),
        editions=tuple(
            Named(item.id, f"{item.series.name}第{item.number}期") for item in db.session.scalars(select(Edition))
        ),
        own=frozenset(item.id for item in own),
        settings={item.id: settings_from(district, item.settings) for item in own},
        credit_codes=_credit_codes({key for command in commands for key in command.audience.enterprises}),
        enterprises=_enterprises(enterprises),
        slots={slot.public_id: _known(slot, command) for slot, command in zip(found, commands, strict=True)},
    )


def list_own_slots(public_ids: Collection[str], actor: Actor) -> list[Slot]:
    """Those of the slots that the actor may edit, by primary key."""
    found: list[Slot] = []
    wanted = sorted(public_ids)
    for start in range(0, len(wanted), BATCH):
        found += _with_lists(Slot.public_id.in_(wanted[start : start + BATCH]))
    return [slot for slot in found if is_allowed(actor, Permission.EDIT_SLOT, slot.scope)]


def every_own_slot(
    actor: Actor, starts_from: datetime | None, starts_before: datetime | None, lead: int | None
) -> Iterator[list[Slot]]:
    """Every slot the actor may edit within a span, drafts and called-off ones too, oldest first, in batches; only those
    that the department `lead` (a primary key) leads."""
    keys = [lead] if lead is not None else db.session.scalars(select(Department.id)).all()
    own = [key for key in keys if is_allowed(actor, Permission.EDIT_SLOT, Scope(departments=frozenset({key})))]
    span: list[ColumnElement[bool]] = [Slot.department_id.in_(own)]
    if starts_from is not None:
        span.append(Slot.starts_at >= starts_from)
    if starts_before is not None:
        span.append(Slot.starts_at < starts_before)
    last = 0
    while batch := _with_lists(Slot.id > last, *span, limit=BATCH):
        yield batch
        last = batch[-1].id


def _with_lists(*where: ColumnElement[bool], limit: int | None = None) -> list[Slot]:
    lists = (selectinload(Slot.supporting), selectinload(Slot.services), selectinload(Slot.staff))
    return list(db.session.scalars(select(Slot).where(*where).options(*lists).order_by(Slot.id).limit(limit)))


def _known(slot: Slot, command: Any) -> KnownSlot:
    return KnownSlot(
        slot.id,
        slot.public_id,
        slot.version,
        slot.state,
        command,
        places_taken=slot.places_taken,
        people_taken=slot.people_taken,
        waiting=slot.waiting,
        is_drawn=slot.drawn_at is not None,
    )


def _named(query: Any) -> tuple[Named, ...]:
    return tuple(Named(row[0], row[1]) for row in db.session.execute(query))


def _services() -> tuple[Named, ...]:
    rows = db.session.execute(select(Service, Department.code).join(Department).order_by(Service.id))
    return tuple(Named(item.id, item.name, (f"{code}/{item.name}",), item.department_id) for item, code in rows)


def _staff() -> tuple[Named, ...]:
    rows = db.session.scalars(select(Staff).order_by(Staff.id))
    return tuple(Named(item.id, item.name, (f"{item.name}/{item.public_id}",), item.department_id) for item in rows)


def _credit_codes(keys: Collection[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for batch in _batches(sorted(keys)):
        rows = db.session.execute(select(Enterprise.id, Enterprise.credit_code).where(Enterprise.id.in_(batch)))
        found |= {row[0]: row[1] for row in rows}
    return found


def _enterprises(texts: Collection[str]) -> dict[str, frozenset[int]]:
    """The active enterprises by each credit code, name and short name among the texts."""
    found: dict[str, set[int]] = {}
    for batch in _batches(sorted(texts)):
        codes = [code for text in batch if (code := plain_credit_code(text))]
        named = or_(Enterprise.credit_code.in_(codes), Enterprise.name.in_(batch), Enterprise.short_name.in_(batch))
        query = select(Enterprise.id, Enterprise.credit_code, Enterprise.name, Enterprise.short_name)
        for row in db.session.execute(query.where(Enterprise.active, named)):
            for name in {row.credit_code, row.name, row.short_name} - {""}:
                found.setdefault(name, set()).add(row.id)
    return {name: frozenset(keys) for name, keys in found.items()}


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
