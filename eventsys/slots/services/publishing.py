"""Publish a slot, and raise what shows it in calendars."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.slots.draws import check_draw_to_come
from eventsys.slots.models import Ballot, Slot
from eventsys.slots.rules import SlotState, check_publish

CUT_OFFS = ("closes_at", "cancel_until", "names_until", "queue_until")


def mark_published(slots: Sequence[Slot], actor: Actor) -> None:
    """Publish locked drafts; Conflict when one is none or began."""
    for slot in slots:
        check_publish(slot.state, slot.starts_at, now())
        check_draw_to_come(slot.draw_at, now())
        slot.state, slot.published_at = SlotState.PUBLISHED, now()
        slot.version += 1
        for name in CUT_OFFS:  # one already past when published is the start
            if getattr(slot, name) <= now():
                setattr(slot, name, slot.starts_at)
        audit.record(actor, "slot.published", "slot", slot.public_id)
        seal_draw(slot, actor)
    touch(slots)


def seal_draw(slot: Slot, actor: Actor) -> None:
    """Choose the seed of a slot that is drawn, once for all: from now on its hash is public, and in the trail."""
    if slot.draw_at is None or db.session.get(Ballot, slot.id) is not None:
        return
    ballot = Ballot(slot_id=slot.id, seed=secrets.token_hex(32))
    db.session.add(ballot)
    audit.record(actor, "slot.draw_sealed", "slot", slot.public_id, after={"seed_hash": ballot.seed_hash})


def touch(slots: Sequence[Slot], *sets_before: Sets) -> None:
    """Raise the sequence of slots that calendars show, and every set they are or were in."""
    for slot in slots:
        slot.changed_at = now()
        slot.sequence += 1
    db.session.flush()
    shown = [slot for slot in slots if slot.state is not SlotState.DRAFT]
    if not shown:
        return
    merged = [*map(sets_of, shown), *sets_before]
    bump_feed_sets(
        district=any(sets.is_public for sets in merged),
        departments=frozenset().union(*(sets.departments for sets in merged)),
        parks=frozenset().union(*(sets.parks for sets in merged)),
        staff=frozenset().union(*(sets.staff for sets in merged)),
    )


@dataclass(frozen=True, slots=True)
class Sets:
    """The feed sets a slot is in."""

    is_public: bool
    departments: frozenset[int]
    parks: frozenset[int]
    staff: frozenset[int] = frozenset()


def sets_of(slot: Slot) -> Sets:
    """The feed sets whose calendars show the slot as it is now."""
    departments = frozenset({slot.department_id, *(department.id for department in slot.supporting)})
    parks = frozenset({slot.park_id}) if slot.park_id is not None and not slot.is_hidden else frozenset()
    return Sets(not slot.is_hidden, departments, parks, frozenset(item.id for item in slot.staff))
