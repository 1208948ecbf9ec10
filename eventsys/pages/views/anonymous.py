"""Pages that look the same to everybody who is not signed in are made once a moment, not once a visitor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, make_response, request, session
from sqlalchemy import select

from eventsys.core.db import read
from eventsys.core.shelf import Shelf
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

    def is_fresh(self) -> bool:
        """Whether it may be shown. Who finds it stale is to make it anew; the others have the old one meanwhile, or
        all would make it at once."""
        if time.monotonic() - self.made <= FRESH_SECONDS:
            return True
        self.made = time.monotonic()
        return False


SHELF: Shelf[Page] = Shelf(KEPT_BYTES)  # of this process, by address, language and the public calendar's revision


def same_for_strangers(view: Callable[P, Any]) -> Callable[P, Response]:
    """Keep what a GET view answers to who is not signed in, as long as no public slot changed, five seconds at most.

    The answer must depend on nothing but address, language and time; it gets an ETag.
    """

    @wraps(view)
    def answer(*args: P.args, **named: P.kwargs) -> Response:
        if current_actor().person is not None or FLASHES in session or len(request.full_path) > KEY_MAX:
            return make_response(view(*args, **named))
        key = (request.full_path, current_locale(), *read(REVISION, {}))
        page = SHELF.find(key)
        if page is None or not page.is_fresh():
            page = Page(make_response(view(*args, **named)), time.monotonic())
            if page.answer.status_code != 200:
                return page.answer
            page.answer.add_etag()
            SHELF.keep(key, page, len(page.answer.get_data()))
        copy = _copy(page.answer)
        copy.make_conditional(request)
        return copy

    return answer


def _copy(kept: Response) -> Response:
    """Hooks write headers into an answer, so each request has one of its own around the same bytes."""
    return Response(kept.get_data(), kept.status_code, kept.headers.copy())
