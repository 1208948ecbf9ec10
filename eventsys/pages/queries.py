"""Reads that span features: what the home page, the desk and an enterprise's own page show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import is_planned
from eventsys.bookings.queries.entry import is_counted, is_open
from eventsys.bookings.rules import ACTIVE, TAKES_PLACES, BookingState, claim
from eventsys.checkin.queries import count_received, has_come, is_admitted
from eventsys.core.actor import Actor, Role
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.directory.models import Department, Enterprise, Membership, Park, Place, Service, Staff, Tag
from eventsys.directory.queries import all_departments, all_parks, all_tags, get_district, sub_districts
from eventsys.directory.queries.naming import enterprises_by_name
from eventsys.directory.queries.staff import all_staff
from eventsys.directory.rules import MembershipState
from eventsys.directory.settings import Settings, settings_from
from eventsys.slots.models import Edition, Slot, slot_enterprises
from eventsys.slots.queries import EVERYTHING, SlotFilter, list_slots
from eventsys.slots.rules import INVITED_MAX, SlotFormat, SlotState
from eventsys.web.pagination import Page, decode_cursor, encode_cursor, make_page

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOME_PAGE = 30
NEXT_BOOKINGS = 8
PENDING_SHOWN = 50
CHANGES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SlotChoices:
    """What the form of a slot offers. `own` are the departments the actor may lead with, `settings` theirs by public
    id."""

    own: Sequence[Department]
    settings: Mapping[str, Settings]
    departments: Sequence[Department]
    services: Sequence[Service]
    staff: Sequence[Staff]
    places: Sequence[Place]
    parks: Sequence[Park]
    tags: Sequence[Tag]
    sub_districts: Sequence[str]
    editions: Sequence[Edition]


def page_of_slots(wanted: SlotFilter, actor: Actor, cursor: str | None, size: int = HOME_PAGE) -> Page[Slot]:
    """A page of slots by start; Invalid for a bad cursor."""
    slots = list_slots(wanted, actor, limit=size + 1, after=_seen(cursor) if cursor else None)
    return make_page(slots, size, _cursor_of)


def _cursor_of(slot: Slot) -> str:
    return encode_cursor((slot.starts_at - EPOCH) // timedelta(microseconds=1), slot.id)


def _seen(cursor: str) -> tuple[datetime, int]:
    microseconds, key = decode_cursor(cursor, int, int)
    try:
        return EPOCH + timedelta(microseconds=microseconds), key
    except OverflowError:
        raise Invalid("bad_cursor", field="cursor") from None


def own_bookings(slots: Collection[Slot], actor: Actor) -> dict[int, str]:
    """The active bookings (public ids) that the actor's enterprises have in these slots, by the slot's primary key."""
    if not slots or not actor.enterprises():
        return {}
    rows = db.session.execute(
        select(Booking.slot_id, Booking.public_id).where(
            Booking.slot_id.in_([slot.id for slot in slots]),
            Booking.enterprise_id.in_(actor.enterprises()),
            Booking.state.in_(ACTIVE),
        )
    )
    return {row.slot_id: row.public_id for row in rows}


def list_pending(actor: Actor) -> Sequence[Booking]:
    """The bookings that wait for an answer of the actor's departments, those due first."""
    query = (
        _of_desk(actor)
        .where(Booking.state == BookingState.PENDING, ~is_planned())
        .order_by(Booking.approve_by, Booking.id)
    )
    return db.session.scalars(query.limit(PENDING_SHOWN)).unique().all()


def list_next_bookings(actor: Actor, lead: int | None = None) -> Sequence[Booking]:
    """The next few bookings of the slots at whose desk the actor sits, with slot and enterprise, by start; only of
    slots that the department `lead` (a primary key) leads."""
    query = _of_desk(actor).where(Booking.state.in_(TAKES_PLACES)).order_by(Slot.starts_at, Booking.id)
    if lead is not None:
        query = query.where(Slot.department_id == lead)
    return db.session.scalars(query.limit(NEXT_BOOKINGS)).unique().all()


def _of_desk(actor: Actor) -> Select[Booking]:
    """Bookings of slots to come at whose desk the actor sits, with slot and enterprise."""
    query = (
        select(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Enterprise, Enterprise.id == Booking.enterprise_id)
        .where(Slot.state == SlotState.PUBLISHED, Slot.ends_at > now())
        .options(
            contains_eager(Booking.slot).options(joinedload(Slot.department), joinedload(Slot.place)),
            contains_eager(Booking.enterprise),
        )
    )
    if not actor.has(*EVERYTHING):
        query = query.where(Slot.department_id.in_(actor.departments(Role.CLERK, Role.STEWARD)))
    return query


def count_open(enterprise: int) -> int:
    """How many bookings of the enterprise are open: what the quota of open bookings counts."""
    return db.session.scalar(select(func.count(Booking.id)).where(Booking.enterprise_id == enterprise, is_open())) or 0


def used_by_department(enterprise: int, month: int) -> list[tuple[Department, int]]:
    """The departments with how many of the month's (yyyymm) bookings of the enterprise count with them."""
    rows = db.session.execute(
        select(Department, func.count(Booking.id))
        .join(Booking, Booking.department_id == Department.id)
        .where(Booking.enterprise_id == enterprise, Booking.month == month, is_counted())
        .group_by(Department.id)
        .order_by(Department.code)
    )
    return [(row[0], row[1]) for row in rows]


def count_bookings(slot: Slot) -> int:
    """How many enterprises have an active booking of the slot."""
    query = select(func.count(Booking.id)).where(Booking.slot_id == slot.id, Booking.state.in_(ACTIVE))
    return db.session.scalar(query) or 0


def count_admitted(bookings: Collection[Booking]) -> dict[int, int]:
    """How many people of each booking (by primary key) were admitted, or received a visit; bookings without any are
    left out."""
    query = (
        select(Attendee.booking_id, func.count())
        .where(Attendee.booking_id.in_([booking.id for booking in bookings]), is_admitted())
        .group_by(Attendee.booking_id)
    )
    if not bookings:
        return {}
    visits = [booking.id for booking in bookings if booking.slot.format is SlotFormat.VISIT]
    return {row[0]: row[1] for row in db.session.execute(query)} | count_received(visits)


def load_slot_choices(actor: Actor, slot: Slot | None = None) -> SlotChoices:
    """Everything that can be chosen in the form of a slot; what `slot` has already stays, disabled or not."""
    departments, district = all_departments(), get_district()
    own = [item for item in departments if is_allowed(actor, Permission.CREATE_SLOT, _scope_of(item))]
    kept = [service.id for service in slot.services] if slot else []
    services = select(Service).join(Department)
    services = services.where(or_(and_(Service.active, Department.active), Service.id.in_(kept)))
    kept_place = slot.place_id if slot else None
    places = select(Place).where(or_(Place.active, Place.id == kept_place)).order_by(Place.id)
    editions = select(Edition).order_by(Edition.starts_on.desc(), Edition.id.desc()).limit(24)
    return SlotChoices(
        own=own,
        settings={item.public_id: settings_from(district.settings, item.settings) for item in own},
        departments=departments,
        services=db.session.scalars(
            services.options(contains_eager(Service.department)).order_by(Department.id, Service.position, Service.id)
        ).all(),
        staff=all_staff([member.id for member in slot.staff] if slot else []),
        places=db.session.scalars(places).all(),
        parks=all_parks(),
        tags=all_tags(),
        sub_districts=sub_districts(),
        editions=db.session.scalars(editions).all(),
    )


def all_places() -> Sequence[Place]:
    """Every place, those out of use as well."""
    return db.session.scalars(select(Place).order_by(Place.id)).all()


def _scope_of(department: Department) -> Scope:
    return Scope(departments=frozenset({department.id}))


@dataclass(frozen=True, slots=True)
class Doubled:
    """A slot that two enterprises have booked, with the primary keys of the booking that stays if they merge and of
    the one that is cancelled then."""

    slot: Slot
    stays: int
    goes: int


def list_doubled(one: int, other: int) -> list[Doubled]:
    """The slots of which both enterprises have an active booking, by primary key."""
    theirs = (Booking.enterprise_id.in_([one, other]), Booking.state.in_(ACTIVE))
    both = select(Booking.slot_id).where(*theirs).group_by(Booking.slot_id).having(func.count() > 1)
    rows = db.session.execute(
        select(Slot, Booking.id, Booking.state, has_come().label("has_come"))
        .join(Slot, Slot.id == Booking.slot_id)
        .where(*theirs, Booking.slot_id.in_(both))
        .order_by(Slot.id)
    ).all()
    doubled = []
    for slot, pair in groupby(rows, lambda row: row.Slot):
        stays, goes = sorted(pair, key=lambda row: claim(row.state, row.id, has_come=row.has_come))
        doubled.append(Doubled(slot, stays.id, goes.id))
    return doubled


def count_to_merge(enterprise: int) -> tuple[int, int]:
    """(bookings, contacts) of an enterprise that would go over to another."""
    live = (Membership.enterprise_id == enterprise, Membership.state != MembershipState.ENDED)
    contacts = select(func.count(Membership.id)).where(*live)
    bookings = select(func.count(Booking.id)).where(Booking.enterprise_id == enterprise)
    return db.session.scalar(bookings) or 0, db.session.scalar(contacts) or 0


def list_slots_named(public_ids: Collection[str]) -> Sequence[Slot]:
    """The slots of these public ids with their departments, by start."""
    query = select(Slot).where(Slot.public_id.in_(public_ids)).order_by(Slot.starts_at, Slot.id)
    return db.session.scalars(query.options(joinedload(Slot.department), selectinload(Slot.supporting))).all()


def list_invited(slot: Slot) -> Sequence[Enterprise]:
    """The enterprises named in a slot's audience, by name."""
    query = select(Enterprise).join(slot_enterprises, slot_enterprises.c.enterprise_id == Enterprise.id)
    return db.session.scalars(query.where(slot_enterprises.c.slot_id == slot.id).order_by(Enterprise.name)).all()


def find_enterprises_named(lines: Sequence[tuple[int, Sequence[str]]], field: str) -> tuple[int, ...]:
    """Primary keys of the active enterprises that numbered lines name, by name, short name or credit code.

    Of a line's cells the first one that names an enterprise counts. Invalid says of each line that names none or
    several which it is.
    """
    if len(lines) > INVITED_MAX:
        raise Invalid("too_many_items", field=field, limit=INVITED_MAX)
    found = enterprises_by_name({cell for _number, cells in lines for cell in cells})
    keys: dict[int, None] = {}
    problems: list[Invalid] = []
    for number, cells in lines:
        matches: set[int] = next((found[cell] for cell in cells if cell in found), set())
        if len(matches) == 1:
            keys.update(dict.fromkeys(matches))
        else:
            code = "line_names_several" if matches else "line_names_nobody"
            problems.append(Invalid(code, field=field, line=number, text=cells[0][:40]))
    if problems:
        raise Invalid.many(problems)
    return tuple(keys)


def list_last_changes(slot: Slot, seen: int) -> Sequence[AuditEntry]:
    """What was done to the slot since version `seen`, newest first, a few at most."""
    query = select(AuditEntry).where(
        AuditEntry.object_type == "slot",
        AuditEntry.object_id == slot.public_id,
        AuditEntry.action.in_(["slot.changed", "slot.published", "slot.called_off"]),
    )
    missed = max(1, min(CHANGES_SHOWN, slot.version - seen))
    return db.session.scalars(query.order_by(AuditEntry.id.desc()).limit(missed)).all()
