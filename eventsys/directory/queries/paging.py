"""How lists of the directory are searched and paged: oldest first, by primary key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select

from eventsys.core.db import db
from eventsys.core.text import fold
from eventsys.web.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor, make_page

SEARCH_TYPED_MAX = 100


def matching(column: Any, search: str) -> list[ColumnElement[bool]]:
    """Every word of `search` occurs in the folded search text: names, pinyin, initials."""
    return [column.contains(word, autoescape=True) for word in search_words(search)]


def search_words(search: str) -> list[str]:
    """The words typed, folded; control characters find nothing and are dropped."""
    typed = "".join(c if c.isprintable() else " " for c in search[:SEARCH_TYPED_MAX])
    return [word for word in (fold(part) for part in typed.split()) if word]


def page_of(query: Select[Any], key: Any, cursor: str | None, size: int = PAGE_SIZE) -> Page[Any]:
    """The page of `query` that follows `cursor`, ordered by `key` (a primary key column)."""
    if cursor:
        (last,) = decode_cursor(cursor, int)
        query = query.where(key > last)
    rows = db.session.scalars(query.order_by(key).limit(size + 1)).unique().all()
    return make_page(rows, size, lambda row: encode_cursor(row.id))
