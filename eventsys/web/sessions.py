"""Sessions in a signed cookie, and none at all for calendar clients and for what caches may share."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from eventsys.web.paths import is_sessionless


class Sessions(SecureCookieSessionInterface):
    """Flask's own, but a sessionless path begins with an empty session that is never kept: no cookie is read or set
    and no `Vary: Cookie` sent, so that shared caches can hold a public feed. Nor does a public answer keep a session:
    it is the same for everybody."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The request's session; an empty one for a sessionless path."""
        return SecureCookieSession() if is_sessionless(request.path) else super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep the session, except for a sessionless path or a public answer."""
        if not is_sessionless(request.path) and not response.cache_control.public:
            super().save_session(app, session, response)


def init_sessions(app: Flask) -> None:
    """Use these sessions."""
    app.session_interface = Sessions()
