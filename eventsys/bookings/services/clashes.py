"""Refuse what the settings forbid: a slot that clashes with another. Whoever makes or changes slots asks here at the
end, with rows locked that two of them at once have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import select

from eventsys.bookings.queries.clashes import list_clashes_of, tell_clashes
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Conflict
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Enterprise, Place, Staff
from eventsys.directory.queries import settings_of
from eventsys.directory.settings import ClashRule
from eventsys.slots.clashes import Clash, ClashKind, rules_of, visits_only
from eventsys.slots.models import Slot, slot_staff
from eventsys.slots.rules import NewSlot

Known = tuple[ClashKind, int | None, int | None, int | None, date]


def lock_visited(commands: Iterable[NewSlot], also: Collection[int] = ()) -> None:
    """Lock the enterprises that these slots visit, where visiting one twice a day is forbidden, and `also` others: to
    be called before any slot is locked."""
    _lock(Enterprise, {*visited_by(commands), *also})


def visited_by(commands: Iterable[NewSlot]) -> set[int]:
    """The enterprises (primary keys) to be locked before slots are made or changed to what the commands say."""
    visited = {(command.department, enterprise) for command in commands if (enterprise := visits_only(command))}
    forbidding = {key for key in {key for key, _one in visited} if _forbids(key, ClashKind.ENTERPRISE)}
    return {enterprise for department, enterprise in visited if department in forbidding}


def refuse_clashes(slots: Collection[int], *, actor: Actor, known: Collection[Known] = ()) -> None:
    """Conflict `slot_clash` when a clash of one of these locked or new slots (primary keys) is forbidden and none of
    the `known` ones; it names the other slot, and the `position` of the own among several."""
    strict = _strict_among(slots)
    if not strict:
        return
    _lock_in_common([slot.id for slot in strict])
    for clash in list_clashes_of([slot.id for slot in strict]):
        if clash.is_forbidden and _as_known(clash) not in known:
            [told] = tell_clashes([clash], actor)
            position = {"position": list(slots).index(clash.mine.key or 0)} if len(slots) > 1 else {}
            raise Conflict("slot_clash", wording=told.code, **told.fields, **position)


@contextmanager
def refusing_new_clashes(slots: Collection[int], *, actor: Actor) -> Iterator[None]:
    """Refuse the clashes that a change of these locked slots (primary keys) brings in. Those that were there before
    hinder nobody from mending a title."""
    strict = [slot.id for slot in _strict_among(slots)]
    known = {_as_known(clash) for clash in list_clashes_of(strict) if clash.is_forbidden}
    yield
    refuse_clashes(slots, actor=actor, known=known)


def _as_known(clash: Clash) -> Known:
    day = clash.mine.starts_at.astimezone(installation().zone).date()
    return clash.kind, clash.mine.key, clash.other.key if clash.other else None, clash.who, day


def _strict_among(slots: Collection[int]) -> Sequence[Any]:
    """Those whose department forbids clashes of some kind."""
    db.session.flush()
    rows = db.session.execute(select(Slot.id, Slot.department_id).where(Slot.id.in_(slots))).all()
    strict = {key for key in {row.department_id for row in rows} if _forbids(key, *ClashKind)}
    return [row for row in rows if row.department_id in strict]


def _lock_in_common(slots: Collection[int]) -> None:
    """What two slots may have in common, in the order in which feed sets are raised, then places: whoever publishes
    holds the former already."""
    rows = db.session.execute(select(Slot.department_id, Slot.place_id).where(Slot.id.in_(slots))).all()
    _lock(Department, {row.department_id for row in rows})
    _lock(Staff, db.session.scalars(select(slot_staff.c.staff_id).where(slot_staff.c.slot_id.in_(slots))).all())
    _lock(Place, {row.place_id for row in rows if row.place_id is not None})


def _forbids(department: int, *kinds: ClashKind) -> bool:
    rules = rules_of(settings_of(department))
    return any(rules[kind] is ClashRule.FORBID for kind in kinds)


def _lock(model: type[Department | Staff | Place | Enterprise], keys: Collection[int]) -> None:
    if keys:
        query = select(model.id).where(model.id.in_(set(keys))).order_by(model.id)
        db.session.execute(query.with_for_update(key_share=True)).all()
