"""Guards: every route says who may come in, and one hook asks before the view runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from eventsys.core.actor import ANYBODY, Actor, Channel
from eventsys.core.db import db
from eventsys.core.errors import NotAllowed
from eventsys.core.permissions import Permission, may_somewhere
from eventsys.web.paths import is_api

View = TypeVar("View", bound=Callable[..., Any])
SESSION_KEY = "key"  # of the signed cookie: the secret of a row in sign_ins
# Flask's own file route and Flask-Security's views, which check for themselves.
UNGUARDED_ENDPOINTS = frozenset({"static"})
UNGUARDED_BLUEPRINTS = frozenset({"security"})


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may enter: anybody (`permissions` empty) or who has one of the permissions somewhere. `while_enrolling`: who
    must set up a second factor first as well."""

    permissions: tuple[Permission, ...] = ()
    while_enrolling: bool = False


class LoadActor(Protocol):
    """Finds who is behind a secret, in one statement."""

    def __call__(self, secret: str) -> Actor | None: ...


def public(view: View) -> View:
    """Anybody may enter."""
    view.guard = Guard()  # type: ignore[attr-defined]
    return view


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Only who has one of `permissions` on anything at all; the service asks again with the object."""

    def mark(view: View) -> View:
        view.guard = Guard(permissions)  # type: ignore[attr-defined]
        return view

    return mark


def while_enrolling(view: View) -> View:
    """Open this to who must set up a second factor first; stands above the guard."""
    view.guard = replace(view.guard, while_enrolling=True)  # type: ignore[attr-defined]
    return view


def guard_of(app: Flask, endpoint: str) -> Guard | None:
    """The guard of a route, None when it has none (a test fails on that)."""
    if endpoint in UNGUARDED_ENDPOINTS or endpoint.split(".")[0] in UNGUARDED_BLUEPRINTS:
        return Guard()
    return getattr(app.view_functions[endpoint], "guard", None)


def current_actor() -> Actor:
    """Who makes this request."""
    actor: Actor = g.actor
    return actor


def init_guards(app: Flask, *, load_by_session: LoadActor, load_by_token: LoadActor) -> None:
    """Ask every route's guard before its view; the loaders come from the floors that know people."""

    @app.before_request
    def ask_guard() -> Response | None:
        g.actor = ANYBODY
        if request.endpoint is None or request.endpoint in UNGUARDED_ENDPOINTS:
            return None
        guard = guard_of(app, request.endpoint)
        if guard is None:
            raise RuntimeError(f"{request.endpoint} has no guard")
        actor = _find_actor(load_by_session, load_by_token)
        g.actor = replace(actor, address=request.remote_addr or "", request_id=g.get("request_id", ""))
        if g.actor.must_enrol and not guard.while_enrolling:
            return _lead_to_enrolment()
        if not guard.permissions or any(may_somewhere(g.actor, permission) for permission in guard.permissions):
            return None
        return _turn_away(g.actor)

    @app.teardown_appcontext
    def release(_error: BaseException | None) -> None:
        db.session.remove()


def _find_actor(load_by_session: LoadActor, load_by_token: LoadActor) -> Actor:
    if is_api(request.path):
        header = request.headers.get("Authorization", "")
        if not header:
            return replace(ANYBODY, channel=Channel.API)
        scheme, _, token = header.partition(" ")
        actor = load_by_token(token.strip()) if scheme.lower() == "bearer" else None
        if actor is None:
            raise Unauthorized("The token is unknown, expired or revoked.")
        return actor
    key = session.get(SESSION_KEY)
    actor = load_by_session(key) if key else None
    if actor is None and key:
        session.clear()
    return actor or ANYBODY


def _lead_to_enrolment() -> Response:
    if request.accept_mimetypes.best == "application/json":
        raise NotAllowed("second_factor_due")
    return redirect(url_for(current_app.config["ENROLMENT_ENDPOINT"]), 303)


def _turn_away(actor: Actor) -> Response:
    if actor.person is None and actor.gate is None:
        if is_api(request.path):
            raise Unauthorized("Send a bearer token.")
        if request.accept_mimetypes.best == "application/json":
            abort(401)
        target = request.full_path.rstrip("?") if request.method == "GET" else url_for("pages.home")
        return redirect(url_for(current_app.config["SIGN_IN_ENDPOINT"], next=target))
    raise NotAllowed()
