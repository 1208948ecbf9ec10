"""Lists in pages by cursor: `{items, next}`. A cursor names the last row seen, so rows may come and go meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from eventsys.core.errors import Invalid

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
CURSOR_MAX = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` is the cursor of the following one, None at the end."""

    items: Sequence[T]
    next: str | None


def encode_cursor(*values: str | int) -> str:
    """An opaque cursor of the sort values of the last row."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """The values of a cursor, of these kinds; Invalid("bad_cursor") for anything else."""
    try:
        if len(cursor) > CURSOR_MAX:
            raise ValueError
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError
        for value, kind in zip(values, kinds, strict=True):
            if type(value) is not kind or (isinstance(value, int) and not 0 <= value < 2**63):
                raise ValueError
    except (ValueError, binascii.Error, UnicodeError, RecursionError):
        raise Invalid("bad_cursor", field="cursor") from None
    return values


def make_page(rows: Sequence[T], size: int, cursor_of: Any) -> Page[T]:
    """A page of `rows`, which were fetched one beyond `size`; `cursor_of(row)` gives the cursor after a row."""
    more = len(rows) > size
    items = rows[:size]
    return Page(items, cursor_of(items[-1]) if more else None)
