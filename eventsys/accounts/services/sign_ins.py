"""Sessions: begun with a fresh secret, ended by whoever may."""

from __future__ import annotations

from sqlalchemy import update

from eventsys.accounts.models import Person, SignIn
from eventsys.accounts.queries import get_own_sign_in
from eventsys.accounts.rules import CLIENT_MAX, SignInKind, session_lifetime
from eventsys.core import audit
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotAllowed
from eventsys.core.tokens import hash_token, new_token


def begin_sign_in(
    person: Person, kind: SignInKind, *, roles: frozenset[Role], actor: Actor, client: str = ""
) -> tuple[str, SignIn]:
    """Begin a session of `person` and end the one the browser had: its secret, shown nowhere else, and the row.

    `actor` is who the browser was before; `client` is its User-Agent. NotAllowed for a disabled person.
    """
    if not person.active:
        raise NotAllowed("person_disabled")
    _end(SignIn.public_id == actor.session)
    secret, at = new_token(), now()
    sign_in = SignIn(
        key_hash=hash_token(secret),
        person_id=person.id,
        kind=kind,
        created_at=at,
        seen_at=at,
        expires_at=at + session_lifetime(kind, roles),
        client="".join(c for c in client if c.isprintable())[:CLIENT_MAX],
        address=actor.address,
    )
    db.session.add(sign_in)
    db.session.flush()
    audit.record(actor, "sign_in", "person", person.public_id, after={"kind": kind, "session": sign_in.public_id})
    return secret, sign_in


def sign_out(*, actor: Actor) -> None:
    """End the actor's own session."""
    if actor.session:
        _end(SignIn.public_id == actor.session)
        audit.record(actor, "sign_out", "session", actor.session)


def end_own_sign_in(public_id: str, *, actor: Actor) -> SignIn:
    """End one session of the actor; NotFound for anybody else's."""
    sign_in = get_own_sign_in(public_id, actor)
    _end(SignIn.id == sign_in.id)
    audit.record(actor, "end_session", "session", public_id)
    return sign_in


def end_sign_ins(person_id: int, *, actor: Actor, keep: str = "") -> None:
    """End every session of a person at once, but the one with the public id `keep`: after a new password, a changed
    role, a disabled account. Whoever calls has been authorized for that act."""
    _end(SignIn.person_id == person_id, SignIn.public_id != keep)
    audit.record(actor, "end_sessions", "person", str(person_id), after={"kept": keep})


def note_seen(*, actor: Actor) -> None:
    """Remember that the actor's session is in use."""
    db.session.execute(
        update(SignIn).where(SignIn.public_id == actor.session).values(seen_at=now(), address=actor.address),
        execution_options={"synchronize_session": False},
    )


def _end(*which: object) -> None:
    db.session.execute(
        update(SignIn).where(SignIn.revoked_at.is_(None), *which).values(revoked_at=now()),  # type: ignore[arg-type]
        execution_options={"synchronize_session": False},
    )
