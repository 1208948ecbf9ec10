"""Pages that look the same to everybody who is not signed in are made once a moment, not once a visitor."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, make_response, request, session
from sqlalchemy import select

from eventsys.core.db import read
from eventsys.directory.models import District
from eventsys.web.guards import current_actor
from eventsys.web.locale import current_locale

P = ParamSpec("P")
FRESH_SECONDS = 5.0  # how old the places left may be that somebody reads who is not signed in
KEPT_BYTES = 1_000_000  # of bodies in a process; a list has some 40 KB, a month's calendar 300
KEY_MAX = 300  # of an address; longer ones are nobody's bookmark
FLASHES = "_flashes"  # Flask's: what the last request says on the next page
REVISION = select(District.feed_revision).where(District.id == 1)


@dataclass(slots=True)
class Page:
    """An answer and the monotonic time at which it was made."""

    answer: Response
    made: float
    size: int


class Shelf:
    """The last pages by address, language and the revision of the public calendar; safe between threads."""

    def __init__(self, size: int = KEPT_BYTES, seconds: float = FRESH_SECONDS) -> None:
        self._pages: OrderedDict[tuple[Any, ...], Page] = OrderedDict()
        self._lock = threading.Lock()
        self._size, self._seconds = size, seconds

    def find(self, key: tuple[Any, ...]) -> Response | None:
        """The page, while it is fresh. Who finds it stale is to make it anew; the others have the old one meanwhile,
        or all would make it at once."""
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                return None
            if time.monotonic() - page.made > self._seconds:
                page.made = time.monotonic()
                return None
            self._pages.move_to_end(key)
            return page.answer

    def keep(self, key: tuple[Any, ...], answer: Response) -> None:
        """Keep it; those that were not asked for longest go."""
        with self._lock:
            self._pages[key] = Page(answer, time.monotonic(), len(answer.get_data()))
            self._pages.move_to_end(key)
            while sum(page.size for page in self._pages.values()) > self._size:
                self._pages.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._pages.clear()


SHELF = Shelf()  # of this process


def same_for_strangers(view: Callable[P, Any]) -> Callable[P, Response]:
    """Keep what a GET view answers to who is not signed in, as long as no public slot changed, five seconds at most.

    The answer must depend on nothing but address, language and time; it gets an ETag.
    """

    @wraps(view)
    def answer(*args: P.args, **named: P.kwargs) -> Response:
        if current_actor().person is not None or FLASHES in session or len(request.full_path) > KEY_MAX:
            return make_response(view(*args, **named))
        key = (request.full_path, current_locale(), *read(REVISION, {}))
        kept = SHELF.find(key)
        if kept is None:
            kept = make_response(view(*args, **named))
            if kept.status_code != 200:
                return kept
            kept.add_etag()
            SHELF.keep(key, kept)
        copy = _copy(kept)
        copy.make_conditional(request)
        return copy

    return answer


def _copy(kept: Response) -> Response:
    """Hooks write headers into an answer, so each request has one of its own around the same bytes."""
    return Response(kept.get_data(), kept.status_code, kept.headers.copy())
