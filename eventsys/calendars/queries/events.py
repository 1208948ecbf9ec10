"""A feed's events, as plain values: three statements for each few hundred, so that any number needs little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import is_planned
from eventsys.bookings.rules import ACTIVE, BookingState
from eventsys.calendars.events import (
    Counts,
    Lead,
    Named,
    OwnBooking,
    SlotFacts,
    Venue,
    Wording,
    event_of,
)
from eventsys.calendars.headings import Heading, private_heading, public_heading
from eventsys.calendars.queries.feeds import COUNTED, Feed
from eventsys.calendars.queries.filters import arguments_of
from eventsys.calendars.queries.kept import booking_kept, in_window, kept
from eventsys.calendars.rules import PLAIN, LinkKind, Options, Window, window_of
from eventsys.core.db import db
from eventsys.core.ical import Event
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Place, Service
from eventsys.directory.queries import get_district
from eventsys.slots.models import Slot, slot_departments, slot_services, slot_staff
from eventsys.slots.queries import narrowed
from eventsys.slots.rules import SlotFormat, SlotState

CHUNK = 1_000  # slots read at a time


def heading_of(feed: Feed) -> Heading:
    """What stands above the feed's events."""
    config = installation()
    locale = feed.options.locale or config.locale
    if feed.kind not in {None, LinkKind.FILTER}:
        return private_heading(str(feed.kind), feed.names[0], feed.colour, locale, config.base_url)
    wanted = feed.wanted
    chosen = [item for item in (wanted.topic, wanted.format) if item is not None]
    arguments = arguments_of(wanted)
    return public_heading(
        feed.names[0], feed.names[1:], chosen, wanted.search, arguments, feed.colour, locale, config.base_url
    )


def iter_events(feed: Feed) -> Iterator[Event]:
    """The feed's events by start. They depend on what is stored alone: the window's day is District.feed_day."""
    wording = _wording(feed.options)
    window = window_of(get_district().feed_day, wording.zone)
    if feed.kind is LinkKind.ENTERPRISE:
        yield from _enterprise_events(feed, window, wording)
        return
    is_public = feed.kind in {None, LinkKind.FILTER}
    for row, facts in _read_facts(_slots_of(feed).where(kept(window, drops_cancelled=feed.options.drops_cancelled))):
        counts = _counts(row) if feed.kind in COUNTED else None
        yield event_of(facts, wording, counts=counts, is_busy=not is_public)


def get_event(slot: Slot) -> Event:
    """One slot as an event, as the public sees it."""
    [(_row, facts)] = _read_facts(_FACTS.where(Slot.id == slot.id))
    return event_of(facts, _wording(PLAIN))


def _wording(options: Options) -> Wording:
    config = installation()
    locale = options.locale or config.locale
    return Wording(locale, config.zone, config.base_url, get_district().uid_host, options.detail)


def _slots_of(feed: Feed) -> Select[Any]:
    """The facts of the slots that belong to a feed."""
    if feed.kind is LinkKind.STAFF:
        return _FACTS.where(Slot.id.in_(select(slot_staff.c.slot_id).where(slot_staff.c.staff_id == feed.key)))
    if feed.kind in COUNTED:
        supported = select(slot_departments.c.slot_id).where(slot_departments.c.department_id == feed.key)
        of_desk = _COUNTED_FACTS.where(or_(Slot.department_id == feed.key, Slot.id.in_(supported)))
        return of_desk.where(Slot.format == SlotFormat.SESSION) if feed.kind is LinkKind.STEWARD else of_desk
    shown = (SlotState.PUBLISHED, SlotState.CALLED_OFF)
    return narrowed(_FACTS, replace(feed.wanted, states=shown)).where(Slot.is_hidden.is_(False))


def _counts(row: Any) -> Counts:
    opens_at = row.starts_at - timedelta(minutes=row.door_minutes)
    return Counts(row.places_taken, row.capacity, row.people_taken, row.waiting, row.counted_at, opens_at)


def _enterprise_events(feed: Feed, window: Window, wording: Wording) -> Iterator[Event]:
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
    for slot, facts in _read_facts(_FACTS.where(in_window(window), Slot.id.in_(mine))):
        if slot.id not in bookings:  # booked since
            continue
        own = _own_booking(bookings[slot.id])
        is_off = facts.state is SlotState.CALLED_OFF or own.active is None
        if any(row.kept for row in bookings[slot.id]) and not (is_off and feed.options.drops_cancelled):
            yield event_of(facts, wording, own, is_busy=True)


def _own_booking(rows: Sequence[Any]) -> OwnBooking:
    present = next((row for row in rows if row.state in ACTIVE), rows[-1])
    states: tuple[BookingState, ...] = tuple(row.state for row in rows)
    return OwnBooking(states, present.party, max(row.changed_at for row in rows), present.is_planned)


def _read_facts(query: Select[Any]) -> Iterator[tuple[Any, SlotFacts]]:
    """Row and facts of the slots of a query of `_FACTS`, by start. Departments and places are few and read once."""
    leads, places = _leads(), _places()
    after: ColumnElement[bool] | None = None
    while True:
        rows = db.session.execute((query if after is None else query.where(after)).limit(CHUNK)).all()
        keys = [row[0] for row in rows]
        supporting = _named_by_slot(_SUPPORTING.where(slot_departments.c.slot_id.in_(keys))) if rows else {}
        services = _named_by_slot(_SERVICES.where(slot_services.c.slot_id.in_(keys))) if rows else {}
        for row in rows:
            yield row, _facts(row, leads, places, supporting.get(row[0], ()), services.get(row[0], ()))
        if len(rows) < CHUNK:
            return
        last = rows[-1]
        after = and_(Slot.starts_at >= last.starts_at, or_(Slot.starts_at > last.starts_at, Slot.id > last.id))


def _leads() -> dict[int, Lead]:
    columns = (Department.name, Department.name_en, Department.short_name, Department.colour, Department.phone)
    rows: Iterable[Any] = db.session.execute(select(Department.id, *columns))
    return {key: Lead(Named(name, name_en), *rest) for key, name, name_en, *rest in rows}


def _point(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    return None if latitude is None or longitude is None else (latitude, longitude)


def _places() -> dict[int | None, Venue]:
    columns = (Place.name, Place.name_en, Place.address, Place.latitude, Place.longitude)
    return {
        key: Venue(Named(name, name_en), address or "", _point(latitude, longitude))
        for key, name, name_en, address, latitude, longitude in db.session.execute(select(Place.id, *columns))
    }


_SUPPORTING = (
    select(slot_departments.c.slot_id, Department.name, Department.name_en)
    .join(Department, Department.id == slot_departments.c.department_id)
    .order_by(slot_departments.c.slot_id, Department.code)
)
_SERVICES = (
    select(slot_services.c.slot_id, Service.name, Service.name_en)
    .join(Service, Service.id == slot_services.c.service_id)
    .order_by(slot_services.c.slot_id, Service.id)
)


def _named_by_slot(query: Select[Any]) -> dict[int, tuple[Named, ...]]:
    found: dict[int, tuple[Named, ...]] = {}
    for slot, name, name_en in db.session.execute(query):
        found[slot] = (*found.get(slot, ()), Named(name, name_en))
    return found


_FACTS: Select[*tuple[Any, ...]] = select(
    Slot.id,
    Slot.public_id,
    Slot.state,
    Slot.title,
    Slot.title_en,
    Slot.description,
    Slot.topic,
    Slot.format,
    Slot.department_id,
    Slot.place_id,
    Slot.place_text,
    Slot.starts_at,
    Slot.ends_at,
    Slot.opens_at,
    Slot.closes_at,
    Slot.changed_at,
    Slot.sequence,
    Slot.call_off_reason,
    Slot.online_url,
    Slot.bring,
).order_by(Slot.starts_at, Slot.id)
_COUNTED_FACTS = _FACTS.add_columns(
    Slot.places_taken, Slot.capacity, Slot.people_taken, Slot.waiting, Slot.counted_at, Slot.door_minutes
)


def _facts(
    row: Any,
    leads: Mapping[int, Lead],
    places: Mapping[int | None, Venue],
    supporting: tuple[Named, ...],
    services: tuple[Named, ...],
) -> SlotFacts:
    public_id, state, title, title_en, description, topic, form, lead, place = row[1:10]
    named = (public_id, state, Named(title, title_en), description, topic, form, leads[lead], places.get(place))
    values: tuple[Any, ...] = (*named, *row[10:20], supporting, services)
    return SlotFacts(*values)  # by position, which is quicker by half
