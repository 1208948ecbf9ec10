"""Reads of bookings and attendees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import ACTIVE, TAKES_PLACES, BookingState
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.ids import PUBLIC_ID_LENGTH
from eventsys.core.installation import derived_token_matches
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING, STAFF

SHARE = "booking-names"
DRAFT_KEPT = timedelta(hours=24)


def get_booking(public_id: str, *, visible_to: Actor) -> Booking:
    """The booking with slot, enterprise and attendees; NotFound when it is not `visible_to`'s business."""
    query = _detailed().where(Booking.public_id == public_id)
    booking: Booking | None = db.session.scalars(query).unique().one_or_none()
    if booking is None or not is_allowed(visible_to, Permission.SEE_BOOKING, booking.scope):
        raise NotFound()
    return booking


def find_booking(key: int | None) -> Booking | None:
    """The booking of a primary key, with its slot."""
    query = _detailed().where(Booking.id == key)
    found: Booking | None = db.session.scalars(query).unique().one_or_none() if key is not None else None
    return found


def find_owner(public_id: str) -> tuple[int, int, int] | None:
    """(booking, enterprise, slot) as primary keys, by which locks are taken in their order."""
    row = db.session.execute(
        select(Booking.id, Booking.enterprise_id, Booking.slot_id).where(Booking.public_id == public_id)
    ).one_or_none()
    return (row.id, row.enterprise_id, row.slot_id) if row else None


def find_shared_booking(token: str) -> Booking | None:
    """The booking whose colleagues' link carries this token, with its slot; None when it is none or revoked."""
    query = _detailed().where(Booking.public_id == token[:PUBLIC_ID_LENGTH])
    booking: Booking | None = db.session.scalars(query).unique().one_or_none()
    if booking is None or not derived_token_matches(token, SHARE, booking.public_id, booking.share_version):
        return None
    return booking


def find_ticket(public_id: str) -> Attendee | None:
    """The attendee whose ticket this is, with booking, slot and enterprise."""
    query = (
        select(Attendee)
        .where(Attendee.public_id == public_id)
        .options(
            joinedload(Attendee.booking).joinedload(Booking.slot).joinedload(Slot.department),
            joinedload(Attendee.booking).joinedload(Booking.slot).joinedload(Slot.place),
            joinedload(Attendee.booking).joinedload(Booking.enterprise),
        )
    )
    return db.session.scalars(query).unique().one_or_none()


def find_active_booking(slot_id: int, enterprises: Collection[int]) -> Booking | None:
    """The active booking that one of the enterprises has in the slot."""
    query = select(Booking).where(
        Booking.slot_id == slot_id, Booking.enterprise_id.in_(enterprises), Booking.state.in_(ACTIVE)
    )
    return db.session.scalars(query.order_by(Booking.id).limit(1)).one_or_none()


def find_draft(slot_id: int, enterprises: Collection[int]) -> Booking | None:
    """The hold of one of the enterprises, or its latest one that ended lately, with what was typed."""
    query = select(Booking).where(
        Booking.slot_id == slot_id,
        Booking.enterprise_id.in_(enterprises),
        or_(
            Booking.state == BookingState.HELD,
            and_(
                Booking.state == BookingState.EXPIRED,
                Booking.queue_number.is_(None),
                Booking.changed_at > now() - DRAFT_KEPT,
            ),
        ),
    )
    return db.session.scalars(query.order_by(Booking.id.desc()).limit(1)).one_or_none()


def list_bookings(
    actor: Actor,
    *,
    limit: int,
    slot: str = "",
    states: Collection[BookingState] = (),
    before: int | None = None,
) -> Sequence[Booking]:
    """Bookings visible to `actor`, newest first; `before` is the primary key of the last one seen."""
    query = _detailed().where(_visible_to(actor))
    if slot:
        query = query.where(Slot.public_id == slot)
    if states:
        query = query.where(Booking.state.in_(states))
    if before is not None:
        query = query.where(Booking.id < before)
    return db.session.scalars(query.order_by(Booking.id.desc()).limit(limit)).unique().all()


def list_enterprise_bookings(enterprise: int, *, since: datetime) -> Sequence[Booking]:
    """An enterprise's bookings of slots that end after `since`, by start."""
    query = _detailed().where(Booking.enterprise_id == enterprise, Slot.ends_at > since)
    return db.session.scalars(query.order_by(Slot.starts_at, Booking.id)).unique().all()


def list_slot_bookings(slot_id: int, states: Collection[BookingState] = TAKES_PLACES) -> Sequence[Booking]:
    """The bookings of a slot in order of booking, with enterprises and attendees."""
    query = _detailed().where(Booking.slot_id == slot_id, Booking.state.in_(states))
    return db.session.scalars(query.order_by(Booking.id)).unique().all()


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    if actor.has(*EVERYTHING) or any(g.role in STAFF and g.department is None for g in actor.grants):
        return true()
    return or_(
        Booking.enterprise_id.in_(actor.enterprises()),
        Slot.department_id.in_(actor.departments(Role.CLERK, Role.STEWARD)),
    )


def _detailed() -> Any:
    return (
        select(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .options(
            contains_eager(Booking.slot).joinedload(Slot.department),
            contains_eager(Booking.slot).joinedload(Slot.place),
            contains_eager(Booking.enterprise),
            selectinload(Booking.attendees),
        )
    )


def count_active(slots: Collection[int]) -> dict[int, int]:
    """How many enterprises have an active booking of each slot (by primary key); slots without any are left out."""
    query = select(Booking.slot_id, func.count()).where(Booking.slot_id.in_(slots), Booking.state.in_(ACTIVE))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Booking.slot_id))}
