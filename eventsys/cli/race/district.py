"""The race's own district: a database made anew, enterprises whose contacts have tokens, and slots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import click
import sqlalchemy as sa

from eventsys.accounts.models import ApiToken, Person
from eventsys.accounts.rules import API_TOKEN_PREFIX
from eventsys.cli.application import COMMAND_LINE
from eventsys.cli.race.clients import Contact
from eventsys.cli.setup import create_district
from eventsys.core.actor import Role
from eventsys.core.clock import now
from eventsys.core.db import Base, db, unit_of_work
from eventsys.core.installation import installation
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.core.tokens import hash_token, new_token
from eventsys.directory.models import Department, District, Enterprise, Membership
from eventsys.slots.rules import NewSlot
from eventsys.slots.services import create_slot
from eventsys.web.migrations import upgrade

NAME = "eventsys race"  # by this name a database is known as ours
DAYS_AHEAD = 30
VERSIONS = "alembic_version"


@dataclass(frozen=True, slots=True)
class Plan:
    """A slot to be made."""

    capacity: int
    people: int | None = None
    needs_approval: bool = False


def make_database() -> None:
    """An empty database with every migration. Refuses one that holds anything that a race did not make."""
    db.session.remove()  # what was read before keeps the tables locked
    with db.engine.begin() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if not _is_ours(connection, tables):
            raise click.ClickException("the database holds data; give `race` one of its own")
        Base.metadata.drop_all(connection)
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {VERSIONS}"))
        if connection.dialect.name == "postgresql":
            for table in ("audit_entries", "scans"):
                connection.execute(sa.text(f"DROP FUNCTION IF EXISTS {table}_append_only"))
    upgrade()


def _is_ours(connection: sa.Connection, tables: set[str]) -> bool:
    known = Base.metadata.tables
    if not tables <= {*known, VERSIONS}:
        return False
    if District.__tablename__ in tables and connection.scalar(sa.select(District.name)) == NAME:
        return True
    return not any(connection.execute(sa.select(sa.literal(1)).select_from(known[name]).limit(1)).first()
                   for name in tables - {VERSIONS})  # fmt: skip


def make_district(clients: int) -> tuple[list[Contact], Contact]:
    """As many contacts as clients, each of an enterprise of its own, and the clerk of the one department."""
    with unit_of_work():
        create_district(NAME, "", installation())
        department = Department(code="race", name="赛事局", short_name="赛事局")
        enterprises = [
            Enterprise(credit_code=f"9135029900{number:08d}", name=f"{number + 1}号企业") for number in range(clients)
        ]
        db.session.add_all([department, *enterprises])
        db.session.flush()
        clerk = _person(clients, "经办人", Role.CLERK, department=department.id)
        contacts = [
            Contact(_person(number, "联系人", Role.CONTACT, enterprise=enterprise.id), enterprise.public_id)
            for number, enterprise in enumerate(enterprises)
        ]
    return contacts, Contact(clerk)


def _person(number: int, name: str, role: Role, *, department: int | None = None, enterprise: int | None = None) -> str:
    """The token of a new person with one role."""
    token = new_token(API_TOKEN_PREFIX)
    person = Person(name=name, mobile=f"+8610{number:08d}", fs_uniquifier=hash_token(token))
    db.session.add(person)
    db.session.flush()
    db.session.add_all(
        [
            Membership(person_id=person.id, role=role, department_id=department, enterprise_id=enterprise),
            ApiToken(name=NAME, token_hash=hash_token(token), person_id=person.id, scopes=list(TOKEN_SCOPES)),
        ]
    )
    return token


def make_slots(plans: Iterable[Plan]) -> list[str]:
    """Public ids of published slots, a month ahead."""
    starts_at = now() + timedelta(days=DAYS_AHEAD)
    with unit_of_work():
        department = db.session.scalars(sa.select(Department.id)).one()
        return [
            create_slot(
                NewSlot(
                    department,
                    "政策辅导",
                    starts_at,
                    starts_at + timedelta(hours=1),
                    capacity=plan.capacity,
                    attendee_capacity=plan.people,
                    needs_approval=plan.needs_approval,
                ),
                actor=COMMAND_LINE,
                publish=True,
            ).public_id
            for plan in plans
        ]
