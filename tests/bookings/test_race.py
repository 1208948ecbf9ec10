"""The last place: whoever is first has it, and nobody else. The canary shows that the test would notice."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import TAKES_PLACES
from eventsys.core.db import db, unit_of_work
from eventsys.core.ids import new_public_id
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from tests.bookings.race import Race, run
from tests.factories import make_slot

FULL = bool(os.environ.get("EVENTSYS_SOAK"))
CLIENTS, ROUNDS, CANARY_ROUNDS = (200, 100, 5) if FULL else (16, 6, 3)


@pytest.fixture
def race(app):
    """One slot with one place a round, and as many enterprises as clients."""
    with unit_of_work():
        rows = [
            Enterprise(public_id=new_public_id(), credit_code=f"0135020{number:011d}"[:18], name=f"企业{number}")
            for number in range(CLIENTS)
        ]
        db.session.add_all(rows)
    slots = [make_slot(capacity=1, attendee_capacity=None) for _ in range(ROUNDS)]
    return Race(
        app.config["EVENTSYS"].home,
        app.config["EVENTSYS"].database_url,
        tuple(slot.public_id for slot in slots),
        tuple(row.id for row in rows),
        CLIENTS,
    )


def bookings_of(slots):
    db.session.rollback()
    counted = dict(
        db.session.execute(
            select(Slot.public_id, func.count(Booking.id))
            .join(Booking, Booking.slot_id == Slot.id)
            .where(Booking.state.in_(TAKES_PLACES), Slot.public_id.in_(slots))
            .group_by(Slot.public_id)
        ).all()
    )
    return [counted.get(slot, 0) for slot in slots]


@pytest.mark.soak
def test_the_last_place_is_given_once(race):
    outcomes = run(race)
    assert bookings_of(race.slots) == [1] * ROUNDS
    assert outcomes == {"ok": ROUNDS, "slot_full": (CLIENTS - 1) * ROUNDS}


@pytest.mark.soak
def test_without_locks_it_is_given_more_often(race):
    canary = replace(race, slots=race.slots[:CANARY_ROUNDS], canary=True)
    run(canary)
    assert max(bookings_of(canary.slots)) > 1
