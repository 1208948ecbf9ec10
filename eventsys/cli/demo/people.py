"""Who signs in to the demonstration: an account for every role, fresh tokens and calendar links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from eventsys.accounts.models import Person
from eventsys.accounts.services import NewApiToken, NewPerson, add_api_token, register_person
from eventsys.accounts.services.passwords import hash_new_password
from eventsys.calendars.models import FeedLink
from eventsys.calendars.rules import NewFeedLink
from eventsys.calendars.services import create_feed_link, revoke_feed_link
from eventsys.cli.application import COMMAND_LINE
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.db import db
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.directory.models import Department, Enterprise, Membership

PASSWORD = "face-to-face-2026"  # published with the demonstration, good for nothing else
PURPOSE = "demonstration"
CONTACTS = 40


@dataclass(frozen=True, slots=True)
class Account:
    """A demonstration account; `key` names its token."""

    key: str
    role: Role
    login: str
    name: str
    department: Department | None = None
    enterprise: Enterprise | None = None

    @property
    def organisation(self) -> str:
        """Where the role is held."""
        owner = self.department or self.enterprise
        return owner.name if owner else "全区"


def list_accounts(departments: Sequence[Department], enterprises: Sequence[Enterprise]) -> list[Account]:
    """The accounts, in the order they are shown."""
    tax, science = departments[0], departments[1]
    accounts = [
        Account("administrator", Role.ADMINISTRATOR, "administrator@siming.example", "系统管理员"),
        Account("coordinator", Role.COORDINATOR, "coordinator@siming.example", "统筹管理员"),
        Account("clerk", Role.CLERK, "clerk@siming.example", f"{tax.short_name}经办人", tax),
        Account("clerk2", Role.CLERK, "clerk2@siming.example", f"{science.short_name}经办人", science),
        Account("steward", Role.STEWARD, "steward@siming.example", "现场签到员"),
        Account("auditor", Role.AUDITOR, "auditor@siming.example", "审计员"),
        Account("volunteer", Role.VOLUNTEER, "volunteer@siming.example", "志愿者"),
        Account("volunteer_lead", Role.VOLUNTEER_LEAD, "lead@siming.example", "志愿者领队"),
    ]
    for number, enterprise in enumerate(enterprises[:CONTACTS], 1):
        key = "contact" if number == 1 else f"contact{number}"
        name = f"{enterprise.short_name}联系人"
        accounts.append(Account(key, Role.CONTACT, f"{key}@siming.example", name, enterprise=enterprise))
    return accounts


def write_accounts(accounts: Sequence[Account]) -> None:
    """Add the people with their roles; one hash serves all, since the password is published."""
    hashed = hash_new_password(PASSWORD)
    for account in accounts:
        person = register_person(NewPerson(account.name, email=account.login), actor=COMMAND_LINE)
        person.password = hashed
        db.session.add(
            Membership(
                person_id=person.id,
                role=account.role,
                department_id=account.department.id if account.department else None,
                enterprise_id=account.enterprise.id if account.enterprise else None,
            )
        )


def fresh_tokens(accounts: Sequence[Account]) -> dict[str, str]:
    """A new token for each account."""
    people = {person.email: person.id for person in db.session.scalars(select(Person).where(Person.email.is_not(None)))}
    return {
        account.key: add_api_token(NewApiToken(people[account.login], PURPOSE, TOKEN_SCOPES, None), actor=COMMAND_LINE)
        for account in accounts
        if account.login in people
    }


def fresh_feeds(accounts: Sequence[Account]) -> dict[str, str]:
    """Paths of public feeds, and fresh private ones of the first contact's enterprise and the first clerk's desk."""
    by_key = {account.key: account for account in accounts}
    return {
        "all": "/feeds/all.ics",
        "department": f"/feeds/departments/{accounts[2].department.code}.ics" if accounts[2].department else "",
        "topic": "/feeds/topics/policy.ics",
        "filter": "/feeds/slots.ics?topic=service&format=session",
        "private": f"/feeds/private/{_fresh_link(by_key['contact'])}.ics",
        "desk": f"/feeds/private/{_fresh_link(by_key['clerk'])}.ics",
    }


def _fresh_link(account: Account) -> str:
    """The token of a new link to the account's calendar; earlier ones of the demonstration end."""
    person = db.session.scalars(select(Person).where(Person.email == account.login)).one()
    department = account.department.id if account.department else None
    enterprise = account.enterprise.id if account.enterprise else None
    grants = frozenset({Grant(account.role, department, enterprise)})
    actor = Actor(person=person.id, name=person.name, grants=grants, channel=COMMAND_LINE.channel)
    earlier = select(FeedLink).where(FeedLink.person_id == person.id, FeedLink.purpose == PURPOSE)
    for link in db.session.scalars(earlier.where(FeedLink.revoked_at.is_(None))):
        revoke_feed_link(link.public_id, actor=actor)
    command = NewFeedLink(purpose=PURPOSE, enterprise=enterprise, department=department)
    return create_feed_link(command, actor=actor)[1]


def shown(accounts: Sequence[Account]) -> list[dict[str, Any]]:
    """What the file and the terminal show of the accounts."""
    return [
        {
            "role": account.role.value,
            "login": account.login,
            "password": PASSWORD,
            "organisation": account.organisation,
        }
        for account in accounts
    ]
