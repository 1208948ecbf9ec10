"""The column vocabulary: what tables are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    Integer,
    SQLColumnExpression,
    String,
    TypeDecorator,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from eventsys.core.clock import now
from eventsys.core.errors import Conflict
from eventsys.core.ids import PUBLIC_ID_LENGTH, new_public_id


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite has no zones, so it holds the UTC value without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def is_among(column: SQLColumnExpression[str], parameter: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether the column's value is in the list of texts called `parameter`: one statement for lists of any length."""
    texts = bindparam(parameter, type_=JSON().with_variant(JSONB(), "postgresql"))
    each = func.json_each(texts) if sqlite else func.jsonb_array_elements_text(texts)
    return column.in_(select(each.table_valued("value").c.value))


def shifted(instant: SQLColumnExpression[datetime], by: timedelta, *, sqlite: bool) -> ColumnElement[datetime]:
    """The instant so many whole seconds later, in a statement; milliseconds stay."""
    seconds = round(by.total_seconds())
    if sqlite:  # stored as text
        return func.strftime("%Y-%m-%d %H:%M:%f000", instant, f"{seconds:+d} seconds")
    return instant + text(f"interval '{seconds} seconds'")


# The instant at which a statement runs: for statements that are built once and run often.
PRESENT = bindparam("present", callable_=now, type_=UtcDateTime())


def text_enum(kind: type[StrEnum], name: str) -> Enum:
    """A StrEnum stored as its text, with a CHECK called `name`."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only INTEGER keys

Id = Annotated[int, mapped_column(BigId, primary_key=True)]
PublicId = Annotated[str, mapped_column(String(PUBLIC_ID_LENGTH), unique=True, default=new_public_id)]
Instant = Annotated[datetime, mapped_column(UtcDateTime())]
MaybeInstant = Annotated[datetime | None, mapped_column(UtcDateTime())]
CreatedAt = Annotated[datetime, mapped_column(UtcDateTime(), default=now)]


class Versioned:
    """An editable row: edits raise `version`, and a save of an older one is refused (see `require_version`)."""

    version: Mapped[int] = mapped_column(Integer, default=1)

    def check_version(self, seen: int | None) -> None:
        """Raise Conflict unless `seen` is the present version (None: the caller did not look)."""
        if seen is not None and seen != self.version:
            raise Conflict("stale_edit", version=self.version)

    def require_version(self, seen: int | None) -> None:
        """Raise Conflict unless `seen` is the present version (None: the caller did not look); then raise it."""
        self.check_version(seen)
        self.version += 1


class FeedSet:
    """A set of calendar events with a revision: it rises with every change, removals too (FEEDS.md 8)."""

    feed_revision: Mapped[int] = mapped_column(Integer, default=1)
    feed_changed_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
