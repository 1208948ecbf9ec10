"""The verbs that change slots. What reaches those who booked is told by bookings.services.slots, a floor above."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Tag
from eventsys.directory.queries import settings_of
from eventsys.slots.draws import Draw, check_draw, check_draw_time, check_draw_to_come
from eventsys.slots.models import Ballot, Edition, Slot, slot_enterprises
from eventsys.slots.queries import get_slot_of, get_visible_slot
from eventsys.slots.rules import (
    Audience,
    NewSlot,
    SlotState,
    check_call_off,
    check_publish,
    clean_slot,
    month_of,
    window_of,
)
from eventsys.workdays.queries import working_calendar

# What a calendar shows; a change of any of these raises the sequence (FEEDS.md 3).
SHOWN_IN_CALENDARS = frozenset(
    "title title_en description topic format services starts_at ends_at opens_at closes_at cancel_until capacity "
    "place_id park_id place_text online_url is_hidden department_id supporting".split()
)
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
MOVING = (
    "starts_at", "ends_at", "opens_at", "closes_at", "cancel_until", "names_until", "queue_until", "invited_until",
    "draw_at",
)  # fmt: skip
CUT_OFFS = ("closes_at", "cancel_until", "names_until", "queue_until")
MOVES = frozenset({"starts_at", "ends_at", "place_id", "place_text"})


def create_slot(command: NewSlot, *, actor: Actor, publish: bool = False) -> Slot:
    """A new draft of the command's department; published at once when asked."""
    authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({command.department})))
    command = clean_slot(command, now())
    check_draw(Draw(), _draw_of(command), now())
    slot = Slot(
        public_id=new_public_id(), department_id=command.department, created_by_id=actor.person, state=SlotState.DRAFT
    )
    _write(slot, command)
    db.session.add(slot)
    db.session.flush()
    _set_invited(slot, command.audience)
    audit.record(actor, "slot.created", "slot", slot.public_id, after=described(slot))
    if publish:
        _publish(slot, actor)
    return slot


def edit_slot(slot: Slot, command: NewSlot, version: int | None, *, actor: Actor) -> frozenset[str]:
    """Change a locked slot to what the command says and answer which columns differ; Conflict for a stale version.

    The caller has locked who booked it; use bookings.services.slots.change_slot, which tells them.
    """
    authorize(actor, Permission.EDIT_SLOT, slot.scope)
    if slot.state is SlotState.CALLED_OFF:
        raise Conflict("already_called_off")
    if command.department != slot.department_id:
        authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({command.department})))
    slot.require_version(version)
    command = clean_slot(command, now(), was_starting_at=slot.starts_at)
    if command.capacity < slot.places_taken:
        raise Invalid("capacity_below_booked", field="capacity", taken=slot.places_taken)
    if command.attendee_capacity is not None and command.attendee_capacity < slot.people_taken:
        raise Invalid("capacity_below_booked", field="attendee_capacity", taken=slot.people_taken)
    check_draw(
        _draw_of(slot),
        _draw_of(command),
        now(),
        registered=slot.waiting,
        booked=slot.places_taken,
        is_drawn=slot.drawn_at is not None,
    )
    before, sets = described(slot), _sets_of(slot)
    slot.department_id = command.department
    _write(slot, command)
    _set_invited(slot, command.audience)
    db.session.flush()
    after = described(slot)
    changed = frozenset(key for key in after if before[key] != after[key])
    if changed:
        old, new = audit.changes(before, after)
        audit.record(actor, "slot.changed", "slot", slot.public_id, before=old, after=new)
    if slot.state is SlotState.PUBLISHED:
        _seal_draw(slot, actor)
    if changed & SHOWN_IN_CALENDARS:
        _touch(slot, sets)
    return changed


def copy_slot(public_id: str, *, actor: Actor) -> Slot:
    """A draft like the slot, a week later (or as many weeks as put it into the future)."""
    source = get_visible_slot(public_id, actor)
    authorize(actor, Permission.CREATE_SLOT, source.scope)
    copy = Slot(public_id=new_public_id(), created_by_id=actor.person, state=SlotState.DRAFT)
    skipped = {"id", "public_id", "state", "version", "created_at", "created_by_id", "published_at", "called_off_at"}
    skipped |= {"call_off_reason", "changed_at", "sequence", *COUNTED}
    for column in set(Slot.__table__.columns.keys()) - skipped:
        setattr(copy, column, getattr(source, column))
    copy.supporting, copy.services = list(source.supporting), list(source.services)
    _postpone(copy)
    copy.changed_at = now()
    db.session.add(copy)
    db.session.flush()
    invited = select(slot_enterprises.c.enterprise_id).where(slot_enterprises.c.slot_id == source.id)
    _set_invited(copy, Audience(enterprises=tuple(db.session.scalars(invited))))
    audit.record(actor, "slot.created", "slot", copy.public_id, after={**described(copy), "copied_from": public_id})
    return copy


def publish_slot(public_id: str, *, actor: Actor) -> Slot:
    """Publish a draft; its window opens at once unless it has an opening time."""
    slot = get_slot_of(public_id, actor, Permission.EDIT_SLOT)
    _publish(slot, actor)
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
    _touch(slot)


def described(slot: Slot) -> dict[str, Any]:
    """What the audit trail keeps of a slot: its columns that people set."""
    skipped = {"id", "public_id", "version", "changed_at", "sequence", "created_at", *COUNTED}
    kept = {name: getattr(slot, name) for name in set(Slot.__table__.columns.keys()) - skipped}
    kept["supporting"] = sorted(department.code for department in slot.supporting)
    kept["services"] = sorted(service.id for service in slot.services)
    return kept


def _publish(slot: Slot, actor: Actor) -> None:
    check_publish(slot.state, slot.starts_at, now())
    check_draw_to_come(slot.draw_at, now())
    slot.state, slot.published_at = SlotState.PUBLISHED, now()
    slot.version += 1
    for name in CUT_OFFS:  # one already past when published is the start
        if getattr(slot, name) <= now():
            setattr(slot, name, slot.starts_at)
    audit.record(actor, "slot.published", "slot", slot.public_id)
    _seal_draw(slot, actor)
    _touch(slot)


def _draw_of(slot: Slot | NewSlot) -> Draw:
    return Draw(slot.draw_at, slot.is_draw_weighted)


def _seal_draw(slot: Slot, actor: Actor) -> None:
    """Choose the seed of a slot that is drawn, once for all: from now on its hash is public, and in the trail."""
    if slot.draw_at is None or db.session.get(Ballot, slot.id) is not None:
        return
    ballot = Ballot(slot_id=slot.id, seed=secrets.token_hex(32))
    db.session.add(ballot)
    audit.record(actor, "slot.draw_sealed", "slot", slot.public_id, after={"seed_hash": ballot.seed_hash})


def _touch(slot: Slot, *sets_before: _Sets) -> None:
    """Raise the sequence of a slot that calendars show, and every set it is or was in."""
    slot.changed_at = now()
    slot.sequence += 1
    db.session.flush()
    if slot.state is SlotState.DRAFT:
        return
    merged = [_sets_of(slot), *sets_before]
    bump_feed_sets(
        district=any(sets.is_public for sets in merged),
        departments=frozenset().union(*(sets.departments for sets in merged)),
        parks=frozenset().union(*(sets.parks for sets in merged)),
    )


@dataclass(frozen=True, slots=True)
class _Sets:
    """The feed sets a slot is in."""

    is_public: bool
    departments: frozenset[int]
    parks: frozenset[int]


def _sets_of(slot: Slot) -> _Sets:
    departments = frozenset({slot.department_id, *(department.id for department in slot.supporting)})
    parks = frozenset({slot.park_id}) if slot.park_id is not None and not slot.is_hidden else frozenset()
    return _Sets(not slot.is_hidden, departments, parks)


def _postpone(slot: Slot) -> None:
    weeks = max(1, (now() - slot.starts_at).days // 7 + 1)
    for name in MOVING:
        value: datetime | None = getattr(slot, name)
        if value is not None:
            setattr(slot, name, value + timedelta(weeks=weeks))
    slot.month = month_of(slot.starts_at, installation().zone)


def _write(slot: Slot, command: NewSlot) -> None:
    """Put the command's values into the row; Invalid when an organisation or place does not exist."""
    defaults = settings_of(command.department).of_format(command.format)
    window = window_of(command, defaults, working_calendar(), installation().zone, now())
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


def _set_invited(slot: Slot, audience: Audience) -> None:
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
