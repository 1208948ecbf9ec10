"""`eventsys user` and `eventsys token`."""

from __future__ import annotations

import click
from sqlalchemy import select

from eventsys.accounts.models import Person
from eventsys.accounts.queries import find_person_by_login
from eventsys.accounts.services import NewApiToken, NewPerson, add_api_token, add_person
from eventsys.cli.application import COMMAND_LINE, installed
from eventsys.core.actor import Role
from eventsys.core.db import db, unit_of_work
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.directory.models import Department, Enterprise
from eventsys.directory.services import grant_role


@click.group()
def user() -> None:
    """People."""


@user.command("add")
@click.argument("name")
@click.option("--email", default="", help="Mail address; this or --mobile.")
@click.option("--mobile", default="", help="Mobile number.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--department", help="Code of the department, for clerks and stewards.")
@click.option("--enterprise", help="Credit code of the enterprise, for contacts.")
@click.option("--password", help="Asked for when not given.")
@click.option("--without-password", is_flag=True, help="They sign in by one-time code or link.")
def add_user(
    name: str,
    email: str,
    mobile: str,
    role: str,
    department: str | None,
    enterprise: str | None,
    password: str | None,
    without_password: bool,
) -> None:
    """Add a person called NAME with a role."""
    if password is None and not without_password:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with installed():
        with unit_of_work():
            department_id = _department(department) if department else None
            enterprise_id = _enterprise(enterprise) if enterprise else None
            command = NewPerson(name=name, email=email, mobile=mobile, password=password or "")
            person = add_person(command, actor=COMMAND_LINE)
            grant_role(person.id, Role(role), department_id, enterprise_id, actor=COMMAND_LINE)
        click.echo(f"Added {person.name} ({person.public_id}).")


@click.group()
def token() -> None:
    """API tokens."""


@token.command("add")
@click.argument("login")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(TOKEN_SCOPES), help="Repeat it; default: all.")
@click.option("--days", type=click.IntRange(1), help="How long it is good; default: until revoked.")
def add_token(login: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Add a token for the person with this mail address or mobile number and print it, this once."""
    with installed():
        with unit_of_work():
            command = NewApiToken(_person(login).id, name, scopes or TOKEN_SCOPES, days)
            secret = add_api_token(command, actor=COMMAND_LINE)
        click.echo(secret)


def _person(login: str) -> Person:
    person = find_person_by_login(login)
    if person is None:
        raise LookupError(f"nobody active has the mail address or mobile number {login}")
    return person


def _department(code: str) -> int:
    found = db.session.scalar(select(Department.id).where(Department.code == code))
    if found is None:
        raise LookupError(f"no department has the code {code}")
    return found


def _enterprise(code: str) -> int:
    found = db.session.scalar(select(Enterprise.id).where(Enterprise.credit_code == code.upper()))
    if found is None:
        raise LookupError(f"no enterprise has the credit code {code}")
    return found
