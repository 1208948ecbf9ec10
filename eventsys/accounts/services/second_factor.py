"""The second factor: a code of an authenticator app (TOTP), or one of the recovery codes. Secrets lie encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask_security.proxies import _datastore, _security
from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from eventsys.accounts.models import OneTimeCode, Person
from eventsys.accounts.queries import get_person, is_bound_device
from eventsys.accounts.rules import TOTP_LEEWAY_SECONDS, Attempt
from eventsys.accounts.services.passwords import require_own_password
from eventsys.accounts.services.sign_ins import end_sign_ins
from eventsys.accounts.services.throttles import count_attempt, require_patience
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotAllowed
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.text import fold
from eventsys.core.tokens import hash_token

METHOD = "authenticator"
SPENT_FOR = timedelta(minutes=3)  # longer than a TOTP is accepted


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs; `secret` is encrypted and may travel in the session cookie."""

    secret: str
    key: str
    uri: str


def start_enrolment(secret: str = "", *, actor: Actor) -> Enrolment:
    """A fresh secret for the actor's app, or the one begun before. Nothing is stored until a code proves the app."""
    person = _own_person(actor)
    totp = _security.totp_factory
    secret = secret or totp.generate_totp_secret()
    login = person.email or person.mobile or person.public_id
    return Enrolment(secret, totp.get_totp_pretty_key(secret), totp.get_totp_uri(login, secret))


def turn_on_second_factor(secret: str, code: str, password: str, *, actor: Actor) -> list[str]:
    """Ask for a code of this app from now on and end the other sessions: the recovery codes, shown this once.

    Invalid names `code` or `password`.
    """
    person = _own_person(actor)
    if person.tf_primary_method:
        raise Conflict("second_factor_on")
    require_own_password(person, password, "password", actor=actor)
    if not _security.totp_factory.verify_totp(fold(code), secret, person, window=TOTP_LEEWAY_SECONDS):
        raise Invalid("bad_second_factor", field="code")
    _datastore.tf_set(person, METHOD, totp_secret=secret)
    codes = _new_recovery_codes(person)
    end_sign_ins(person.id, actor=actor, keep=actor.session)
    audit.record(actor, "turn_on_second_factor", "person", person.public_id)
    return codes


def turn_off_second_factor(password: str, *, actor: Actor) -> None:
    """Ask for a password only from now on; Invalid names `password`."""
    person = _own_person(actor)
    require_own_password(person, password, "password", actor=actor)
    _forget_app(person, actor)


def reset_second_factor(public_id: str, *, actor: Actor) -> Person:
    """Take the second factor from who has lost phone and recovery codes, and end their sessions: they sign in by
    password and, where the role needs it, set it up anew. Twice changes nothing."""
    authorize(actor, Permission.ADMINISTER, Scope())
    found = db.session.scalar(select(Person.id).where(Person.public_id == public_id).with_for_update())
    person = get_person(found)
    if person.tf_primary_method:
        _forget_app(person, actor)
        end_sign_ins(person.id, actor=actor)
    return person


def renew_recovery_codes(password: str, *, actor: Actor) -> list[str]:
    """Fresh recovery codes, shown this once; the old ones are dead. Invalid names `password`."""
    person = _own_person(actor)
    if not person.tf_primary_method:
        raise Conflict("second_factor_off")
    require_own_password(person, password, "password", actor=actor)
    audit.record(actor, "renew_recovery_codes", "person", person.public_id)
    return _new_recovery_codes(person)


def check_second_factor(person: Person, code: str, *, actor: Actor) -> bool:
    """Whether `code` is the app's or a recovery code, spent thereby; a failure is counted. Raises TooMany.

    An outcome, no refusal: the caller's unit of work must commit the count.
    """
    require_patience(Attempt.SECOND_FACTOR, person.public_id, actor.address, person_id=person.id)
    db.session.execute(select(Person.id).where(Person.id == person.id).with_for_update())  # one code, one winner
    db.session.refresh(person)
    code = fold(code)
    if _is_totp(person, code) or _is_recovery_code(person, code):
        return True
    count_attempt(Attempt.SECOND_FACTOR, person.public_id, actor.address)
    return False


def _is_totp(person: Person, code: str) -> bool:
    """Whether the app shows this code; each is good once, so one that was overlooked or overheard is worthless."""
    secret = person.tf_totp_secret
    if not secret or not _security.totp_factory.verify_totp(code, secret, person, window=TOTP_LEEWAY_SECONDS):
        return False
    spent = hash_token(f"totp|{person.public_id}|{code}")
    if db.session.scalar(select(OneTimeCode.id).where(OneTimeCode.code_hash == spent, OneTimeCode.expires_at > now())):
        return False
    db.session.add(OneTimeCode(person_id=person.id, code_hash=spent, expires_at=now() + SPENT_FOR, used_at=now()))
    return True


def _is_recovery_code(person: Person, code: str) -> bool:
    recovery = _security.mf_recovery_codes_util
    if not recovery.check_recovery_code(person, code):
        return False
    recovery.delete_recovery_code(person, code)
    flag_modified(person, "mf_recovery_codes")  # the library shortens the list in place
    return True


def _new_recovery_codes(person: Person) -> list[str]:
    codes: list[str] = _security.mf_recovery_codes_util.create_recovery_codes(person)
    return codes


def _forget_app(person: Person, actor: Actor) -> None:
    person.tf_primary_method, person.tf_totp_secret, person.mf_recovery_codes = None, None, []
    audit.record(actor, "turn_off_second_factor", "person", person.public_id)


def _own_person(actor: Actor) -> Person:
    authorize(actor, Permission.USE_ACCOUNT, Scope(person=actor.person))
    if is_bound_device(actor):
        raise NotAllowed("bound_device")
    return get_person(actor.person)
