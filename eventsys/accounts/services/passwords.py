"""Passwords: checked, set, changed, reset by mail. Hashes and reset tokens are Flask-Security's."""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore

from flask_security.proxies import _datastore
from flask_security.recoverable import generate_reset_password_token, reset_password_token_status
from flask_security.utils import hash_password, verify_password

from eventsys.accounts.models import Person
from eventsys.accounts.queries import find_person_by_login, get_person, is_bound_device
from eventsys.accounts.rules import PASSWORD_MAX, PASSWORD_MIN, RESET_HOURS, Attempt
from eventsys.accounts.services.sign_ins import end_sign_ins
from eventsys.accounts.services.throttles import count_attempt, require_patience
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotAllowed
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.text import fold
from eventsys.notifications.services import Recipient, enqueue

_hashing = BoundedSemaphore(1)  # argon2 takes 7 MiB and a core for some 20 ms


def check_password(login: str, password: str, *, actor: Actor) -> Person | None:
    """The person with this mail address or mobile number and password; None when they do not match.

    Takes as long for an account that does not exist. Writes nothing, so that no transaction is open while argon2
    works: the caller counts a failure. Raises TooMany.
    """
    person = find_person_by_login(login)
    require_patience(Attempt.PASSWORD, login, actor.address, person_id=person.id if person else None)
    stored = person.password if person and person.password else _nobodys_hash()
    matches = len(password) <= PASSWORD_MAX and _is_password(password, stored)
    return person if matches and person and person.password else None


def set_password(person_id: int, password: str, *, actor: Actor) -> None:
    """Set anybody's password and end all their sessions; for administrators and the command line."""
    authorize(actor, Permission.ADMINISTER, Scope(person=person_id))
    _store(get_person(person_id), password, actor)


def change_password(old: str, new: str, *, actor: Actor) -> Person:
    """Change the actor's own password and end all sessions, this one too: the caller begins a new one.

    Invalid("wrong_password") names the field `old`; who has no password yet gives none.
    """
    authorize(actor, Permission.USE_ACCOUNT, Scope(person=actor.person))
    if is_bound_device(actor):
        raise NotAllowed("bound_device")
    person = get_person(actor.person)
    require_own_password(person, old, "old", actor=actor)
    _store(person, new, actor)
    return person


def require_own_password(person: Person, password: str, field: str, *, actor: Actor) -> None:
    """Invalid("wrong_password") unless it is the actor's; who has none need not give one. Raises TooMany.

    The caller counts a failure by `count_wrong_own_password`, in a unit of work of its own.
    """
    require_patience(Attempt.PASSWORD, person.public_id, actor.address)
    if person.password and not (len(password) <= PASSWORD_MAX and _is_password(password, person.password)):
        raise Invalid("wrong_password", field=field)


def count_wrong_own_password(*, actor: Actor) -> None:
    """Count a wrong present password: a stolen session must not be a place to guess it."""
    count_attempt(Attempt.PASSWORD, get_person(actor.person).public_id, actor.address)


def send_reset_link(login: str, *, base_url: str, actor: Actor) -> None:
    """Mail a link that is good once and for an hour, when there is such a person with a mail address.

    Says nothing of whether there is. `base_url` is what the token is appended to. Raises TooMany.
    """
    require_patience(Attempt.MAIL, login, actor.address)
    count_attempt(Attempt.MAIL, login, actor.address)
    person = find_person_by_login(login)
    if person is None or person.email is None:
        return
    url = base_url + generate_reset_password_token(person)  # type: ignore[no-untyped-call]
    enqueue(
        "password_reset",
        [Recipient(address=person.email, locale=person.locale)],
        {"name": person.name, "url": url, "hours": RESET_HOURS},
    )
    audit.record(actor, "ask_password_reset", "person", person.public_id)


def reset_password(token: str, password: str, *, actor: Actor) -> Person:
    """Set a password by the link of a mail and end all sessions; Invalid("reset_link") when it is used or too old."""
    person = find_person_by_reset_token(token)
    if person is None:
        raise Invalid("reset_link")
    _store(person, password, actor)
    return person


def find_person_by_reset_token(token: str) -> Person | None:
    """Whose link this is, as long as it counts."""
    expired, invalid, person = reset_password_token_status(token)  # type: ignore[no-untyped-call]
    return person if not expired and not invalid and person and person.active else None


def hash_new_password(password: str, field: str = "password", *, person: Person | None = None) -> str:
    """The hash of a password long enough and not the person's own name, number or address; else Invalid."""
    if len(password) > PASSWORD_MAX:
        raise Invalid("too_long", field=field, limit=PASSWORD_MAX, length=len(password))
    normal = _normal(password)
    if len(normal) < PASSWORD_MIN or "\x00" in normal:
        raise Invalid("password_too_short", field=field, minimum=PASSWORD_MIN)
    own = (person.email, person.mobile, (person.mobile or "").removeprefix("+86")) if person else ()
    if len(set(normal)) < 4 or fold(normal) in {fold(part) for part in own if part}:
        raise Invalid("password_too_simple", field=field)
    return _hash(normal)


def _store(person: Person, password: str, actor: Actor) -> None:
    person.password = hash_new_password(password, person=person)
    _datastore.set_uniquifier(person)  # reset links given out before are dead
    person.version += 1
    db.session.flush()
    end_sign_ins(person.id, actor=actor)
    audit.record(actor, "set_password", "person", person.public_id)
    enqueue(
        "password_changed",
        [Recipient(person=person.id, address=person.email, locale=person.locale)],
        {"name": person.name},
    )


def _normal(password: str) -> str:
    """Unicode unified as Flask-Security does, so that one password typed on two keyboards is one."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


@cache
def _nobodys_hash() -> str:
    return _hash("nobody has this password")


def _is_password(password: str, stored: str) -> bool:
    with _hashing:
        return bool(verify_password(_normal(password), stored))


def _hash(password: str) -> str:
    with _hashing:
        hashed: str = hash_password(password)
    return hashed
