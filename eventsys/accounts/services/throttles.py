"""Counters that slow guessing down: per account, per address, and per address at an account."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite

from eventsys.accounts.models import OneTimeCode, SignIn, Throttle
from eventsys.accounts.queries import has_signed_in_from, read_throttles
from eventsys.accounts.rules import THROTTLE_WINDOW, Attempt, Failures, address_block, must_wait
from eventsys.core.clock import now
from eventsys.core.db import db, is_sqlite
from eventsys.core.errors import TooMany
from eventsys.core.text import fold
from eventsys.core.tokens import hash_token

KEPT = timedelta(days=30)  # an ended session stays that long, so that an address remains known


def require_patience(kind: Attempt, account: str, address: str, *, person_id: int | None = None) -> None:
    """Raise TooMany while this address must wait before it tries `account` again; `account` may name nobody."""
    keys = _keys(kind, account, address)
    rows = read_throttles(keys)
    failures = Failures(*(rows[key].failures if key in rows else 0 for key in keys))
    known = person_id is not None and has_signed_in_from(person_id, address)
    if must_wait(failures, is_known_address=known):
        seconds = max((row.window_ends_at - now()).total_seconds() for row in rows.values())
        raise TooMany("too_many_attempts", retry_after=int(seconds) + 1, minutes=int(seconds // 60) + 1)


def count_attempt(kind: Attempt, account: str, address: str) -> None:
    """Count one failure. The window runs from its first failure and is never prolonged."""
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    at = now()
    over = Throttle.window_ends_at <= at
    for key in sorted(_keys(kind, account, address)):  # one order of locks
        row = insert(Throttle).values(key=key, failures=1, window_ends_at=at + THROTTLE_WINDOW)
        db.session.execute(
            row.on_conflict_do_update(
                index_elements=[Throttle.key],
                set_={
                    "failures": case((over, 1), else_=Throttle.failures + 1),
                    "window_ends_at": case((over, at + THROTTLE_WINDOW), else_=Throttle.window_ends_at),
                },
            )
        )


def forget_expired() -> None:
    """Delete counters and codes that are over, and sessions that ended a month ago."""
    at = now()
    db.session.execute(delete(Throttle).where(Throttle.window_ends_at <= at))
    db.session.execute(delete(OneTimeCode).where(OneTimeCode.expires_at <= at))
    db.session.execute(delete(SignIn).where(SignIn.expires_at <= at - KEPT))


def _keys(kind: Attempt, account: str, address: str) -> tuple[str, str, str]:
    """The counters of the account, of the address, and of both together; empty names share one counter."""
    account, block = fold(account[:300]), address_block(address)
    return (
        hash_token(f"{kind}|account|{account}"),
        hash_token(f"{kind}|address|{block}"),
        hash_token(f"{kind}|pair|{account}|{block}"),
    )
