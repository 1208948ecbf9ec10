"""Which door a request uses, by its path."""

from __future__ import annotations

API_PREFIX = "/api/"


def is_api(path: str) -> bool:
    """Whether the path belongs to the JSON API, where bearer tokens count and cookies do not."""
    return path.startswith(API_PREFIX)
