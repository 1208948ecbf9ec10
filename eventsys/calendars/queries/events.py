"""A feed's events, as plain values: a fixed number of statements, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import is_planned
from eventsys.bookings.rules import ACTIVE, BookingState
from eventsys.calendars.events import Named, OwnBooking, SlotFacts, Wording, event_of
from eventsys.calendars.queries.feeds import Feed, FeedKind
from eventsys.calendars.queries.kept import booking_kept, in_window, kept
from eventsys.calendars.rules import Window, window_of
from eventsys.core.db import db
from eventsys.core.ical import Event
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Place, Service
from eventsys.directory.queries import get_district
from eventsys.slots.models import Slot, slot_departments, slot_services, slot_staff
from eventsys.slots.rules import SlotState


def list_events(feed: Feed) -> list[Event]:
    """The feed's events by start. It depends on what is stored alone: the window's day is District.feed_day."""
    district = get_district()
    config = installation()
    window = window_of(district.feed_day, config.zone)
    wording = Wording(config.locale, config.zone, config.base_url, district.uid_host)
    if feed.kind is FeedKind.ENTERPRISE:
        return _enterprise_events(feed, window, wording)
    where = and_(kept(window, drops_cancelled=feed.drops_cancelled), _belongs_to(feed))
    return [event_of(facts, wording, is_busy=feed.is_private) for _id, facts in _read_facts(where)]


def get_event(slot: Slot) -> Event:
    """One slot as an event, as the public sees it."""
    config = installation()
    wording = Wording(config.locale, config.zone, config.base_url, get_district().uid_host)
    ((_id, facts),) = _read_facts(Slot.id == slot.id)
    return event_of(facts, wording)


def _belongs_to(feed: Feed) -> ColumnElement[bool]:
    if feed.kind is FeedKind.STAFF:
        return Slot.id.in_(select(slot_staff.c.slot_id).where(slot_staff.c.staff_id == feed.key))
    shown: ColumnElement[bool] = true() if feed.kind is FeedKind.DESK else Slot.is_hidden.is_(False)
    if feed.kind is FeedKind.ALL:
        return shown
    if feed.kind is FeedKind.PARK:
        return and_(shown, Slot.park_id == feed.key)
    supported = select(slot_departments.c.slot_id).where(slot_departments.c.department_id == feed.key)
    return and_(shown, or_(Slot.department_id == feed.key, Slot.id.in_(supported)))


def _enterprise_events(feed: Feed, window: Window, wording: Wording) -> list[Event]:
    bookings: dict[int, list[Any]] = {}
    for row in db.session.execute(
        select(
            Booking.slot_id,
            Booking.state,
            Booking.party,
            Booking.changed_at,
            booking_kept(window).label("kept"),
            is_planned().label("is_planned"),
        )
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Booking.enterprise_id == feed.key, in_window(window))
        .order_by(Booking.id)
    ):
        bookings.setdefault(row.slot_id, []).append(row)
    mine = select(Booking.slot_id).where(Booking.enterprise_id == feed.key)
    events = []
    for key, facts in _read_facts(and_(in_window(window), Slot.id.in_(mine))):
        own = _own_booking(bookings[key])
        is_off = facts.state is SlotState.CALLED_OFF or own.active is None
        if any(row.kept for row in bookings[key]) and not (is_off and feed.drops_cancelled):
            events.append(event_of(facts, wording, own, is_busy=True))
    return events


def _own_booking(rows: Sequence[Any]) -> OwnBooking:
    present = next((row for row in rows if row.state in ACTIVE), rows[-1])
    states: tuple[BookingState, ...] = tuple(row.state for row in rows)
    return OwnBooking(states, present.party, max(row.changed_at for row in rows), present.is_planned)


def _read_facts(where: ColumnElement[bool]) -> Iterator[tuple[int, SlotFacts]]:
    """Primary key and facts of the slots that fit, by start: three statements, however many there are."""
    slots = select(Slot.id).where(where)
    supporting = _named_by_slot(
        select(slot_departments.c.slot_id, Department.name, Department.name_en)
        .join(Department, Department.id == slot_departments.c.department_id)
        .where(slot_departments.c.slot_id.in_(slots))
        .order_by(slot_departments.c.slot_id, Department.code)
    )
    services = _named_by_slot(
        select(slot_services.c.slot_id, Service.name, Service.name_en)
        .join(Service, Service.id == slot_services.c.service_id)
        .where(slot_services.c.slot_id.in_(slots))
        .order_by(slot_services.c.slot_id, Service.id)
    )
    for row in db.session.execute(_FACTS.where(where)):
        yield row.id, _facts(row, supporting.get(row.id, ()), services.get(row.id, ()))


def _named_by_slot(query: Select[Any]) -> dict[int, tuple[Named, ...]]:
    found: dict[int, tuple[Named, ...]] = {}
    for slot, name, name_en in db.session.execute(query):
        found[slot] = (*found.get(slot, ()), Named(name, name_en))
    return found


_FACTS: Select[*tuple[Any, ...]] = (
    select(
        Slot.id,
        Slot.public_id,
        Slot.state,
        Slot.title,
        Slot.title_en,
        Slot.description,
        Slot.topic,
        Slot.format,
        Slot.starts_at,
        Slot.ends_at,
        Slot.opens_at,
        Slot.closes_at,
        Slot.changed_at,
        Slot.sequence,
        Slot.call_off_reason,
        Slot.online_url,
        Slot.bring,
        Slot.place_text,
        Department.name.label("department"),
        Department.name_en.label("department_en"),
        Department.short_name,
        Department.colour,
        Department.phone,
        Place.name.label("place"),
        Place.name_en.label("place_en"),
        Place.address,
        Place.latitude,
        Place.longitude,
    )
    .join(Department, Department.id == Slot.department_id)
    .outerjoin(Place, Place.id == Slot.place_id)
    .order_by(Slot.starts_at, Slot.id)
)


def _facts(row: Any, supporting: tuple[Named, ...], services: tuple[Named, ...]) -> SlotFacts:
    located = row.latitude is not None and row.longitude is not None
    return SlotFacts(
        public_id=row.public_id,
        state=row.state,
        title=Named(row.title, row.title_en),
        description=row.description,
        topic=row.topic,
        format=row.format,
        department=Named(row.department, row.department_en),
        short_name=row.short_name,
        colour=row.colour,
        phone=row.phone,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        changed_at=row.changed_at,
        sequence=row.sequence,
        call_off_reason=row.call_off_reason,
        online_url=row.online_url,
        bring=row.bring,
        place=Named(row.place, row.place_en) if row.place else None,
        address=row.address or "",
        place_text=row.place_text,
        coordinates=(row.latitude, row.longitude) if located else None,
        supporting=supporting,
        services=services,
    )
