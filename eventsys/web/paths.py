"""Which door a request uses, by its path."""

from __future__ import annotations

import re

from flask import Flask, abort, request

API_PREFIX = "/api/"
FEED_PREFIX = "/feeds/"


def is_api(path: str) -> bool:
    """Whether the path belongs to the JSON API, where bearer tokens count and cookies do not."""
    return path.startswith(API_PREFIX)


def is_sessionless(path: str) -> bool:
    """Whether no session is read or kept for the path: programmes and calendar clients get no cookie, whatever they
    send."""
    return path.startswith((API_PREFIX, FEED_PREFIX))


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def init_paths(app: Flask) -> None:
    """Turn away addresses with control characters, which no store can look up: nothing of ours is there."""

    @app.before_request
    def refuse_control_characters() -> None:
        if _CONTROL.search(request.path):
            abort(404)
        if any("\0" in value for values in request.args.listvalues() for value in values):
            abort(400)
