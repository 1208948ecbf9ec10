"""Reads of what enterprises did not attend."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import contains_eager

from eventsys.bookings.models import Booking, NoShow
from eventsys.core.actor import Actor, Role
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING

LISTED_MAX = 100


def list_missed(enterprise: int, since: datetime) -> Sequence[datetime]:
    """The starts of slots that the enterprise booked and missed since then, those excused apart."""
    query = select(NoShow.at).where(NoShow.enterprise_id == enterprise, NoShow.at > since, ~NoShow.is_excused)
    return db.session.scalars(query).all()


def count_missed(enterprises: Collection[int], since: datetime) -> dict[int, int]:
    """How often each enterprise (primary key) did not come since then, those excused apart; never is left out."""
    if not enterprises:
        return {}
    query = select(NoShow.enterprise_id, func.count()).where(
        NoShow.enterprise_id.in_(enterprises), NoShow.at > since, ~NoShow.is_excused
    )
    return {row[0]: row[1] for row in db.session.execute(query.group_by(NoShow.enterprise_id))}


def find_no_show(booking: int) -> NoShow | None:
    """What was noted of the booking (primary key)."""
    return db.session.get(NoShow, booking)


def get_no_show(booking: str, *, visible_to: Actor) -> NoShow:
    """What was noted of the booking (public id), with slot and enterprise; NotFound when it is not `visible_to`'s
    business, or nothing was noted."""
    return _visible(_detailed().where(Booking.public_id == booking), visible_to)


def lock_no_show(booking: str, *, visible_to: Actor) -> NoShow:
    """The same, locked and as it is now."""
    query = _detailed().where(Booking.public_id == booking).with_for_update(of=NoShow)
    return _visible(query.execution_options(populate_existing=True), visible_to)


def list_no_shows(enterprise: int) -> Sequence[NoShow]:
    """What the enterprise did not attend, newest first."""
    query = _detailed().where(NoShow.enterprise_id == enterprise).order_by(NoShow.at.desc(), NoShow.booking_id.desc())
    return db.session.scalars(query.limit(LISTED_MAX)).all()


def list_explained(actor: Actor) -> Sequence[NoShow]:
    """Explanations that wait for an answer of the actor's departments, the oldest first."""
    query = _detailed().where(NoShow.appealed_at.is_not(None), NoShow.decided_at.is_(None), _of_staff(actor))
    return db.session.scalars(query.order_by(NoShow.appealed_at, NoShow.booking_id).limit(LISTED_MAX)).all()


def _of_staff(actor: Actor) -> ColumnElement[bool]:
    if actor.has(*EVERYTHING) or any(g.role is Role.CLERK and g.department is None for g in actor.grants):
        return true()
    return Slot.department_id.in_(actor.departments(Role.CLERK))


def _visible(query: Any, actor: Actor) -> NoShow:
    found: NoShow | None = db.session.scalars(query).one_or_none()
    if found is None or not is_allowed(actor, Permission.SEE_BOOKING, found.booking.scope):
        raise NotFound()
    return found


def _detailed() -> Select[Any]:
    return (
        select(NoShow)
        .join(NoShow.booking)
        .join(Booking.slot)
        .join(Slot.department)
        .join(Booking.enterprise)
        .options(
            contains_eager(NoShow.booking).options(
                contains_eager(Booking.slot).contains_eager(Slot.department), contains_eager(Booking.enterprise)
            )
        )
    )
