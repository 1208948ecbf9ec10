"""What is read under a slot's lock before an enterprise is let in, made to wait, or refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from sqlalchemy.orm.attributes import set_committed_value

from eventsys.bookings.models import Attendee, Booking, IdempotencyKey, QuotaException
from eventsys.bookings.rules import (
    ACTIVE,
    TAKES_PLACES,
    BookingState,
    NewAttendee,
    Quota,
    QuotaKind,
    SlotFacts,
    Stay,
    TicketState,
    Whereabouts,
)
from eventsys.bookings.rules.clashes import LONGEST_WAY
from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite
from eventsys.core.flush import next_key
from eventsys.core.types import PRESENT, BigId
from eventsys.directory.models import Department, District, Park, Place
from eventsys.slots.models import Slot, slot_enterprises
from eventsys.slots.rules import LONGEST, SlotFormat

NOBODY = -1  # the primary key of no booking
# Of a slot that is locked for booking; whoever asks all the same gets it.
NOT_NEEDED = (
    Slot.title_en,
    Slot.description,
    Slot.online_url,
    Slot.is_draw_weighted,
    Slot.created_at,
    Slot.created_by_id,
    Slot.published_at,
    Slot.called_off_at,
    Slot.call_off_reason,
    Slot.changed_at,
    Slot.sequence,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A locked slot as an enterprise finds it. `own` is the primary key of its active booking there, `quotas` do not
    count that slot, `key` is for a new booking, and `idempotent` is (request hash, answer) of a repeated request."""

    slot: Slot
    own: int | None
    quotas: tuple[Quota, ...]
    has_exception: bool
    is_invited: bool
    settings: dict[str, Any]
    key: int | None
    idempotent: tuple[str, dict[str, Any]] | None = None


def lock_slot_for(enterprise: int, slot: str, *, owner: str = "", key: str = "", leaving: int = NOBODY) -> Entry | None:
    """The slot (public id), locked, and what decides for the enterprise, which the caller has locked: one statement.

    What is counted here changes only under the enterprise's lock, so the counts are right although this statement
    may have waited for the slot's. `leaving` is a booking (primary key) that a move gives up.
    """
    values = {"enterprise": enterprise, "slot": slot, "owner": owner, "key": key, "leaving": leaving}
    row = db.session.execute(_entry_query(sqlite=is_sqlite()), {**values, "since": _month_of_longest()}).one_or_none()
    if row is None:
        return None
    limits = {QuotaKind.MONTH: row.Slot.quota_month, QuotaKind.EDITION: row.Slot.quota_edition}
    limits[QuotaKind.OPEN] = row.Slot.quota_open
    return Entry(
        slot=row.Slot,
        own=row.own,
        quotas=tuple(Quota(kind, limits[kind], getattr(row, kind.value) or 0) for kind in QuotaKind),
        has_exception=bool(row.has_exception),
        is_invited=bool(row.is_invited),
        settings=row.settings,
        key=row.key,
        idempotent=(row.request_hash, row.answer) if row.request_hash is not None else None,
    )


@cache
def _entry_query(*, sqlite: bool) -> Select[*tuple[Any, ...]]:
    enterprise = bindparam("enterprise", type_=BigId)
    return (
        select(
            Slot,
            _own(enterprise).label("own"),
            *(_used(kind, enterprise).label(kind.value) for kind in QuotaKind),
            _has_exception(enterprise).label("has_exception"),
            _is_invited(enterprise).label("is_invited"),
            District.settings,
            next_key(Booking, sqlite=sqlite).label("key"),
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
            joinedload(Slot.department).load_only(Department.name, Department.short_name, Department.phone),
            joinedload(Slot.place).load_only(Place.name),
        )
        .with_for_update(of=Slot, key_share=True)
        .execution_options(populate_existing=True)
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


def facts_of(slot: Slot) -> SlotFacts:
    """What the rules decide from."""
    return SlotFacts(
        slot.state,
        slot.starts_at,
        slot.opens_at,
        slot.closes_at,
        slot.places_left,
        slot.attendee_places_left,
        slot.party_max,
        slot.queue_until,
        slot.attendee_capacity,
        slot.waiting,
        slot.invited_until,
        slot.draw_at,
        slot.drawn_at is not None,
        slot.needs_approval,
    )


def lock_slot(slot_id: int) -> Slot:
    """The slot's row, locked, with what messages tell of it. Who only refers to the slot, as a scan does, does not wait
    for it: a gate that holds an attendee and waited here would deadlock with whoever names attendees."""
    return db.session.scalars(
        select(Slot)
        .where(Slot.id == slot_id)
        .options(joinedload(Slot.department), joinedload(Slot.place))
        .with_for_update(of=Slot, key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def get_own(booking_id: int) -> Booking:
    """The enterprise's own booking of a slot that is locked, as it is now, with its attendees."""
    return db.session.scalars(
        select(Booking)
        .where(Booking.id == booking_id)
        .options(joinedload(Booking.enterprise), joinedload(Booking.attendees))
        .execution_options(populate_existing=True)
    ).unique().one()  # fmt: skip


def list_lapsed_holds(slot_id: int) -> Sequence[Booking]:
    """The holds of a locked slot whose time has run out."""
    query = select(Booking).where(
        Booking.slot_id == slot_id, Booking.state == BookingState.HELD, Booking.lapses_at <= now()
    )
    query = query.options(joinedload(Booking.enterprise)).order_by(Booking.id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).all()


def correct_counts(slot: Slot) -> None:
    """Take lapsed holds and offers off the counters of a slot that is only shown: nobody may have noted yet that they
    lapsed. What is stored stays."""
    if slot.lapses_at is None or slot.lapses_at > now():
        return
    row = db.session.execute(
        select(func.count(Booking.id), func.coalesce(func.sum(Booking.party), 0)).where(
            Booking.slot_id == slot.id, Booking.lapses_at <= now()
        )
    ).one()
    set_committed_value(slot, "places_taken", slot.places_taken - row[0])
    set_committed_value(slot, "people_taken", slot.people_taken - row[1])


def next_lapse(slot_id: int) -> datetime | None:
    """When the next hold or offer of the slot lapses."""
    return db.session.scalar(select(func.min(Booking.lapses_at)).where(Booking.slot_id == slot_id))


def whereabouts_of(slot: Slot) -> Whereabouts:
    """Where the slot is held."""
    park = slot.park
    return Whereabouts(park.id, park.latitude, park.longitude) if park else Whereabouts()


def list_stays(
    slot: Slot, enterprise: int, people: Collection[NewAttendee], *, leaving: int = NOBODY
) -> Sequence[Stay]:
    """Where these people (known by mobile number or mail address) are about the time of the slot, by the bookings of
    other slots; for a visit also the other visits that the enterprise receives."""
    phones = {person.phone for person in people if person.phone}
    emails = {person.email for person in people if person.email}
    is_visit = slot.format is SlotFormat.VISIT
    if not phones and not emails and not is_visit:
        return ()
    same_people = and_(Attendee.state == TicketState.VALID, or_(Attendee.phone.in_(phones), Attendee.email.in_(emails)))
    same_host = and_(Booking.enterprise_id == enterprise, Slot.format == SlotFormat.VISIT)
    rows = db.session.execute(
        select(
            Attendee.name,
            same_people.label("is_person"),
            Slot.title,
            Slot.starts_at,
            Slot.ends_at,
            Park.id.label("park"),
            Park.latitude,
            Park.longitude,
        )
        .select_from(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .outerjoin(Attendee, Attendee.booking_id == Booking.id)
        .outerjoin(Park, Park.id == Slot.park_id)
        .where(
            or_(same_people, same_host) if is_visit else same_people,
            Booking.state.in_(TAKES_PLACES),
            or_(Booking.lapses_at.is_(None), Booking.lapses_at > PRESENT),
            Booking.id != leaving,
            Slot.id != slot.id,
            Slot.starts_at < slot.ends_at + LONGEST_WAY,
            Slot.ends_at > slot.starts_at - LONGEST_WAY - timedelta(minutes=1),
        )
        .order_by(Slot.starts_at, Slot.id)
    )
    return [
        Stay(
            row.name if row.is_person else "",
            row.title,
            row.starts_at,
            row.ends_at,
            Whereabouts(row.park, row.latitude, row.longitude),
        )
        for row in rows
    ]
