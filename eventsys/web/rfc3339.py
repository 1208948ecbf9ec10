"""Instants as programmes write them (RFC 3339): always with an offset, out in the district's."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from eventsys.core.errors import Invalid
from eventsys.web.locale import zone

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(?P<offset>[Zz]|[+-]\d{2}:\d{2})?", re.ASCII)


def format_instant(at: datetime) -> str:
    """`2026-12-03T14:00:00+08:00`: the instant with the district's offset."""
    return at.astimezone(zone()).isoformat()


def parse_instant(text: str, field: str) -> datetime:
    """The aware instant of an RFC 3339 date-time; Invalid("time_without_offset" or "bad_time") names `field`."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise Invalid("bad_time", field=field)
    if found["offset"] is None:
        raise Invalid("time_without_offset", field=field)
    try:
        at = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("bad_time", field=field) from None
    if not 1970 <= at.year < 2970:  # beyond, databases and zones lose their footing
        raise Invalid("bad_time", field=field)
    return at
