"""People: made, renamed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from eventsys.accounts.models import Person
from eventsys.accounts.queries import get_person, is_bound_device
from eventsys.accounts.rules import NAME_MAX, parse_email, parse_mobile
from eventsys.accounts.services.passwords import hash_new_password
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotAllowed
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.search import search_text
from eventsys.core.text import clean_line

LOCALES = ("", "zh_CN", "en")  # empty: as the browser asks
SEARCH_MAX = 500


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be known by mobile number, mail address or both; without a password only codes and links let in."""

    name: str
    mobile: str = ""
    email: str = ""
    password: str = ""
    locale: str = ""


def add_person(command: NewPerson, *, actor: Actor) -> Person:
    """Add a person without a role yet; Invalid, or Conflict("mobile_taken" or "email_taken") at the flush."""
    authorize(actor, Permission.ADMINISTER, Scope())
    return register_person(command, actor=actor)


def register_person(command: NewPerson, *, actor: Actor) -> Person:
    """The same for services above that have authorized the act by themselves (a link, an application)."""
    mobile = parse_mobile(command.mobile) if command.mobile.strip() else None
    email = parse_email(command.email) if command.email.strip() else None
    if mobile is None and email is None:
        raise Invalid("mobile_or_email", field="mobile")
    name = clean_line(command.name, "name", NAME_MAX, required=True)
    person = Person(
        name=name,
        search_text=person_search_text(name, mobile or "", email or ""),
        mobile=mobile,
        email=email,
        locale=_locale(command.locale),
        fs_uniquifier=uuid.uuid4().hex,
        password=hash_new_password(command.password) if command.password else None,
    )
    db.session.add(person)
    db.session.flush()
    audit.record(
        actor, "add_person", "person", person.public_id, after={"name": name, "mobile": mobile, "email": email}
    )
    return person


def change_profile(name: str, locale: str, *, actor: Actor) -> Person:
    """Change the actor's own name and language; a bound device may not."""
    authorize(actor, Permission.USE_ACCOUNT, Scope(person=actor.person))
    if is_bound_device(actor):
        raise NotAllowed("bound_device")
    person = get_person(actor.person)
    before = {"name": person.name, "locale": person.locale}
    person.name = clean_line(name, "name", NAME_MAX, required=True)
    person.locale = _locale(locale)
    person.search_text = person_search_text(person.name, person.mobile or "", person.email or "")
    person.version += 1
    old, new = audit.changes(before, {"name": person.name, "locale": person.locale})
    audit.record(actor, "change_profile", "person", person.public_id, before=old, after=new)
    return person


def person_search_text(name: str, mobile: str, email: str) -> str:
    """What a search for people looks through: name, pinyin and its initials, number and address, folded."""
    return search_text(name, mobile, email)[:SEARCH_MAX]


def _locale(value: str) -> str:
    if value not in LOCALES:
        raise Invalid("bad_choice", field="locale")
    return value
