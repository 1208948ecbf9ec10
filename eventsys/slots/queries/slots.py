"""Reads of slots: what an actor may see, and lists with filters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import defer, joinedload, selectinload

from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.core.text import fold
from eventsys.directory.models import Department, Park, Place
from eventsys.directory.rules import Topic
from eventsys.slots.models import Edition, Slot, slot_departments, slot_enterprises
from eventsys.slots.queries.audiences import audience_of, get_profiles
from eventsys.slots.rules import AudienceKind, SlotFormat, SlotState, is_for

STAFF = (Role.CLERK, Role.STEWARD)
EVERYTHING = (Role.COORDINATOR, Role.AUDITOR)
NOT_IN_BRIEF = (
    Slot.description,
    Slot.online_url,
    Slot.audience,
    Slot.questions,
    Slot.call_off_reason,
    Slot.created_at,
    Slot.changed_at,
    Slot.published_at,
    Slot.cancel_until,
    Slot.names_until,
)


@dataclass(frozen=True, slots=True)
class SlotFilter:
    """What a list is narrowed to. Instants are aware; `to` is exclusive; organisations are public ids or codes."""

    starts_from: datetime | None = None
    starts_before: datetime | None = None
    department: str = ""
    park: str = ""
    topic: Topic | None = None
    format: SlotFormat | None = None
    edition: str = ""
    has_places: bool = False
    search: str = ""
    states: tuple[SlotState, ...] = (SlotState.PUBLISHED,)


@dataclass(frozen=True, slots=True)
class SlotCounts:
    """Slots in numbers; `booked` are enterprises, `free` are places of published slots."""

    published: int = 0
    drafts: int = 0
    booked: int = 0
    free: int = 0


def with_details(query: Select[Any]) -> Select[Any]:
    """Load what a page or JSON of a slot shows, in one statement a relation."""
    return query.options(
        joinedload(Slot.department),
        joinedload(Slot.place),
        joinedload(Slot.park),
        joinedload(Slot.edition),
        selectinload(Slot.supporting),
        selectinload(Slot.services),
    )


def in_brief(query: Select[Any]) -> Select[Any]:
    """Load what a calendar shows of a slot: times, places left, title, place and whose it is."""
    return query.options(
        *(defer(column, raiseload=True) for column in NOT_IN_BRIEF),
        joinedload(Slot.department).load_only(Department.short_name, Department.colour, raiseload=True),
        joinedload(Slot.place).load_only(Place.name, Place.name_en, raiseload=True),
    )


def get_visible_slot(public_id: str, actor: Actor, *, in_detail: bool = True) -> Slot:
    """The slot, when it exists for `actor`, NotFound otherwise; with its details, or in one statement when everybody
    may see it."""
    query = select(Slot).where(Slot.public_id == public_id)
    found = db.session.scalars(with_details(query) if in_detail else query)
    slot: Slot | None = found.unique().one_or_none()
    if slot is None or not _exists_for(slot, actor):
        raise NotFound()
    return slot


def _exists_for(slot: Slot, actor: Actor) -> bool:
    if slot.state is not SlotState.DRAFT and not slot.is_hidden:
        return True
    if is_allowed(actor, Permission.SEE_HIDDEN_SLOT, slot.scope):
        return True
    if any(department.id in actor.departments(*STAFF) for department in slot.supporting):
        return True
    if slot.handed_to_id is not None and slot.handed_to_id in actor.departments(*STAFF):
        return True
    if slot.state is SlotState.DRAFT:
        return False
    audience = audience_of(slot)
    return any(is_for(audience, profile) for profile in get_profiles(actor.enterprises()))


def get_slot_of(public_id: str, actor: Actor, permission: Permission) -> Slot:
    """The slot of a department in which `actor` has `permission`, locked; NotFound for anybody else."""
    slot = db.session.scalars(
        select(Slot)
        .where(Slot.public_id == public_id)
        .options(joinedload(Slot.department))
        .with_for_update(of=Slot, key_share=True),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if slot is None or not is_allowed(actor, permission, slot.scope):
        raise NotFound()
    return settled(slot)


def settled(slot: Slot) -> Slot:
    """A slot that was read with department and place while another transaction changed it: PostgreSQL then reads the
    locked row alone anew, and what is joined to its new values is missing. It is read here."""
    keys = {"department": slot.department_id, "place": slot.place_id}
    missing = [name for name, key in keys.items() if key is not None and vars(slot).get(name, name) is None]
    if missing:
        db.session.refresh(slot, missing)
    return slot


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which slots a list may show `actor`."""
    shown = and_(Slot.state != SlotState.DRAFT, Slot.is_hidden.is_(False))
    if actor.has(*EVERYTHING):
        return true()
    conditions: list[ColumnElement[bool]] = [shown]
    departments = actor.departments(*STAFF)
    if departments:
        conditions.append(_of_departments(departments))
    if actor.enterprises():
        conditions.append(Slot.id.in_(_hidden_slots_for(actor.enterprises())))
    return or_(*conditions)


def _of_departments(departments: Collection[int]) -> ColumnElement[bool]:
    supported = select(slot_departments.c.slot_id).where(slot_departments.c.department_id.in_(departments))
    return or_(Slot.department_id.in_(departments), Slot.id.in_(supported))


def _hidden_slots_for(enterprises: Collection[int]) -> list[int]:
    """Hidden slots to come whose audience holds one of the enterprises. They are few: named ones and care visits."""
    invited = select(slot_enterprises.c.slot_id).where(slot_enterprises.c.enterprise_id.in_(enterprises))
    others = db.session.scalars(
        select(Slot).where(
            Slot.is_hidden,
            Slot.state != SlotState.DRAFT,
            Slot.audience_kind != AudienceKind.NAMED,
            Slot.ends_at > now(),
        )
    ).all()
    profiles = get_profiles(enterprises) if others else []
    fitting = [slot.id for slot in others if any(is_for(audience_of(slot), profile) for profile in profiles)]
    named = db.session.scalars(select(Slot.id).where(Slot.id.in_(invited), Slot.state != SlotState.DRAFT)).all()
    return [*named, *fitting]


def narrowed(query: Select[Any], wanted: SlotFilter) -> Select[Any]:
    """The query of slots, of those that fit alone."""
    query = query.where(Slot.state.in_(wanted.states))
    if wanted.starts_from is not None:
        query = query.where(Slot.starts_at >= wanted.starts_from)
    if wanted.starts_before is not None:
        query = query.where(Slot.starts_at < wanted.starts_before)
    if wanted.department:
        ids = select(Department.id).where(
            or_(Department.public_id == wanted.department, Department.code == wanted.department)
        )
        supported = select(slot_departments.c.slot_id).where(slot_departments.c.department_id.in_(ids))
        query = query.where(or_(Slot.department_id.in_(ids), Slot.id.in_(supported)))
    if wanted.park:
        query = query.where(Slot.park_id.in_(select(Park.id).where(Park.public_id == wanted.park)))
    if wanted.edition:
        query = query.where(Slot.edition_id.in_(select(Edition.id).where(Edition.public_id == wanted.edition)))
    if wanted.topic is not None:
        query = query.where(Slot.topic == wanted.topic)
    if wanted.format is not None:
        query = query.where(Slot.format == wanted.format)
    if wanted.has_places:
        query = query.where(has_places(), Slot.closes_at > now())
    return _searched(query, wanted.search)


def has_places(party: int | ColumnElement[int] = 1) -> ColumnElement[bool]:
    """Which slots have room for a party."""
    people = or_(Slot.attendee_capacity.is_(None), Slot.people_taken + party <= Slot.attendee_capacity)
    return and_(Slot.places_taken < Slot.capacity, people)


def _searched(query: Select[Any], search: str) -> Select[Any]:
    """Every word must be found in title or description, or (in pinyin too) in the department's or park's names."""
    for word in search.split()[:6]:
        departments = select(Department.id).where(Department.search_text.contains(fold(word), autoescape=True))
        parks = select(Park.id).where(Park.search_text.contains(fold(word), autoescape=True))
        query = query.where(
            or_(
                func.lower(Slot.title).contains(word.lower(), autoescape=True),
                func.lower(Slot.title_en).contains(word.lower(), autoescape=True),
                func.lower(Slot.description).contains(word.lower(), autoescape=True),
                Slot.department_id.in_(departments),
                Slot.park_id.in_(parks),
            )
        )
    return query


def list_slots(
    wanted: SlotFilter,
    actor: Actor,
    *,
    limit: int,
    after: tuple[datetime, int] | None = None,
    loaded: Callable[[Select[Any]], Select[Any]] = with_details,
) -> Sequence[Slot]:
    """Up to `limit` slots by start; `after` is the (start, primary key) of the last one seen."""
    query = narrowed(loaded(select(Slot)), wanted).where(visible_to(actor))
    if after is not None:
        query = query.where(or_(Slot.starts_at > after[0], and_(Slot.starts_at == after[0], Slot.id > after[1])))
    return db.session.scalars(query.order_by(Slot.starts_at, Slot.id).limit(limit)).unique().all()


def list_desk_slots(
    actor: Actor, starts_from: datetime, starts_before: datetime, lead: int | None = None
) -> Sequence[Slot]:
    """Every slot, drafts too, of the departments whose desk `actor` sits at, by start; only those that the department
    `lead` (a primary key) leads."""
    mine: ColumnElement[bool] = true() if actor.has(*EVERYTHING) else false()
    departments = actor.departments(*STAFF)
    if departments:
        mine = _of_departments(departments)
    elif any(grant.role in STAFF and grant.department is None for grant in actor.grants):
        mine = true()
    query = with_details(select(Slot)).where(mine, Slot.starts_at >= starts_from, Slot.starts_at < starts_before)
    if lead is not None:
        query = query.where(Slot.department_id == lead)
    return db.session.scalars(query.order_by(Slot.starts_at, Slot.id)).unique().all()


def count_by_department(starts_from: datetime, starts_before: datetime) -> dict[int, SlotCounts]:
    """How the slots of each lead department (by primary key) stand; departments without any are left out."""
    published = Slot.state == SlotState.PUBLISHED
    query = (
        select(
            Slot.department_id,
            func.count().filter(published),
            func.count().filter(Slot.state == SlotState.DRAFT),
            func.coalesce(func.sum(Slot.places_taken).filter(published), 0),
            func.coalesce(func.sum(Slot.capacity - Slot.places_taken).filter(published), 0),
        )
        .where(Slot.starts_at >= starts_from, Slot.starts_at < starts_before)
        .group_by(Slot.department_id)
    )
    return {row[0]: SlotCounts(*row[1:]) for row in db.session.execute(query)}


def find_keys(model: Any, named: Collection[str], columns: Collection[Any] = ()) -> dict[str, int]:
    """Primary keys of the rows of `model` by what names them here: the public id or one of `columns`, as it is."""
    columns = (model.public_id, *columns)
    rows = db.session.execute(
        select(model.id, *columns).where(or_(*[column.in_(set(named)) for column in columns]))
    ).all()
    return {name: row[0] for row in rows for name in row[1:] if name in named}
