"""`eventsys setup`: an empty district and the two people who fill it."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import click
from sqlalchemy import select

from eventsys.accounts.services import NewPerson, add_person
from eventsys.bookings.keys import ensure_signing_key
from eventsys.cli.application import COMMAND_LINE, installed
from eventsys.config import Config
from eventsys.core import audit
from eventsys.core.actor import Role
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict
from eventsys.core.text import clean_line
from eventsys.directory.models import District
from eventsys.directory.rules import NAME_MAX
from eventsys.directory.services import grant_role
from eventsys.web.migrations import upgrade


@click.command()
@click.option("--name", prompt="Name of the district", help="The district's name, e.g. 示范区.")
@click.option("--name-en", default="", help="Its English name.")
@click.option("--coordinator", prompt="Coordinator's name", help="Name of the first coordinator.")
@click.option("--coordinator-login", prompt="Coordinator's mail address or mobile number")
@click.option("--coordinator-password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.option("--administrator", prompt="Administrator's name", help="Name of the first administrator.")
@click.option("--administrator-login", prompt="Administrator's mail address or mobile number")
@click.option("--administrator-password", prompt=True, hide_input=True, confirmation_prompt=True)
def setup(
    name: str,
    name_en: str,
    coordinator: str,
    coordinator_login: str,
    coordinator_password: str,
    administrator: str,
    administrator_login: str,
    administrator_password: str,
) -> None:
    """Make an empty district with its first coordinator and administrator. Asks for what is not given."""
    with installed() as app:
        upgrade()
        with unit_of_work():
            create_district(name, name_en, app.config["EVENTSYS"])
            add_first(coordinator, coordinator_login, coordinator_password, Role.COORDINATOR)
            add_first(administrator, administrator_login, administrator_password, Role.ADMINISTRATOR)
    click.echo("The district is set up. Start it with `eventsys serve` and `eventsys worker`.")
    click.echo("We recommend: Administration, Settings, a second step at sign-in for coordinators and administrators.")


def create_district(name: str, name_en: str, config: Config) -> District:
    """The one district of an empty database, with its first ticket key; Conflict("district_exists")."""
    if db.session.scalar(select(District.id)) is not None:
        raise Conflict("district_exists")
    district = District(
        id=1,
        name=clean_line(name, "name", NAME_MAX, required=True),
        name_en=clean_line(name_en, "name_en", NAME_MAX),
        uid_host=uid_host(config),
        feed_day=now().astimezone(config.zone).date(),
    )
    db.session.add(district)
    db.session.flush()
    ensure_signing_key(actor=COMMAND_LINE)
    audit.record(COMMAND_LINE, "district.created", "district", "1", after={"name": district.name})
    return district


def uid_host(config: Config) -> str:
    """The host in calendar UIDs and Message-IDs, kept for ever: the site's, or a random one on a machine's own."""
    host = urlsplit(config.base_url).hostname or ""
    return f"eventsys-{secrets.token_hex(6)}.local" if config.is_loopback else host.replace(":", "-")


def add_first(name: str, login: str, password: str, role: Role) -> None:
    """A person who signs in by mail address or mobile number, with one role for the whole district."""
    mail, mobile = (login, "") if "@" in login else ("", login)
    person = add_person(NewPerson(name=name, email=mail, mobile=mobile, password=password), actor=COMMAND_LINE)
    grant_role(person.id, role, None, None, actor=COMMAND_LINE)
