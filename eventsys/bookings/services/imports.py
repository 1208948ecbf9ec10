"""Slots imported from a sheet: all or nothing, and whoever booked one that changes is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.services.clashes import lock_visited, refuse_clashes, refusing_new_clashes, visited_by
from eventsys.bookings.services.locking import lock_slots_and_enterprises
from eventsys.bookings.services.slots import change_locked_slot
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotAllowed
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission
from eventsys.directory.imports.opening import OpenedFile, open_file, remember_mapping
from eventsys.directory.imports.rules import Change, ImportReport, Outcome, Plan
from eventsys.slots.clashes import held_as
from eventsys.slots.imports.columns import COLUMNS, KIND
from eventsys.slots.imports.known import Known
from eventsys.slots.imports.marks import Marks, marks_of
from eventsys.slots.imports.plan import plan_slots
from eventsys.slots.imports.words import split_names
from eventsys.slots.models import Slot
from eventsys.slots.queries.clashes import held_around, venues_of
from eventsys.slots.queries.imports import list_own_slots, load_known
from eventsys.slots.rules import NewSlot
from eventsys.slots.services import edit_slots, naming
from eventsys.slots.services.making import make_slots
from eventsys.workdays.queries import working_calendar

NAMING_ENTERPRISES = ("invited", "audience")


@dataclass(frozen=True, slots=True)
class SlotReport(ImportReport):
    """The answer to an import of slots, with the marks of new slots by row."""

    marks: Mapping[int, Marks] = field(default_factory=dict)


def import_slots(
    content: bytes,
    filename: str,
    *,
    mapping: Mapping[str, int] | None = None,
    dry_run: bool,
    publish: bool = False,
    actor: Actor,
) -> SlotReport:
    """Make and change the slots of a sheet, or (dry run) say what that would do. New ones are drafts unless published.

    `mapping` is field -> column (from 0); without one the remembered or recognised columns count. Problems are in the
    report, and then nothing is written; a file that cannot be read is an Invalid of the field `file`; Conflict
    `run_refused` names the slot that stands against a change. Needs a unit of work unless it is a dry run.
    """
    opened = open_file(KIND, COLUMNS, content, mapping)
    plan, known = _plan(opened, actor)
    if dry_run:
        return SlotReport(KIND, filename, opened.heading, opened.mapping, plan, False, _marks(plan, known))
    changed = [item.values["slot"].id for item in plan.changes if item.outcome is Outcome.UPDATED]
    if changed and not plan.problems:  # look again now that nobody else changes them
        lock_slots_and_enterprises(changed, visited_by(_commands(plan)))
        plan, known = _plan(opened, actor)
    elif not plan.problems:
        lock_visited(_commands(plan))
    if plan.problems:
        return SlotReport(KIND, filename, opened.heading, opened.mapping, plan, False)
    with refusing_new_clashes(changed, actor=actor):
        _change([item for item in plan.changes if item.outcome is Outcome.UPDATED], actor)
    new = [item.values["command"] for item in plan.changes if item.outcome is Outcome.CREATED]
    made = make_slots(new, actor=actor, publish=publish)
    refuse_clashes([slot.id for slot in made], actor=actor)
    remember_mapping(KIND, opened.heading, opened.mapping)
    counts = {outcome.value: plan.count(outcome) for outcome in Outcome}
    audit.record(actor, "import.applied", "import", KIND, after={"file": filename[:200], **counts})
    return SlotReport(KIND, filename, opened.heading, opened.mapping, plan, True)


def _plan(opened: OpenedFile, actor: Actor) -> tuple[Plan, Known]:
    slots = list_own_slots(_cells(opened, "id"), actor)
    named = {name for field_ in NAMING_ENTERPRISES for text in _cells(opened, field_) for name in _names(text)}
    known = load_known(actor, slots, named)
    if not known.own:
        raise NotAllowed(permission=Permission.CREATE_SLOT.value)
    return plan_slots(opened.rows, opened.mapping, opened.heading.texts, known, now()), known


def _commands(plan: Plan) -> list[NewSlot]:
    """What slots are made or changed to be."""
    written = (Outcome.CREATED, Outcome.UPDATED)
    return [item.values["command"] for item in plan.changes if item.outcome in written]


def _cells(opened: OpenedFile, name: str) -> set[str]:
    """The different texts of a column."""
    index = opened.mapping.get(name)
    if index is None:
        return set()
    return {row.cells[index].strip() for row in opened.rows if index < len(row.cells)} - {""}


def _names(text: str) -> Sequence[str]:
    """Names of enterprises in a cell, which may begin with 定向：."""
    return split_names(text.replace("：", ":", 1).partition(":")[2] or text)


def _change(changes: Sequence[Change], actor: Actor) -> None:
    """Those nobody has ever booked in one go, each of the others with who has."""
    keys = [item.values["slot"].id for item in changes]
    booked = _booked(keys)
    slots = {slot.id: slot for slot in db.session.scalars(select(Slot).where(Slot.id.in_(keys)))} if keys else {}
    free = [item for item in changes if item.values["slot"].id not in booked]
    edit_slots(
        [(slots[item.values["slot"].id], item.values["slot"].command, item.values["command"]) for item in free],
        actor=actor,
    )
    for item in changes:
        if item.values["slot"].id in booked:
            with naming(slots[item.values["slot"].id]):
                slot, own = slots[item.values["slot"].id], item.values["slot"]
                change_locked_slot(slot, item.values["command"], own.version, actor=actor)


def _booked(slots: Collection[int]) -> set[int]:
    query = select(Booking.slot_id).where(Booking.slot_id.in_(slots)).distinct()
    return set(db.session.scalars(query)) if slots else set()


def _marks(plan: Plan, known: Known) -> dict[int, Marks]:
    """What stands against each new slot, by row."""
    new = [item for item in plan.changes if item.outcome is Outcome.CREATED]
    commands = [item.values["command"] for item in new]
    if not commands:
        return {}
    venues = venues_of({item.place for item in commands if item.place is not None})
    around = held_around([held_as(item, venues) for item in commands])
    is_workday = working_calendar().is_workday
    found = marks_of(commands, around, venues, installation().zone, is_workday, lambda key: known.settings[key])
    return {item.row: marks for item, marks in zip(new, found, strict=True)}
