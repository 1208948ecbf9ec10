"""`eventsys demo`: the demonstration district. Nothing of it is in the code; all of it is data."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import click
from sqlalchemy import select

from eventsys.bookings.keys import ensure_signing_key
from eventsys.bookings.models import Booking, PlannedVisit
from eventsys.bookings.tasks import draw_due
from eventsys.cli.application import COMMAND_LINE, installed
from eventsys.cli.demo.activity import write_activity
from eventsys.cli.demo.afterwards import write_afterwards
from eventsys.cli.demo.ballots import write_ballots
from eventsys.cli.demo.collection import write_collection
from eventsys.cli.demo.district import write_district
from eventsys.cli.demo.people import fresh_feeds, fresh_tokens, list_accounts, shown, write_accounts
from eventsys.cli.demo.staff import write_staff
from eventsys.cli.demo.visits import write_visits
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.installation import installation
from eventsys.directory.models import Department, District, Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.queries.editions import list_collecting
from eventsys.slots.rules import SlotState

SEED = 4399
SLOTS_LISTED = 50


@click.group()
def demo() -> None:
    """The demonstration district."""


@demo.command()
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write accounts and tokens here.")
@click.option("--enterprises", type=click.IntRange(41, 20_000), default=223, show_default=True)
@click.option("--months", type=click.IntRange(1, 24), default=2, show_default=True, help="Half past, half to come.")
@click.option("--yes", is_flag=True, help="Load it although others can reach this installation.")
def load(file: Path | None, enterprises: int, months: int, yes: bool) -> None:
    """Load the demonstration district; on data already loaded only write the file, with fresh tokens."""
    with installed():
        if not installation().is_loopback and not yes:
            raise click.ClickException(
                "EVENTSYS_BASE_URL can be reached by others and the demonstration's password is published: add --yes"
            )
        with unit_of_work():
            is_empty = db.session.get(District, 1) is None
            if is_empty:
                _write(enterprises, months)
        if is_empty:
            draw_due()
        if file is not None:
            with unit_of_work():
                content = _content()
            file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _write(enterprises: int, months: int) -> None:
    random = Random(SEED)  # noqa: S311 - the same district everywhere, nothing secret
    ensure_signing_key(actor=COMMAND_LINE)
    district = write_district(enterprises, random)
    write_accounts(list_accounts(district.departments, district.enterprises))
    write_activity(district, months, random)
    write_staff(district)
    write_ballots(district)
    write_collection(district)
    write_visits(district)
    db.session.flush()
    write_afterwards(random)


def _content() -> dict[str, object]:
    departments = db.session.scalars(select(Department).order_by(Department.id).limit(2)).all()
    enterprises = db.session.scalars(select(Enterprise).order_by(Enterprise.id).limit(40)).all()
    accounts = list_accounts(departments, enterprises)
    open_slots = (
        select(Slot.public_id)
        .where(Slot.state == SlotState.PUBLISHED, Slot.is_hidden.is_(False), Slot.closes_at > now())
        .where(Slot.draw_at.is_(None))
        .order_by((Slot.places_taken - Slot.capacity), Slot.starts_at)
        .limit(SLOTS_LISTED)
    )
    ballots = select(Slot.public_id).where(Slot.draw_at.is_not(None)).order_by(Slot.draw_at)
    visits = select(Booking.public_id).join(PlannedVisit, PlannedVisit.booking_id == Booking.id).order_by(Booking.id)
    return {
        "accounts": shown(accounts),
        "tokens": fresh_tokens(accounts),
        "slots": list(db.session.scalars(open_slots)),
        "ballots": list(db.session.scalars(ballots)),
        "editions": [edition.public_id for edition in list_collecting()],
        "visits": list(db.session.scalars(visits)),
        "feeds": fresh_feeds(accounts),
    }
