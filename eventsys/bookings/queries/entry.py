"""The hot statement: a slot locked for an enterprise, with all that decides whether it gets in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased, defer, joinedload

from eventsys.bookings.models import Booking, IdempotencyKey, QuotaException
from eventsys.bookings.queries.stays import NOBODY, may_clash, values_of
from eventsys.bookings.rules import ACTIVE, TAKES_PLACES, BookingState, NewAttendee, Quota, QuotaKind
from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite
from eventsys.core.flush import next_key
from eventsys.core.types import PRESENT, BigId
from eventsys.directory.models import Department, District, Place
from eventsys.slots.models import Slot, slot_enterprises
from eventsys.slots.queries import settled
from eventsys.slots.rules import LONGEST

# Of a slot that is locked for booking; whoever asks all the same gets it.
NOT_NEEDED = (
    Slot.description,
    Slot.online_url,
    Slot.is_draw_weighted,
    Slot.created_at,
    Slot.created_by_id,
    Slot.published_at,
    Slot.called_off_at,
    Slot.call_off_reason,
    Slot.changed_at,
)
# What messages and invitations say of it.
SHOWN_OF_DEPARTMENT = (
    Department.name,
    Department.name_en,
    Department.short_name,
    Department.phone,
    Department.email,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A locked slot as an enterprise finds it. `own` is the primary key of its active booking there, `quotas` do not
    count that slot, `may_clash` is False when nobody is elsewhere at the time, `key` is for a new booking, and
    `idempotent` is (request hash, answer) of a repeated request."""

    slot: Slot
    own: int | None
    quotas: tuple[Quota, ...]
    has_exception: bool
    is_invited: bool
    settings: dict[str, Any]
    may_clash: bool
    key: int | None
    idempotent: tuple[str, dict[str, Any]] | None = None


def lock_slot_for(
    enterprise: int,
    slot: str,
    people: Collection[NewAttendee] = (),
    *,
    owner: str = "",
    key: str = "",
    leaving: int = NOBODY,
) -> Entry | None:
    """The slot (public id), locked, and what decides for the enterprise, which the caller has locked: one statement.

    What is counted here changes only under the enterprise's lock, so the counts are right although this statement
    may have waited for the slot's. `people` are to come; `leaving` is a booking (primary key) that a move gives up.
    """
    query = _locking(sqlite=is_sqlite())
    return _entry(query, people, enterprise=enterprise, slot=slot, owner=owner, key=key, leaving=leaving)


def look_at_slot_for(enterprise: int, slot: str) -> Entry | None:
    """What would decide for the enterprise just now; nothing is locked."""
    query = _looking(sqlite=is_sqlite())
    return _entry(query, (), enterprise=enterprise, slot=slot, owner="", key="", leaving=NOBODY)


def _entry(query: Select[*tuple[Any, ...]], people: Collection[NewAttendee], **values: Any) -> Entry | None:
    values |= {"since": _month_of_longest(), **values_of(people)}
    row = db.session.execute(query, values).one_or_none()
    if row is None:
        return None
    limits = {QuotaKind.MONTH: row.Slot.quota_month, QuotaKind.EDITION: row.Slot.quota_edition}
    limits[QuotaKind.OPEN] = row.Slot.quota_open
    return Entry(
        slot=settled(row.Slot),
        own=row.own,
        quotas=tuple(Quota(kind, limits[kind], getattr(row, kind.value) or 0) for kind in QuotaKind),
        has_exception=bool(row.has_exception),
        is_invited=bool(row.is_invited),
        settings=row.settings,
        may_clash=bool(row.may_clash),
        key=getattr(row, "key", None),
        idempotent=(row.request_hash, row.answer) if row.request_hash is not None else None,
    )


@cache
def _locking(*, sqlite: bool) -> Select[*tuple[Any, ...]]:
    query = _looking(sqlite=sqlite).add_columns(next_key(Booking, sqlite=sqlite).label("key"))
    return query.with_for_update(of=Slot, key_share=True).execution_options(populate_existing=True)


@cache
def _looking(*, sqlite: bool) -> Select[*tuple[Any, ...]]:
    enterprise = bindparam("enterprise", type_=BigId)
    return (
        select(
            Slot,
            _own(enterprise).label("own"),
            *(_used(kind, enterprise).label(kind.value) for kind in QuotaKind),
            _has_exception(enterprise).label("has_exception"),
            _is_invited(enterprise).label("is_invited"),
            District.settings,
            may_clash(Slot, enterprise, sqlite=sqlite).label("may_clash"),
            IdempotencyKey.request_hash,
            IdempotencyKey.answer,
        )
        .select_from(Slot)
        .join(District, District.id == 1)
        .outerjoin(
            IdempotencyKey, and_(IdempotencyKey.owner == bindparam("owner"), IdempotencyKey.key == bindparam("key"))
        )
        .where(Slot.public_id == bindparam("slot"))
        .options(
            *(defer(column) for column in NOT_NEEDED),
            joinedload(Slot.department).load_only(*SHOWN_OF_DEPARTMENT),
            joinedload(Slot.place).load_only(Place.name, Place.name_en, Place.address),
        )
    )


def _is_in(states: Collection[BookingState]) -> ColumnElement[bool]:
    """Which bookings are in one of the states, which the statement names: planned with parameters for them, it could
    not use the index of active bookings."""
    return Booking.state.in_([literal_column(f"'{state.value}'") for state in states])


def _own(enterprise: ColumnElement[int]) -> ScalarSelect[int]:
    return (
        select(Booking.id)
        .where(Booking.slot_id == Slot.id, Booking.enterprise_id == enterprise, _is_in(ACTIVE))
        .scalar_subquery()
    )


def is_counted() -> ColumnElement[bool]:
    """Which bookings count against a quota: those with places, and late cancellations (CONTRACTS.md). What was let in
    beyond the quotas, as a planned visit is, counts in none."""
    has_places = and_(_is_in(TAKES_PLACES), or_(Booking.lapses_at.is_(None), Booking.lapses_at > PRESENT))
    is_late = and_(_is_in({BookingState.CANCELLED}), Booking.is_late_cancellation)
    return and_(or_(has_places, is_late), ~_is_beyond())


def _used(kind: QuotaKind, enterprise: ColumnElement[int]) -> ColumnElement[int]:
    """How many of the enterprise's bookings of other slots a quota counts; NULL where the slot has no such quota."""
    limit: Any = {
        QuotaKind.MONTH: Slot.quota_month,
        QuotaKind.EDITION: Slot.quota_edition,
        QuotaKind.OPEN: Slot.quota_open,
    }[kind]
    count = select(func.count(Booking.id)).where(
        Booking.enterprise_id == enterprise, Booking.slot_id != Slot.id, Booking.id != bindparam("leaving")
    )
    if kind is QuotaKind.MONTH:
        same = (Booking.month == Slot.month, Booking.department_id == Slot.department_id)
        count = count.where(*same, is_counted())
    elif kind is QuotaKind.EDITION:
        count = count.where(Booking.edition_id == Slot.edition_id, is_counted())
    else:
        count = count.where(is_open(), Booking.month >= bindparam("since"))
    return case((limit.is_(None), null()), else_=count.correlate(Slot).scalar_subquery())


def _month_of_longest() -> int:
    """The month (yyyymm) before which no slot can have begun that is not over, whatever the zone."""
    begun = now() - LONGEST - timedelta(days=1)
    return begun.year * 100 + begun.month


def is_open() -> ColumnElement[bool]:
    """Which bookings are open: active ones, those who wait too, of slots still to come."""
    alive = or_(Booking.lapses_at.is_(None), Booking.lapses_at > PRESENT)
    other = aliased(Slot)
    ends_at = select(other.ends_at).where(other.id == Booking.slot_id).scalar_subquery()
    return and_(_is_in(ACTIVE), alive, ends_at > PRESENT, ~_is_beyond())


def _is_beyond() -> ColumnElement[bool]:
    exception = select(QuotaException.slot_id).where(
        QuotaException.slot_id == Booking.slot_id, QuotaException.enterprise_id == Booking.enterprise_id
    )
    return exception.correlate(Booking).exists()


def _has_exception(enterprise: ColumnElement[int]) -> ColumnElement[Any]:
    found = select(QuotaException.slot_id).where(
        QuotaException.slot_id == Slot.id, QuotaException.enterprise_id == enterprise
    )
    return found.exists()


def _is_invited(enterprise: ColumnElement[int]) -> ColumnElement[Any]:
    invited = select(slot_enterprises.c.slot_id).where(
        slot_enterprises.c.slot_id == Slot.id, slot_enterprises.c.enterprise_id == enterprise
    )
    return case((Slot.invited_until.is_(None), true()), else_=invited.exists())
