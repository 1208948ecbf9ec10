"""Two slots with few places that many want: one is drawn when the demonstration is loaded, one in some days."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from eventsys.bookings.rules import BookingChannel, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.cli.application import COMMAND_LINE
from eventsys.cli.demo.district import DemoDistrict
from eventsys.core.clock import now
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Enterprise, Place
from eventsys.slots.draws import default_draw_at
from eventsys.slots.models import Slot
from eventsys.slots.rules import NewSlot, SlotFormat
from eventsys.slots.services import create_slot
from eventsys.workdays.rules import OFFICIAL

PLACES, REGISTERED = 6, 14
WITH_CONTACTS = 40  # enterprises whose contacts have accounts and tokens: theirs to book


def write_ballots(district: DemoDistrict) -> None:
    """Add the two slots with their registrations; the first one's draw is due."""
    registered = district.enterprises[WITH_CONTACTS:][:REGISTERED]
    first, second = district.departments[2:4]
    due = _slot(first, district.places[0], weighted=False)
    to_come = _slot(second, district.places[1], weighted=True)
    for slot in (due, to_come):
        _register(slot, registered)
    due.draw_at = now()


def _slot(department: Department, place: Place, *, weighted: bool) -> Slot:
    zone = installation().zone
    day = OFFICIAL.add_workdays(now(), 10, zone).date()
    starts_at = datetime.combine(day, time(15, 0), zone)
    command = NewSlot(
        department=department.id,
        title=f"{department.services[0].name}一对一专场",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        format=SlotFormat.SESSION,
        topic=department.services[0].topic,
        capacity=PLACES,
        party_max=2,
        place=place.id,
        services=(department.services[0].id,),
        draw_at=default_draw_at(now(), OFFICIAL, zone),
        is_draw_weighted=weighted,
    )
    return create_slot(command, actor=COMMAND_LINE, publish=True)


def _register(slot: Slot, enterprises: list[Enterprise]) -> None:
    for enterprise in enterprises:
        command = NewBooking(slot.public_id, enterprise.id, party=1, channel=BookingChannel.PHONE)
        book_slot(command, actor=COMMAND_LINE)
