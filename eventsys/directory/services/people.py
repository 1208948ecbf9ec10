"""People as an administrator keeps them; what they do for themselves is in accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from eventsys.accounts.models import Person
from eventsys.accounts.services import NewPerson, add_person, end_sign_ins
from eventsys.accounts.services.people import person_search_text
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.commands import PersonDetails, check_person
from eventsys.directory.queries.people import get_person, lock_administrators, lock_person


def create_person(command: PersonDetails, *, actor: Actor) -> Person:
    """A new person without a role; Invalid names wrong fields."""
    authorize(actor, Permission.ADMINISTER, Scope())
    details = check_person(command)
    _require_free(details, None)
    return add_person(NewPerson(details.name, details.mobile, details.email), actor=actor)


def edit_person(public_id: str, command: PersonDetails, version: int | None, *, actor: Actor) -> Person:
    """Change name, mobile number and mail address. Conflict `stale_edit` when `version` is not the present one."""
    authorize(actor, Permission.ADMINISTER, Scope())
    person = lock_person(get_person(public_id).id)
    details = check_person(command)
    person.require_version(version)
    _require_free(details, person.id)
    before = _state(person)
    person.name, person.mobile, person.email = details.name, details.mobile or None, details.email or None
    person.search_text = person_search_text(details.name, details.mobile, details.email)
    db.session.flush()
    was, now_is = audit.changes(before, _state(person))
    if now_is:
        audit.record(actor, "person.edited", "person", public_id, before=was, after=now_is)
    return person


def set_person_active(public_id: str, active: bool, *, actor: Actor) -> Person:
    """Disable or enable a person. Disabling ends their sessions; the last administrator stays: Conflict."""
    authorize(actor, Permission.ADMINISTER, Scope())
    person = get_person(public_id)
    if not active:
        require_other_administrator(person.id)
    person = lock_person(person.id)
    if person.active == active:
        return person
    person.active = active
    person.version += 1
    db.session.flush()
    action = "person.enabled" if active else "person.disabled"
    audit.record(actor, action, "person", public_id, before={"active": not active}, after={"active": active})
    if not active:
        end_sign_ins(person.id, actor=actor)
    return person


def require_other_administrator(person_id: int) -> None:
    """Conflict when this person is the only one left who can administer."""
    administrators = {membership.person_id for membership in lock_administrators()}
    if administrators == {person_id}:
        raise Conflict("last_administrator")


def _require_free(details: PersonDetails, own: int | None) -> None:
    for field, column, value in (
        ("mobile", Person.mobile, details.mobile),
        ("email", Person.email, details.email),
    ):
        if value and db.session.scalar(select(Person.id).where(column == value, Person.id != (own or 0))):
            raise Invalid(f"{field}_taken", field=field)


def _state(person: Person) -> dict[str, Any]:
    return {"name": person.name, "mobile": person.mobile, "email": person.email}
