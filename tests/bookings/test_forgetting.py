"""How to reach people is forgotten after twelve months; who came is not."""

from datetime import timedelta

import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Attendee
from eventsys.bookings.rules import NewAttendee, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.bookings.services.forgetting import KEPT
from eventsys.cli.housekeeping import clean_up
from eventsys.core.db import db, unit_of_work
from tests import cast
from tests.factories import make_slot


def test_numbers_and_addresses_are_deleted_twelve_months_after_the_slot(app):
    slot = make_slot()
    people = (NewAttendee("王一", "13800138001", "wang@example.com"),)
    with unit_of_work():
        book_slot(NewBooking(slot.public_id, cast.ACME, attendees=people), actor=cast.CONTACT.actor)
    for after, kept in ((KEPT - timedelta(days=1), ("+8613800138001", "wang@example.com")), (KEPT, ("", ""))):
        with time_machine.travel(slot.ends_at + after + timedelta(minutes=1), tick=False):
            clean_up()
        db.session.rollback()
        db.session.expire_all()
        found = db.session.scalars(select(Attendee)).one()
        assert (found.name, found.phone, found.email) == ("王一", *kept)
