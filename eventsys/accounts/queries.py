"""Reads of people and their sign-ins."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from eventsys.accounts.models import ApiToken, Person, SignIn, Throttle
from eventsys.accounts.rules import SignInKind, parse_email, parse_mobile
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotFound


def find_person_by_login(login: str) -> Person | None:
    """The active person with this mail address or mobile number."""
    try:
        found = Person.email == parse_email(login) if "@" in login else Person.mobile == parse_mobile(login.strip())
    except Invalid:
        return None
    return db.session.scalar(select(Person).where(found, Person.active))


def find_person_by_mobile(mobile: str) -> Person | None:
    """The person with this number (E.164), disabled ones too."""
    return db.session.scalar(select(Person).where(Person.mobile == mobile))


def find_active_person(public_id: str) -> Person | None:
    """The active person with this public id."""
    return db.session.scalar(select(Person).where(Person.public_id == public_id, Person.active))


def get_person(person_id: int | None) -> Person:
    """A person by primary key; NotFound."""
    person = db.session.get(Person, person_id) if person_id is not None else None
    if person is None:
        raise NotFound()
    return person


def list_sign_ins(person_id: int) -> Sequence[SignIn]:
    """A person's live sessions, the one seen last first."""
    return db.session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.revoked_at.is_(None), SignIn.expires_at > now())
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    ).all()


def get_own_sign_in(public_id: str, actor: Actor) -> SignIn:
    """A session of the actor; NotFound for anybody else's."""
    sign_in = db.session.scalar(select(SignIn).where(SignIn.public_id == public_id, SignIn.person_id == actor.person))
    if sign_in is None:
        raise NotFound()
    return sign_in


def is_bound_device(actor: Actor) -> bool:
    """Whether the actor came by an enterprise's link. Whoever has the link and a number can: so such a session speaks
    for the enterprise and never manages the person's account."""
    kind = db.session.scalar(select(SignIn.kind).where(SignIn.public_id == actor.session))
    return kind is SignInKind.DEVICE


def list_api_tokens(person_id: int) -> Sequence[ApiToken]:
    """A person's API tokens that are not revoked, the newest first."""
    return db.session.scalars(
        select(ApiToken)
        .where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
    ).all()


def get_own_api_token(public_id: str, actor: Actor) -> ApiToken:
    """A token of the actor; NotFound for anybody else's."""
    token = db.session.scalar(
        select(ApiToken).where(ApiToken.public_id == public_id, ApiToken.person_id == actor.person)
    )
    if token is None:
        raise NotFound()
    return token


def read_throttles(keys: Sequence[str]) -> dict[str, Throttle]:
    """The counters of these keys whose window still runs."""
    rows = db.session.scalars(select(Throttle).where(Throttle.key.in_(keys), Throttle.window_ends_at > now()))
    return {row.key: row for row in rows}


def has_signed_in_from(person_id: int, address: str) -> bool:
    """Whether this person ever signed in from this address."""
    return (
        db.session.scalar(select(SignIn.id).where(SignIn.person_id == person_id, SignIn.address == address).limit(1))
        is not None
    )
