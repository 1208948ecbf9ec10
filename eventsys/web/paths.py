"""Which door a request uses, by its path."""

from __future__ import annotations

API_PREFIX = "/api/"
FEED_PREFIX = "/feeds/"


def is_api(path: str) -> bool:
    """Whether the path belongs to the JSON API, where bearer tokens count and cookies do not."""
    return path.startswith(API_PREFIX)


def is_sessionless(path: str) -> bool:
    """Whether no session is read or kept for the path: calendar clients get no cookie, whatever they send."""
    return path.startswith(FEED_PREFIX)
