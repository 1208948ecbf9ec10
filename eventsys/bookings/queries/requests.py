"""Reads of the visits that enterprises ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import joinedload

from eventsys.bookings.models import Booking, VisitRequest
from eventsys.bookings.rules import ACTIVE, RequestState
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING

LISTED_MAX = 100
ANSWERED_SHOWN = 20


def get_request(public_id: str, *, visible_to: Actor) -> VisitRequest:
    """The request with enterprise, department and slot; NotFound when it is not `visible_to`'s business."""
    return _visible(_detailed().where(VisitRequest.public_id == public_id), visible_to)


def lock_request(public_id: str, *, visible_to: Actor) -> VisitRequest:
    """The same, locked and as it is now."""
    query = _detailed().where(VisitRequest.public_id == public_id).with_for_update(of=VisitRequest, key_share=True)
    return _visible(query.execution_options(populate_existing=True), visible_to)


def find_request_of(slot: str) -> VisitRequest | None:
    """The request that the slot (public id) was made of."""
    query = select(VisitRequest).join(VisitRequest.slot).where(Slot.public_id == slot)
    return db.session.scalars(query.order_by(VisitRequest.id).limit(1)).one_or_none()


def find_open_request(enterprise: int, department: int) -> VisitRequest | None:
    """What the enterprise has asked the department for and waits for an answer (primary keys)."""
    query = select(VisitRequest).where(
        VisitRequest.enterprise_id == enterprise,
        VisitRequest.department_id == department,
        VisitRequest.state == RequestState.OPEN,
    )
    return db.session.scalars(query.limit(1)).one_or_none()


def find_booking_of(request: VisitRequest) -> Booking | None:
    """What the request has become: the enterprise's active booking of the slot."""
    query = select(Booking).where(
        Booking.slot_id == request.slot_id,
        Booking.enterprise_id == request.enterprise_id,
        Booking.state.in_(ACTIVE),
    )
    return db.session.scalars(query).one_or_none() if request.slot_id is not None else None


def list_own_requests(enterprise: int) -> Sequence[VisitRequest]:
    """What an enterprise asked for, newest first."""
    query = _detailed().where(VisitRequest.enterprise_id == enterprise).order_by(VisitRequest.id.desc())
    return db.session.scalars(query.limit(LISTED_MAX)).all()


def list_open_requests(actor: Actor) -> Sequence[VisitRequest]:
    """What waits for an answer of the actor's departments, the oldest first."""
    query = _detailed().where(VisitRequest.state == RequestState.OPEN, _of_staff(actor))
    return db.session.scalars(query.order_by(VisitRequest.id).limit(LISTED_MAX)).all()


def list_unanswered_requests(remind_before: datetime) -> Sequence[VisitRequest]:
    """Requests that wait for the department: those overdue, and those not reminded of that wait since before then."""
    due = or_(
        and_(VisitRequest.reminded_at.is_(None), VisitRequest.created_at <= remind_before),
        and_(VisitRequest.escalated_at.is_(None), VisitRequest.answer_by <= now()),
    )
    query = _detailed().where(VisitRequest.state == RequestState.OPEN, due).order_by(VisitRequest.id).limit(LISTED_MAX)
    return db.session.scalars(query.with_for_update(of=VisitRequest, skip_locked=True)).all()


def list_answered_requests(actor: Actor) -> Sequence[VisitRequest]:
    """What the actor's departments answered last, newest first."""
    answered = VisitRequest.state.in_([RequestState.ARRANGED, RequestState.DECLINED])
    query = _detailed().where(answered, _of_staff(actor))
    return db.session.scalars(query.order_by(VisitRequest.decided_at.desc()).limit(ANSWERED_SHOWN)).all()


def _of_staff(actor: Actor) -> ColumnElement[bool]:
    if actor.has(*EVERYTHING) or any(g.role is Role.CLERK and g.department is None for g in actor.grants):
        return true()
    return VisitRequest.department_id.in_(actor.departments(Role.CLERK))


def _visible(query: Any, actor: Actor) -> VisitRequest:
    found: VisitRequest | None = db.session.scalars(query).one_or_none()
    if found is None or not is_allowed(actor, Permission.SEE_VISIT_REQUEST, found.scope):
        raise NotFound()
    return found


def _detailed() -> Select[Any]:
    return select(VisitRequest).options(
        joinedload(VisitRequest.enterprise),
        joinedload(VisitRequest.department),
        joinedload(VisitRequest.slot).joinedload(Slot.department),
    )
