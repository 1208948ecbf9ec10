"""Sending the pages of booking, and what the tables hold after it."""

import sqlalchemy as sa
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import get_booking
from eventsys.core.db import Base, db
from tests import cast


def stored():
    """How many rows each table holds, sign-ins apart."""
    db.session.rollback()
    tables = [table for table in Base.metadata.sorted_tables if table.name != "sign_ins"]
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables}


def digest():
    """Every row of every table but sign-ins, so that any change shows."""
    db.session.rollback()
    return {
        table.name: sorted(map(repr, db.session.execute(sa.select(table)).all()))
        for table in Base.metadata.sorted_tables
        if table.name != "sign_ins"
    }


def bookings():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Booking).order_by(Booking.id)).all()


def reread(booking):
    """The booking as it stands now."""
    db.session.rollback()
    db.session.expire_all()
    return get_booking(booking.public_id, visible_to=cast.COORDINATOR.actor)


def rows(*people):
    """The fields of attendee rows: (name,), (name, phone) or (name, phone, email)."""
    sent = {}
    for number, person in enumerate(people):
        for part, value in zip(("name", "phone", "email"), person, strict=False):
            sent[f"attendees-{number}-{part}"] = value
    return sent


def book(client, slot, *people, **more):
    return client.post(f"/slots/{slot.public_id}/book", data={"party": "1", "action": "book", **rows(*people), **more})
