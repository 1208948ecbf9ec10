"""API tokens: made with scopes, shown once, revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from eventsys.accounts.models import ApiToken
from eventsys.accounts.queries import get_own_api_token, get_person, is_bound_device
from eventsys.accounts.rules import API_TOKEN_PREFIX, TOKEN_DAYS_MAX, TOKEN_NAME_MAX
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotAllowed
from eventsys.core.permissions import TOKEN_SCOPES, Permission, Scope, authorize
from eventsys.core.text import clean_line
from eventsys.core.tokens import hash_token, new_token


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """A token for a person (primary key); it can never do more than the person. `days` of None: until revoked."""

    person: int
    name: str
    scopes: tuple[str, ...]
    days: int | None = None


def add_api_token(command: NewApiToken, *, actor: Actor) -> str:
    """A bearer token, shown this once. One's own, or anybody's for who may administer; Invalid names the field."""
    own = command.person == actor.person
    authorize(actor, Permission.USE_ACCOUNT if own else Permission.ADMINISTER, Scope(person=command.person))
    if own and is_bound_device(actor):
        raise NotAllowed("bound_device")
    person = get_person(command.person)
    if not command.scopes or not set(command.scopes) <= set(TOKEN_SCOPES):
        raise Invalid("bad_choice" if command.scopes else "required", field="scopes")
    if command.days is not None and not 1 <= command.days <= TOKEN_DAYS_MAX:
        raise Invalid("out_of_range", field="days", minimum=1, maximum=TOKEN_DAYS_MAX)
    secret = new_token(API_TOKEN_PREFIX)
    token = ApiToken(
        name=clean_line(command.name, "name", TOKEN_NAME_MAX, required=True),
        token_hash=hash_token(secret),
        person_id=person.id,
        scopes=[scope for scope in TOKEN_SCOPES if scope in command.scopes],
        expires_at=now() + timedelta(days=command.days) if command.days is not None else None,
    )
    db.session.add(token)
    db.session.flush()
    after = {"name": token.name, "scopes": token.scopes, "person": person.public_id}
    audit.record(actor, "add_api_token", "api_token", token.public_id, after=after)
    return secret


def revoke_api_token(public_id: str, *, actor: Actor) -> ApiToken:
    """Revoke one of the actor's own tokens; NotFound for anybody else's."""
    authorize(actor, Permission.USE_ACCOUNT, Scope(person=actor.person))
    if is_bound_device(actor):
        raise NotAllowed("bound_device")
    token = get_own_api_token(public_id, actor)
    if token.revoked_at is None:
        token.revoked_at = now()
        audit.record(actor, "revoke_api_token", "api_token", public_id)
    return token
