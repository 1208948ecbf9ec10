"""The application as `eventsys serve` runs it: bodies are read first, then few requests run at once."""

from __future__ import annotations

import ctypes
import gc
import sys
import tempfile
import threading
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # structlog would load 12 MB to colour what is JSON

from eventsys.app import MAX_BODY, create_app  # noqa: E402 - after the line above

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TURNS = 8  # requests that run at once in a process: more would only wait for the interpreter and the database
WAIT_SECONDS = 5
MEMORY = 64 * 1024
CHUNK = 64 * 1024
BODYLESS = frozenset({"GET", "HEAD", "OPTIONS"})
# mallopt(3) by number. By default glibc keeps each 19 MiB that hashed a password, and a heap for each few threads.
MALLOC = {-8: 2, -3: 256 * 1024, -1: 512 * 1024}  # M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD


def create_served_app() -> TurnTaking:
    """The application with its body reader and its turns."""
    _give_memory_back()
    served = TurnTaking(create_app().wsgi_app)
    gc.collect()
    gc.freeze()  # what lives as long as the process is never looked through again, and garbage is found sooner
    return served


def _give_memory_back() -> None:
    """Make the C library return what is freed to the system; without glibc nothing happens."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        for option, value in MALLOC.items():
            library.mallopt(option, value)


class TurnTaking:
    """WSGI middleware: a slow sender holds a thread, never a turn; when no turn comes in time, 503."""

    def __init__(self, app: WSGIApplication, *, turns: int = TURNS, body_limit: int = MAX_BODY) -> None:
        self._app = app
        self._turns = threading.BoundedSemaphore(turns)
        self._body_limit = body_limit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == "/healthz":  # answers as long as the process lives
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] not in BODYLESS and not self._is_declared_too_large(environ):
            self._read_body(environ)
        if not self._turns.acquire(timeout=WAIT_SECONDS):
            return _busy(start_response)
        try:
            return self._app(environ, start_response)
        finally:
            self._turns.release()

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


def _busy(start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "2"), ("Cache-Control", "no-store")]
    start_response("503 Service Unavailable", headers)
    return ["系统繁忙，请稍后再试。 The system is busy, please try again in a moment.\n".encode()]
