"""Slots and bookings as the database holds them, written directly: feeds depend on what is stored, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import icalendar
import pytest
from werkzeug.test import TestResponse

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import LAPSES, BookingChannel, BookingState
from eventsys.calendars.bodies import BODIES
from eventsys.calendars.rules import NewFeedLink, Options
from eventsys.calendars.services import create_feed_link
from eventsys.core.db import db, unit_of_work
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.models import Department, District, Service
from eventsys.directory.rules import Topic
from eventsys.slots.models import Slot
from eventsys.slots.rules import AudienceKind, SlotFormat, SlotState
from tests import cast

SHANGHAI = ZoneInfo("Asia/Shanghai")
FEED_DAY = datetime(2026, 11, 22, tzinfo=SHANGHAI).date()
CHANGED = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)
_numbers = count(1)


def on(days: int, clock: time = time(14, 0)) -> datetime:
    """So many days after the day the feeds were swept, local time."""
    return datetime.combine(FEED_DAY + timedelta(days=days), clock, SHANGHAI)


def forget_bodies() -> None:
    """As after a revision rose: what is written here directly raises none."""
    BODIES.clear()


def add_slot(starts_at: datetime | None = None, **values) -> Slot:
    """A published public session of the tax office in ten days, and what `values` say otherwise."""
    starts_at = starts_at or on(10)
    state = values.get("state", SlotState.PUBLISHED)
    defaults = {
        "public_id": cast.fixed_id("t", next(_numbers)),
        "title": "研发费用加计扣除",
        "description": "现场答疑",
        "topic": Topic.POLICY,
        "format": SlotFormat.SESSION,
        "department_id": cast.TAX,
        "place_id": cast.CENTRE,
        "park_id": cast.SOFTWARE_PARK,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=90),
        "closes_at": starts_at - timedelta(days=1),
        "cancel_until": starts_at - timedelta(days=1),
        "names_until": starts_at - timedelta(days=1),
        "queue_until": starts_at - timedelta(days=1),
        "month": starts_at.year * 100 + starts_at.month,
        "capacity": 20,
        "state": state,
        "changed_at": CHANGED,
        "sequence": 1,
        "called_off_at": on(-1) if state is SlotState.CALLED_OFF else None,
    }
    supporting, services = values.pop("supporting", ()), values.pop("services", ())
    with unit_of_work():
        slot = Slot(**defaults | values)
        slot.supporting = [db.session.get(Department, key) for key in supporting]
        slot.services = [db.session.get(Service, key) for key in services]
        if "is_hidden" not in values:
            slot.audience_kind = slot.audience_kind or AudienceKind.PUBLIC
            slot.hide_or_show()
        db.session.add(slot)
    forget_bodies()
    return slot


def add_booking(slot: Slot, state: BookingState = BookingState.CONFIRMED, **values) -> Booking:
    """A booking of two people by the first enterprise, and what `values` say otherwise."""
    ended_at = values.pop("ended_at", on(-1))
    defaults = {
        "slot_id": slot.id,
        "enterprise_id": cast.ACME,
        "state": state,
        "party": 2,
        "party_min": 1,
        "month": slot.month,
        "department_id": slot.department_id,
        "lapses_at": slot.starts_at if state in LAPSES else None,
        "channel": BookingChannel.WEB,
        "contact_name": "联系人丁",
        "changed_at": CHANGED if state is not BookingState.EXPIRED else ended_at,
        "cancelled_at": ended_at if state is BookingState.CANCELLED else None,
    }
    with unit_of_work():
        booking = Booking(**defaults | values)
        db.session.add(booking)
    forget_bodies()
    return booking


def change(thing, bump: dict | None = None, **values) -> None:
    """Store new values of a slot or booking; `bump` names the sets raised with them."""
    with unit_of_work():
        for name, value in values.items():
            setattr(thing, name, value)
        db.session.add(thing)
        bump_feed_sets(**bump or {})
    forget_bodies()


def add_link(member: cast.Member = cast.CONTACT, **values) -> tuple[str, str]:
    """Public id and address of a private link of the member's organisation."""
    names = values.keys() & {"detail", "locale", "drops_cancelled"}
    options = Options(**{name: values.pop(name) for name in names})
    owner = (
        {}
        if values.keys() & {"enterprise", "department", "staff", "filter"}
        else {"enterprise": member.enterprise, "department": member.department}
    )
    command = NewFeedLink(**owner | values, options=options)
    with unit_of_work():
        link, token = create_feed_link(command, actor=member.actor)
    return link.public_id, f"/feeds/private/{token}.ics"


def read(answer: TestResponse) -> dict[str, icalendar.Event]:
    """The events of a feed's answer by public id of their slot."""
    assert answer.status_code == 200, answer.data
    parsed = icalendar.Calendar.from_ical(answer.data)
    assert not parsed.errors
    events = {}
    for event in parsed.walk("VEVENT"):
        assert not event.errors
        assert event["UID"] not in events
        events[event["UID"].partition("@")[0]] = event
    return events


@pytest.fixture(autouse=True)
def _swept(request: pytest.FixtureRequest) -> None:
    """The feeds were last swept on FEED_DAY."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        with unit_of_work():
            db.session.get(District, 1).feed_day = FEED_DAY
        forget_bodies()


ALL = "/feeds/all.ics"
TAX_FEED = "/feeds/departments/tax.ics"
PARK_FEED = f"/feeds/parks/{cast.fixed_id('k', cast.SOFTWARE_PARK)}.ics"
PUBLIC = (ALL, TAX_FEED, PARK_FEED)


def all_feeds() -> list[str]:
    """The addresses of public and private feeds."""
    return [*PUBLIC, add_link(cast.CONTACT)[1], add_link(cast.CLERK)[1]]
