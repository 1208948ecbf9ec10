"""Many slots at once: look at them, make them, publish or delete what is still a draft of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict
from eventsys.core.ids import is_public_id, new_public_id
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.queries import settings_of
from eventsys.slots.clashes import held_as
from eventsys.slots.models import Run
from eventsys.slots.queries import commands_of, get_run, list_led_slots, lock_run_drafts
from eventsys.slots.queries.clashes import held_around, venues_of
from eventsys.slots.rules import clean_slot
from eventsys.slots.runs import (
    MonthCopy,
    NewRun,
    Preview,
    as_stored,
    chosen_of,
    copy_into_next_month,
    expand,
    marked,
)
from eventsys.slots.services.making import make_slots
from eventsys.slots.services.publishing import mark_published
from eventsys.slots.services.writing import described
from eventsys.workdays.queries import working_calendar


def preview_run(command: NewRun | MonthCopy, *, actor: Actor) -> Preview:
    """The slots that would be made, with what stands against each; nothing is written. Invalid as creation would be."""
    authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({command.department})))
    zone, calendar = installation().zone, working_calendar()
    if isinstance(command, NewRun):
        preview = expand(command, zone, calendar.is_workday, now())
    else:
        starts_from = datetime.combine(command.month, datetime.min.time(), zone)
        next_month = (command.month + timedelta(days=31)).replace(day=1)
        slots = list_led_slots(command.department, starts_from, datetime.combine(next_month, starts_from.time(), zone))
        named = [(slot.public_id, own) for slot, own in zip(slots, commands_of(slots), strict=True)]
        preview = copy_into_next_month(command, named, zone, calendar.is_workday, now())
    candidates = [clean_slot(candidate.slot, now()) for candidate in preview.candidates]
    venues = venues_of({slot.place for slot in candidates if slot.place is not None})
    around = held_around([held_as(slot, venues) for slot in candidates])
    return marked(preview, around, venues, settings_of(command.department), zone)


def create_run(command: NewRun | MonthCopy, *, actor: Actor, publish: bool = False) -> Run:
    """Make the slots chosen of the preview, as drafts or published at once: all of them or none.

    Conflict `run_made` when a run of this public id is there already, `run_changed` when what was chosen is no more.
    """
    chosen = chosen_of(preview_run(command, actor=actor), command.chosen)
    run = Run(
        public_id=command.public_id if is_public_id(command.public_id) else new_public_id(),
        department_id=command.department,
        rule=as_stored(command),
        created_by_id=actor.person,
    )
    db.session.add(run)
    db.session.flush()
    slots = make_slots([candidate.slot for candidate in chosen], actor=actor, publish=publish, run=run)
    audit.record(actor, "run.created", "run", run.public_id, after={"slots": len(slots)})
    return run


def publish_run(public_id: str, *, actor: Actor) -> int:
    """Publish the drafts of a run that have not begun, and say how many they are."""
    drafts = [slot for slot in lock_run_drafts(get_run(public_id, actor)) if slot.starts_at > now()]
    mark_published(drafts, actor)
    return len(drafts)


def delete_run_drafts(public_id: str, *, actor: Actor, untouched: bool = False) -> int:
    """Delete the drafts of a run for good, or only those nobody has edited, and say how many they were."""
    run = get_run(public_id, actor)
    drafts = [slot for slot in lock_run_drafts(run) if not untouched or slot.version == 1]
    for slot in drafts:
        audit.record(actor, "slot.deleted", "slot", slot.public_id, before=described(slot))
        db.session.delete(slot)
    db.session.flush()
    return len(drafts)


def undo_run(public_id: str, *, actor: Actor) -> int:
    """Take back the creation of a run: its drafts that nobody has edited are deleted. Conflict when there are none."""
    deleted = delete_run_drafts(public_id, actor=actor, untouched=True)
    if not deleted:
        raise Conflict("nothing_to_undo")
    return deleted
