"""Make, change, copy, publish, delete and call off one slot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, Refusal
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.slots.draws import check_draw
from eventsys.slots.models import Slot, slot_enterprises
from eventsys.slots.queries import command_of, get_slot_of, get_visible_slot
from eventsys.slots.rules import Audience, NewSlot, SlotState, check_call_off, clean_slot, month_of
from eventsys.slots.services.handing import authorize_taking, handed_over, mark_taken_over
from eventsys.slots.services.joint import ask_supporting, follow_supporting
from eventsys.slots.services.making import make_slots
from eventsys.slots.services.publishing import Sets, mark_published, seal_draw, sets_of, touch
from eventsys.slots.services.writing import COUNTED, Shared, described, draw_of, set_invited, write

# What a calendar shows, or by what it is in one; a change of any of these raises the sequence (FEEDS.md 3).
SHOWN_IN_CALENDARS = frozenset(
    "title title_en description topic format services starts_at ends_at opens_at closes_at cancel_until capacity "
    "place_id park_id place_text online_url is_hidden department_id edition_id supporting staff bring "
    "door_minutes".split()
)
MOVING = (
    "starts_at", "ends_at", "opens_at", "closes_at", "cancel_until", "names_until", "queue_until", "invited_until",
    "draw_at",
)  # fmt: skip
MOVES = frozenset({"starts_at", "ends_at", "place_id", "place_text"})


def create_slot(command: NewSlot, *, actor: Actor, publish: bool = False) -> Slot:
    """A new draft of the command's department; published at once when asked."""
    return make_slots([command], actor=actor, publish=publish)[0]


def edit_slot(slot: Slot, command: NewSlot, version: int | None, *, actor: Actor) -> frozenset[str]:
    """Change a locked slot to what the command says and answer which columns differ; Conflict for a stale version.

    The caller has locked who booked it; use bookings.services.slots.change_slot, which tells them.
    """
    lead = slot.department_id
    changed, sets = _edit(slot, command, version, actor, Shared())
    set_invited(slot, command.audience)
    if changed & SHOWN_IN_CALENDARS:
        touch([slot], sets)
    if "supporting" in changed:
        follow_supporting(slot, sets.departments - {lead}, actor=actor)
    return changed


def edit_slots(changes: Iterable[tuple[Slot, NewSlot, NewSlot]], *, actor: Actor) -> None:
    """Change locked slots that nobody has booked, from the one command to the other; a refusal carries the start of
    its slot as `occurrence`."""
    shared, shown, sets_before = Shared(), [], []
    for slot, before, command in changes:
        lead = slot.department_id
        with naming(slot):
            changed, sets = _edit(slot, command, None, actor, shared)
            if command.audience != before.audience:
                set_invited(slot, command.audience)
        if changed & SHOWN_IN_CALENDARS:
            shown.append(slot)
            sets_before.append(sets)
        if "supporting" in changed:
            follow_supporting(slot, sets.departments - {lead}, actor=actor)
    touch(shown, *sets_before)


@contextmanager
def naming(slot: Slot) -> Iterator[None]:
    """What is refused of one of several slots says of which."""
    starts_at = slot.starts_at
    try:
        yield
    except Refusal as error:
        raise Conflict("run_refused", occurrence=starts_at, because=error) from error


def _edit(
    slot: Slot, command: NewSlot, version: int | None, actor: Actor, shared: Shared
) -> tuple[frozenset[str], Sets]:
    """Write the command into the row; which columns differ, and the feed sets it was in."""
    authorize(actor, Permission.EDIT_SLOT, slot.scope)
    return _rewrite(slot, command, version, actor, shared)


def check_edit(slot: Slot, command: NewSlot, version: int | None, *, actor: Actor) -> NewSlot:
    """The command with cleaned texts when the slot may be changed to it; otherwise what `edit_slot` refuses."""
    authorize(actor, Permission.EDIT_SLOT, slot.scope)
    return _checked(slot, command, version, actor)


def take_over(slot: Slot, department: int, *, actor: Actor) -> None:
    """Make a locked slot that is offered to a department (primary key) its own. The caller has locked who booked it."""
    authorize_taking(slot, actor)
    command = handed_over(command_of(slot), department)
    _changed, sets = _rewrite(slot, command, None, actor, Shared())
    db.session.refresh(slot, ["department"])
    mark_taken_over(slot, actor=actor)
    touch([slot], sets)


def _checked(slot: Slot, command: NewSlot, version: int | None, actor: Actor) -> NewSlot:
    if slot.state is SlotState.CALLED_OFF:
        raise Conflict("already_called_off")
    if command.department != slot.department_id:
        authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({command.department})))
    slot.check_version(version)
    command = clean_slot(command, now(), was_starting_at=slot.starts_at)
    if command.capacity < slot.places_taken:
        raise Invalid("capacity_below_booked", field="capacity", taken=slot.places_taken)
    if command.attendee_capacity is not None and command.attendee_capacity < slot.people_taken:
        raise Invalid("capacity_below_booked", field="attendee_capacity", taken=slot.people_taken)
    check_draw(
        draw_of(slot),
        draw_of(command),
        now(),
        registered=slot.waiting,
        booked=slot.places_taken,
        is_drawn=slot.drawn_at is not None,
    )
    return command


def _rewrite(
    slot: Slot, command: NewSlot, version: int | None, actor: Actor, shared: Shared
) -> tuple[frozenset[str], Sets]:
    command = _checked(slot, command, version, actor)
    slot.require_version(version)
    before, sets = described(slot), sets_of(slot)
    slot.department_id = command.department
    write(slot, command, shared)
    db.session.flush()
    after = described(slot)
    changed = frozenset(key for key in after if before[key] != after[key])
    if changed:
        old, new = audit.changes(before, after)
        audit.record(actor, "slot.changed", "slot", slot.public_id, before=old, after=new)
    if slot.state is SlotState.PUBLISHED:
        seal_draw(slot, actor)
    return changed, sets


def copy_slot(public_id: str, *, actor: Actor) -> Slot:
    """A draft like the slot, a week later (or as many weeks as put it into the future)."""
    source = get_visible_slot(public_id, actor)
    authorize(actor, Permission.CREATE_SLOT, source.scope)
    copy = Slot(public_id=new_public_id(), created_by_id=actor.person, state=SlotState.DRAFT)
    skipped = {"id", "public_id", "state", "version", "created_at", "created_by_id", "published_at", "called_off_at"}
    skipped |= {"call_off_reason", "run_id", "handed_to_id", "changed_at", "sequence", *COUNTED}
    for column in set(Slot.__table__.columns.keys()) - skipped:
        setattr(copy, column, getattr(source, column))
    copy.supporting, copy.services, copy.staff = list(source.supporting), list(source.services), list(source.staff)
    _postpone(copy)
    copy.changed_at = now()
    db.session.add(copy)
    db.session.flush()
    invited = select(slot_enterprises.c.enterprise_id).where(slot_enterprises.c.slot_id == source.id)
    set_invited(copy, Audience(enterprises=tuple(db.session.scalars(invited))))
    audit.record(actor, "slot.created", "slot", copy.public_id, after={**described(copy), "copied_from": public_id})
    ask_supporting([copy], actor=actor)
    return copy


def publish_slot(public_id: str, *, actor: Actor) -> Slot:
    """Publish a draft; its window opens at once unless it has an opening time."""
    slot = get_slot_of(public_id, actor, Permission.EDIT_SLOT)
    mark_published([slot], actor)
    return slot


def delete_draft(public_id: str, *, actor: Actor) -> None:
    """Remove a draft for good; a published slot is called off instead."""
    slot = get_slot_of(public_id, actor, Permission.EDIT_SLOT)
    if slot.state is not SlotState.DRAFT:
        raise Conflict("has_bookings")
    audit.record(actor, "slot.deleted", "slot", slot.public_id, before=described(slot))
    db.session.delete(slot)


def mark_called_off(slot: Slot, reason: str, *, actor: Actor) -> None:
    """Call a locked slot off. Bookings and messages follow on the floor above (bookings.services.slots)."""
    reason = check_call_off(slot.state, slot.ends_at, now(), reason)
    slot.state, slot.called_off_at, slot.call_off_reason = SlotState.CALLED_OFF, now(), reason
    slot.version += 1
    audit.record(actor, "slot.called_off", "slot", slot.public_id, reason=reason)
    touch([slot])


def _postpone(slot: Slot) -> None:
    weeks = max(1, (now() - slot.starts_at).days // 7 + 1)
    for name in MOVING:
        value: datetime | None = getattr(slot, name)
        if value is not None:
            setattr(slot, name, value + timedelta(weeks=weeks))
    slot.month = month_of(slot.starts_at, installation().zone)
