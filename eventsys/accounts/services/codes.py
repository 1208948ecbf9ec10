"""One-time codes by mail: six digits, good once, for ten minutes and five attempts."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select, update

from eventsys.accounts.models import OneTimeCode, Person
from eventsys.accounts.queries import find_person_by_login
from eventsys.accounts.rules import CODE_ATTEMPTS, CODE_DIGITS, CODE_MINUTES, Attempt
from eventsys.accounts.services.throttles import count_attempt, require_patience
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.text import fold
from eventsys.core.tokens import hash_token
from eventsys.notifications.services import Recipient, enqueue


def send_code(login: str, *, actor: Actor) -> None:
    """Mail a fresh code, which ends older ones, when there is such a person with a mail address.

    Says nothing of whether there is. Raises TooMany.
    """
    require_patience(Attempt.MAIL, login, actor.address)
    count_attempt(Attempt.MAIL, login, actor.address)
    person = find_person_by_login(login)
    if person is None or person.email is None:
        return
    at, code = now(), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    _spend(OneTimeCode.person_id == person.id)
    db.session.add(
        OneTimeCode(
            person_id=person.id,
            code_hash=_hash(person, code),
            created_at=at,
            expires_at=at + timedelta(minutes=CODE_MINUTES),
        )
    )
    enqueue(
        "sign_in_code",
        [Recipient(address=person.email, locale=person.locale)],
        {"name": person.name, "code": code, "minutes": CODE_MINUTES},
    )
    audit.record(actor, "send_sign_in_code", "person", person.public_id)


def redeem_code(login: str, code: str, *, actor: Actor) -> Person | None:
    """The person whose code this is, which is spent thereby; None when it is not, and the failure is counted.

    An outcome, no refusal: the caller's unit of work must commit the count. Raises TooMany.
    """
    person = find_person_by_login(login)
    require_patience(Attempt.CODE, login, actor.address, person_id=person.id if person else None)
    if person is not None and _redeem(person, fold(code)):
        return person
    count_attempt(Attempt.CODE, login, actor.address)
    return None


def _redeem(person: Person, code: str) -> bool:
    """Count the attempt at the person's open code, then spend the code if it is right; both hold in a race."""
    row = db.session.scalar(
        select(OneTimeCode)
        .where(OneTimeCode.person_id == person.id, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now())
        .order_by(OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if row is None or row.attempts >= CODE_ATTEMPTS:
        return False
    row.attempts += 1
    if not secrets.compare_digest(row.code_hash, _hash(person, code)):
        return False
    row.used_at = now()
    return True


def _spend(*which: object) -> None:
    db.session.execute(
        update(OneTimeCode).where(OneTimeCode.used_at.is_(None), *which).values(used_at=now()),  # type: ignore[arg-type]
        execution_options={"synchronize_session": False},
    )


def _hash(person: Person, code: str) -> str:
    return hash_token(f"sign-in|{person.fs_uniquifier}|{code}")
