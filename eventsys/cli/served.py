"""The application as `eventsys serve` runs it: bodies are read first, then few requests run at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING

from eventsys.cli.weight import give_memory_back, keep_templates, leave_out_what_is_not_used, settle
from eventsys.config import MAX_BODY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Requests that run at once in a process, each in a thread that is kept: more would only wait for the interpreter and
# the database. A thread that has once been deep in the application keeps its stack, so no others render pages.
TURNS = {"sqlite": 3, "postgresql": 4}
WAIT_SECONDS = 5
MEMORY = 64 * 1024
CHUNK = 64 * 1024
BODYLESS = frozenset({"GET", "HEAD", "OPTIONS"})


def create_served_app() -> TurnTaking:
    """The application with its body reader and its turns."""
    give_memory_back()
    leave_out_what_is_not_used()
    from eventsys.app import create_app  # only now: what it loads is decided by the line above
    from eventsys.core.db import db

    app = create_app()
    keep_templates(app, app.config["EVENTSYS"].home / "templates")
    with app.app_context():
        served = TurnTaking(app.wsgi_app, turns=TURNS[db.engine.dialect.name])
    settle()
    return served


class TurnTaking:
    """WSGI middleware: a slow sender holds a thread, never a turn; when no turn comes in time, 503."""

    def __init__(self, app: WSGIApplication, *, turns: int, body_limit: int = MAX_BODY) -> None:
        self._app = app
        self._turns = ThreadPoolExecutor(turns, thread_name_prefix="turn")
        self._body_limit = body_limit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == "/healthz":  # answers as long as the process lives
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] not in BODYLESS and not self._is_declared_too_large(environ):
            self._read_body(environ)
        turn = self._turns.submit(self._app, environ, start_response)
        try:
            return turn.result(WAIT_SECONDS)
        except TimeoutError:
            if turn.cancel():
                return _busy(start_response, environ["REQUEST_METHOD"])
            return turn.result()

    def _is_declared_too_large(self, environ: WSGIEnvironment) -> bool:
        """Left unread: the application answers 413 from the header alone."""
        length = str(environ.get("CONTENT_LENGTH") or "")
        return length.isdigit() and int(length) > self._body_limit

    def _read_body(self, environ: WSGIEnvironment) -> None:
        """Read the whole body, on disk beyond 64 KB, or one byte too many: enough for the application to answer 413."""
        body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed when collected
        left = self._body_limit + 1
        while left > 0 and (chunk := environ["wsgi.input"].read(min(CHUNK, left))):
            body.write(chunk)
            left -= len(chunk)
        if environ.pop("HTTP_TRANSFER_ENCODING", ""):  # sent in chunks, known now
            environ["CONTENT_LENGTH"] = str(body.tell())
        body.seek(0)
        environ["wsgi.input"] = body


def _busy(start_response: StartResponse, method: str) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "2"), ("Cache-Control", "no-store")]
    if method in BODYLESS:
        headers.append(("Refresh", "2"))  # a browser asks again by itself
    start_response("503 Service Unavailable", headers)
    return ["系统繁忙，请稍后再试。 The system is busy, please try again in a moment.\n".encode()]
