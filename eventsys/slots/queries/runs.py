"""Reads for slots made many at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.ids import is_public_id
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Run, Slot
from eventsys.slots.queries.audiences import audiences_of
from eventsys.slots.queries.slots import with_details
from eventsys.slots.rules import NewQuestion, NewSlot, QuestionKind, SlotState
from eventsys.slots.scopes import RunScope

SAME = (
    "title", "title_en", "description", "topic", "format", "place_text", "online_url", "bring", "starts_at", "ends_at",
    "opens_at", "closes_at", "cancel_until", "names_until", "capacity", "attendee_capacity", "party_max",
    "needs_approval", "walk_ins", "door_minutes", "quota_month", "quota_edition", "quota_open", "invited_until",
    "draw_at", "is_draw_weighted",
)  # fmt: skip

_LISTS = (selectinload(Slot.supporting), selectinload(Slot.services), selectinload(Slot.staff))


def command_of(slot: Slot) -> NewSlot:
    """The command that makes a slot what it is."""
    return commands_of([slot])[0]


def commands_of(slots: Sequence[Slot]) -> list[NewSlot]:
    """The commands that make slots what they are."""
    audiences = audiences_of(slots, with_invited=True)
    return [
        NewSlot(
            department=slot.department_id,
            **{name: getattr(slot, name) for name in SAME},
            supporting=tuple(department.id for department in slot.supporting),
            services=tuple(service.id for service in slot.services),
            staff=tuple(item.id for item in slot.staff),
            place=slot.place_id,
            audience=audiences[slot.id],
            questions=tuple(
                NewQuestion(item["label"], QuestionKind(item["kind"]), item["required"]) for item in slot.questions
            ),
            edition=slot.edition_id,
        )
        for slot in slots
    ]


def find_commands(public_ids: Collection[str]) -> list[NewSlot]:
    """The commands of the slots that have these public ids."""
    query = select(Slot).where(Slot.public_id.in_(public_ids)).options(*_LISTS).order_by(Slot.id)
    return commands_of(db.session.scalars(query).all())


def list_led_slots(department: int, starts_from: datetime, starts_before: datetime) -> Sequence[Slot]:
    """The slots that the department (a primary key) leads, called-off ones left out, by start."""
    query = select(Slot).where(
        Slot.department_id == department,
        Slot.state != SlotState.CALLED_OFF,
        Slot.starts_at >= starts_from,
        Slot.starts_at < starts_before,
    )
    return db.session.scalars(query.options(*_LISTS).order_by(Slot.starts_at, Slot.id)).all()


def find_run(public_id: str, actor: Actor) -> Run | None:
    """The run, when its department's slots are the actor's to edit."""
    if not is_public_id(public_id):  # it may come from a form
        return None
    run = db.session.scalars(
        select(Run).where(Run.public_id == public_id).options(joinedload(Run.department))
    ).one_or_none()
    return run if run is not None and is_allowed(actor, Permission.EDIT_SLOT, run.scope) else None


def get_run(public_id: str, actor: Actor) -> Run:
    """The run of a department whose slots `actor` may edit; NotFound for anybody else."""
    run = find_run(public_id, actor)
    if run is None:
        raise NotFound()
    return run


def list_run_slots(run: Run) -> Sequence[Slot]:
    """The slots of a run that its department still leads, by start."""
    query = with_details(select(Slot)).where(Slot.run_id == run.id, Slot.department_id == run.department_id)
    return db.session.scalars(query.order_by(Slot.starts_at, Slot.id)).unique().all()


def lock_run_drafts(run: Run) -> Sequence[Slot]:
    """The drafts of a run that its department still leads, locked in the order of their keys."""
    query = (
        select(Slot)
        .where(Slot.run_id == run.id, Slot.department_id == run.department_id, Slot.state == SlotState.DRAFT)
        .options(*_LISTS)
        .order_by(Slot.id)
        .with_for_update(of=Slot, key_share=True)
    )
    return db.session.scalars(query, execution_options={"populate_existing": True}).all()


def lock_slots(keys: Collection[int]) -> Sequence[Slot]:
    """The slots with these primary keys, locked in their order."""
    query = (
        select(Slot)
        .where(Slot.id.in_(keys))
        .options(*_LISTS)
        .order_by(Slot.id)
        .with_for_update(of=Slot, key_share=True)
    )
    return db.session.scalars(query, execution_options={"populate_existing": True}).all()


def list_others_in_run(slot: Slot, scope: RunScope, since: datetime) -> Sequence[Slot]:
    """The other slots of the slot's run and department that a change of this scope reaches: neither called off nor
    begun before `since`, by primary key."""
    if slot.run_id is None or scope is RunScope.THIS:
        return []
    query = select(Slot).where(
        Slot.run_id == slot.run_id,
        Slot.department_id == slot.department_id,
        Slot.id != slot.id,
        Slot.state != SlotState.CALLED_OFF,
        Slot.starts_at > since,
    )
    if scope is RunScope.FOLLOWING:
        query = query.where(Slot.starts_at > slot.starts_at)
    return db.session.scalars(query.order_by(Slot.id)).all()
