"""What tests say often: sign in, call the API, count statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from eventsys.accounts.models import ApiToken, SignIn
from eventsys.accounts.rules import SignInKind
from eventsys.core.actor import Channel
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.core.tokens import hash_token
from eventsys.web.guards import SESSION_KEY
from tests.cast import Member

_sessions = count(1)


class TestClient(FlaskClient):
    """A browser that can become a person of the cast."""

    __test__ = False

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """One request with a database session of its own, as every real one has; the test sees what it committed."""
        db.session.rollback()
        with self.application.app_context():
            return super().open(*args, **kwargs)

    def sign_in(self, member: Member) -> TestClient:
        """Give this browser a live session of `member`."""
        secret = f"session-of-{member.id}-{next(_sessions)}"
        with self.application.app_context(), unit_of_work():
            db.session.add(
                SignIn(
                    key_hash=hash_token(secret),
                    person_id=member.id,
                    kind=SignInKind.PASSWORD,
                    seen_at=now(),
                    expires_at=now() + timedelta(days=400),
                )
            )
        with self.session_transaction() as session:
            session[SESSION_KEY] = secret
        return self


class Api:
    """The JSON API as one person's token sees it."""

    def __init__(self, app: APIFlask, channel: Channel = Channel.API, token: str | None = None) -> None:
        self.app, self.channel, self.token = app, channel, token

    def __call__(self, member: Member, scopes: tuple[str, ...] = TOKEN_SCOPES) -> Api:
        """This API with a fresh token of `member`."""
        token = f"evt_{member.id}_{len(scopes)}_{id(scopes)}"
        with self.app.app_context(), unit_of_work():
            if not db.session.scalar(sa.select(ApiToken.id).where(ApiToken.token_hash == hash_token(token))):
                db.session.add(
                    ApiToken(name="test", token_hash=hash_token(token), person_id=member.id, scopes=list(scopes))
                )
        return Api(self.app, self.channel, token)

    def call(self, verb: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request below /api/v1; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        sent = {} if body is None else {"json": body}
        with self.app.app_context():  # a session of its own, as every request has
            return self.app.test_client().open(f"/api/v1{path}", method=verb, headers=named, **sent)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.call("PATCH", path, body, **headers)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The SQL statements run inside, BEGIN and PRAGMA apart."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
