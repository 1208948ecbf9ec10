"""Flask-Security set up: argon2, reset tokens, TOTP and recovery codes, without its views or its sign-in state.

Who is signed in is decided by the guard from a row in sign_ins, so Flask-Login never signs anybody in here, and every
POST is a view of ours in one unit of work.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from time import time

from flask import Flask, current_app, g, session
from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore

from eventsys.accounts.models import Person
from eventsys.accounts.rules import DEVICE_DAYS, PASSWORD_MIN, RECOVERY_CODES, RESET_HOURS, SEEN_SECONDS
from eventsys.accounts.services import note_seen
from eventsys.core.actor import Role
from eventsys.core.db import Busy, db, unit_of_work

SEEN_KEY = "seen"  # of the signed cookie: when sign_ins.seen_at was last written
RolesOf = Callable[[int], frozenset[Role]]


class _NoRole(RoleMixin):
    """Flask-Security asks for a role model; ours are memberships, see core/permissions.py."""


def init_security(app: Flask, *, roles_of: RolesOf) -> None:
    """Set Flask-Security up; `roles_of` (a person's primary key) comes from the floor that knows memberships."""
    key = app.config["SECRET_KEY"]
    app.config.update(
        PERMANENT_SESSION_LIFETIME=timedelta(days=DEVICE_DAYS),
        SESSION_REFRESH_EACH_REQUEST=False,
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_SINGLE_HASH=True,  # argon2 salts by itself, and a new SECRET_KEY must not lock everyone out
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={  # OWASP's choice for little memory, KiB; as strong as 19 MiB and 2
            "argon2__memory_cost": 7_168,
            "argon2__rounds": 5,
            "argon2__parallelism": 1,
        },
        SECURITY_HASHING_SCHEMES=["hex_sha256"],  # of a reset token; slow ones would tell whether an account exists
        SECURITY_DEPRECATED_HASHING_SCHEMES=[],
        SECURITY_PASSWORD_LENGTH_MIN=PASSWORD_MIN,
        SECURITY_PASSWORD_NORMALIZE_FORM="NFKC",
        SECURITY_RESET_PASSWORD_WITHIN=timedelta(hours=RESET_HOURS),
        SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL=False,  # ours goes to the outbox
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=RECOVERY_CODES,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[_derived_key(key, "recovery codes")],
        SECURITY_TOTP_SECRETS={"1": _derived_key(key, "totp").decode()},
        SECURITY_TOTP_ISSUER="eventsys",
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
    )
    security = Security(app, SQLAlchemyUserDatastore(db, Person, _NoRole), register_blueprint=False)
    security.login_manager.user_loader(lambda _id: None)
    security.login_manager.request_loader(lambda _request: None)
    app.extensions["eventsys-roles-of"] = roles_of
    app.before_request(_note_seen_hourly)


def roles_of(person_id: int) -> frozenset[Role]:
    """The roles a person holds anywhere, asked of whom create_app named."""
    find: RolesOf = current_app.extensions["eventsys-roles-of"]
    return find(person_id)


def enter(secret: str) -> None:
    """Make this browser's session that of `secret`, and nothing of the one before."""
    session.clear()
    session.update({"key": secret, SEEN_KEY: int(time())})
    session.permanent = True


def _derived_key(secret: str, purpose: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(f"eventsys {purpose} {secret}".encode()).digest())


def _note_seen_hourly() -> None:
    """Write when this session was last seen, at most hourly; the cookie remembers when, so nothing is read."""
    actor, seen = g.get("actor"), session.get(SEEN_KEY)
    if not actor or not actor.session or not isinstance(seen, int) or time() - seen < SEEN_SECONDS:
        return
    session[SEEN_KEY] = int(time())
    try:
        with unit_of_work():
            note_seen(actor=actor)
    except Busy:
        return  # the next hour will do
