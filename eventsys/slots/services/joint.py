"""Joint slots: the lead names supporting departments, each is asked and confirms or declines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import update

from eventsys.core import audit
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.directory.models import Department
from eventsys.slots.messages import tell_department_of_slots, tell_supporting
from eventsys.slots.models import Slot, slot_departments
from eventsys.slots.queries import find_keys, lock_slots
from eventsys.slots.queries.support import confirmed_support, list_unasked
from eventsys.slots.rules import SlotState
from eventsys.slots.services.publishing import sets_of, touch

CONFIRMED, DECLINED = "confirmed", "declined"


def ask_supporting(slots: Sequence[Slot], *, actor: Actor) -> None:
    """Ask the departments that support these slots and were not asked yet, each with one message. One for which the
    actor answers has agreed by that."""
    joint = {slot.id: slot for slot in slots if slot.supporting}
    wanted: dict[int, list[int]] = defaultdict(list)
    for slot, department in list_unasked(joint) if joint else ():
        wanted[department].append(slot)
    for department, keys in wanted.items():
        agrees = department in actor.departments(Role.CLERK)
        _answer(department, keys, asked_at=now(), confirmed_at=now() if agrees else None)
        if not agrees:
            tell_department_of_slots("support_wanted", department, [joint[key] for key in keys])


def ask_again(slot: Slot, *, actor: Actor) -> None:
    """Ask every supporting department anew: the slot is at another time than they agreed to."""
    for department in slot.supporting:
        _answer(department.id, [slot.id], asked_at=None, confirmed_at=None)
    ask_supporting([slot], actor=actor)


def confirm_support(slots: Collection[str], department: str, *, actor: Actor) -> int:
    """Agree, for a department, to support slots (public ids); how many it had not agreed to. Each lead has one message.

    NotFound when it is not asked to, Conflict when one is called off or over.
    """
    own = get_answerer(department, actor)
    locked = lock_slots(list(find_keys(Slot, slots).values()))
    if len(locked) != len(set(slots)):
        raise NotFound()
    newly: dict[int, list[Slot]] = defaultdict(list)
    for slot in locked:
        if check_supports(slot, own) is None:
            newly[slot.department_id].append(slot)
    for lead, agreed in newly.items():
        _answer(own.id, [slot.id for slot in agreed], confirmed_at=now())
        for slot in agreed:
            audit.record(actor, "slot.support_confirmed", "slot", slot.public_id, after={"department": own.code})
        tell_department_of_slots("support_answered", lead, agreed, answerer=own.name, answer=CONFIRMED)
    return sum(map(len, newly.values()))


def withdraw_support(slot: Slot, department: Department, reason: str, *, actor: Actor) -> None:
    """Take a department that declines from a locked slot, with its staff, and tell the lead why. The caller has locked
    who booked it: their calendars follow."""
    check_supports(slot, department)
    before = sets_of(slot)
    slot.supporting = [item for item in slot.supporting if item.id != department.id]
    slot.staff = [item for item in slot.staff if item.department_id != department.id]
    slot.version += 1
    db.session.flush()
    details = {"department": department.code}
    audit.record(actor, "slot.support_declined", "slot", slot.public_id, before=details, reason=reason)
    touch([slot], before)
    told = {"answerer": department.name, "answer": DECLINED, "reason": reason}
    tell_department_of_slots("support_answered", slot.department_id, [slot], **told)


def follow_supporting(slot: Slot, before: frozenset[int], *, actor: Actor) -> None:
    """After a change of who supports a slot: ask who is new, tell who is named no more (`before` are the departments of
    the slot that was, by primary key)."""
    ask_supporting([slot], actor=actor)
    gone = before - {slot.department_id, *(department.id for department in slot.supporting)}
    tell_supporting(slot, [db.session.get_one(Department, key) for key in sorted(gone)], "withdrawn")


def get_answerer(department: str, actor: Actor) -> Department:
    """The department (public id) for which the actor may answer; NotFound for another's."""
    key = find_keys(Department, [department]).get(department)
    if key is None or not is_allowed(actor, Permission.EDIT_SLOT, Scope(departments=frozenset({key}))):
        raise NotFound()
    return db.session.get_one(Department, key)


def check_supports(slot: Slot, department: Department) -> object:
    """When the department agreed to support the slot, None while it has not; NotFound when it does not support it,
    Conflict when there is nothing to answer any more."""
    answers = confirmed_support(slot)
    if department.id not in answers:
        raise NotFound()
    if slot.state is SlotState.CALLED_OFF:
        raise Conflict("already_called_off")
    if slot.ends_at <= now():
        raise Conflict("slot_over", ends_at=slot.ends_at)
    return answers[department.id]


def _answer(department: int, slots: Collection[int], **values: object) -> None:
    support = slot_departments.c
    mine = (support.department_id == department, support.slot_id.in_(slots))
    db.session.execute(update(slot_departments).where(*mine).values(**values))
