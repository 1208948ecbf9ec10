"""Whom a slot is for, and what audiences ask of enterprises."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from eventsys.core.db import db
from eventsys.directory.models import Enterprise, enterprise_tags
from eventsys.directory.rules import EnterpriseSize
from eventsys.slots.models import Slot, slot_enterprises
from eventsys.slots.rules import Audience, AudienceKind, EnterpriseProfile, is_for


def audience_of(slot: Slot, *, with_invited: bool = False) -> Audience:
    """The slot's audience as a value; named enterprises are read only for a named one, unless asked for."""
    return audiences_of([slot], with_invited=with_invited)[slot.id]


def audiences_of(slots: Sequence[Slot], *, with_invited: bool = False) -> dict[int, Audience]:
    """The audiences of slots by primary key, in one statement at most; see `audience_of`."""
    named = [slot.id for slot in slots if with_invited or slot.audience_kind is AudienceKind.NAMED]
    invited: dict[int, list[int]] = {}
    if named:
        columns = slot_enterprises.c
        query = select(columns.slot_id, columns.enterprise_id).where(columns.slot_id.in_(named))
        for slot_id, enterprise in db.session.execute(query.order_by(columns.enterprise_id)):
            invited.setdefault(slot_id, []).append(enterprise)
    return {slot.id: _audience(slot, tuple(invited.get(slot.id, ()))) for slot in slots}


def _audience(slot: Slot, invited: tuple[int, ...]) -> Audience:
    kept = slot.audience
    return Audience(
        kind=slot.audience_kind,
        parks=tuple(kept.get("parks", ())),
        tags=tuple(kept.get("tags", ())),
        sub_districts=tuple(kept.get("sub_districts", ())),
        sizes=tuple(EnterpriseSize(size) for size in kept.get("sizes", ())),
        enterprises=invited,
    )


def get_profiles(enterprises: Collection[int]) -> list[EnterpriseProfile]:
    """What audiences ask of these enterprises (primary keys)."""
    rows = db.session.execute(
        select(Enterprise.id, Enterprise.park_id, Enterprise.sub_district, Enterprise.size).where(
            Enterprise.id.in_(enterprises)
        )
    ).all()
    tags: dict[int, set[int]] = {}
    for owner, tag in db.session.execute(
        select(enterprise_tags.c.enterprise_id, enterprise_tags.c.tag_id).where(
            enterprise_tags.c.enterprise_id.in_(enterprises)
        )
    ):
        tags.setdefault(owner, set()).add(tag)
    return [
        EnterpriseProfile(row.id, row.park_id, frozenset(tags.get(row.id, ())), row.sub_district, row.size)
        for row in rows
    ]


def is_slot_for(slot: Slot, enterprise: int) -> bool:
    """Whether the enterprise (primary key) is among those the slot is for."""
    audience = audience_of(slot)
    if audience.kind is AudienceKind.PUBLIC:
        return True
    return any(is_for(audience, profile) for profile in get_profiles({enterprise}))
