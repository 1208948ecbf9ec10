"""One flush, one statement: what a hot path has added and changed, written together where the database can do that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Table, TextClause, func, inspect, literal_column, select, text
from sqlalchemy.orm import aliased, attributes

from eventsys.core.db import Model, db, is_sqlite

Shape = tuple[str, Table, tuple[str, ...]]  # insert or update, the table, the columns
Step = tuple[Shape, Any]  # and the rows or row


def next_key(model: type[Model], *, sqlite: bool) -> ColumnElement[Any]:
    """A primary key for a row to be written by `flush_together`, so that others can refer to it before."""
    if sqlite:  # where nobody else writes meanwhile
        return select(func.coalesce(func.max(text("id")), 0) + 1).select_from(aliased(model)).scalar_subquery()
    return func.nextval(literal_column(f"'{model.__tablename__}_id_seq'"))


def flush_together() -> None:
    """Write every pending and changed row of the session: by one statement on PostgreSQL, as `flush()` on SQLite.

    On PostgreSQL new rows become plain values: they are known by the keys they were given (see `next_key`), and by no
    session. Foreign keys must be set, relationships alone are not followed. Deleted rows are left to the next flush.
    """
    session = db.session()
    if is_sqlite():
        session.flush()
        return
    new, changed = list(session.new), list(session.dirty)
    steps = [*_inserts(new), *_updates(changed)]
    if steps:
        shapes = tuple(shape for shape, _ in steps)
        session.execute(_statement(shapes), {f"step_{n}": _json(values) for n, (_, values) in enumerate(steps)})
    for row in new:
        session.expunge(row)
    for row in changed:  # what a flush does at its end; left modified, the commit would look for changes once more
        inspect(row)._commit_all(row.__dict__, session.identity_map)


def _inserts(rows: list[Model]) -> Iterator[Step]:
    """A step a table and set of columns."""
    batches: dict[Shape, list[dict[str, Any]]] = {}
    for row in rows:
        values = _values_of_new(row)
        batches.setdefault(("insert", _table(row), tuple(values)), []).append(values)
    yield from batches.items()


def _updates(rows: list[Model]) -> Iterator[Step]:
    """A step a row: PostgreSQL finds the one by its key, while for many it might read the table from end to end."""
    for row in rows:
        if values := _changes_of(row):
            yield ("update", _table(row), tuple(values)), {"id": row.__dict__["id"], **values}


def _table(row: Model) -> Table:
    return cast("Table", inspect(type(row)).local_table)


def _values_of_new(row: Model) -> dict[str, Any]:
    """Every column's value, its default applied; a primary key that nobody chose is left to its sequence."""
    given, values = row.__dict__, {}
    for name, is_key, default in _columns(type(row)):
        value = given.get(name)
        if value is None and default is not None:
            value = default()
            attributes.set_committed_value(row, name, value)
        if value is not None or not is_key:
            values[name] = value
    return values


@cache
def _columns(model: type[Model]) -> tuple[tuple[str, bool, Callable[[], Any] | None], ...]:
    """Name, whether it is the primary key's and what makes its default, of each column."""
    table = cast("Table", inspect(model).local_table)
    return tuple((column.name, column.primary_key, _default_of(column)) for column in table.columns)


def _default_of(column: Column[Any]) -> Callable[[], Any] | None:
    default: Any = column.default
    if default is None:
        return None
    return partial(default.arg, None) if default.is_callable else lambda: default.arg


def _changes_of(row: Model) -> dict[str, Any]:
    state = inspect(row)
    touched = [name for name, _, _ in _columns(type(row)) if name in state.committed_state]
    return {name: getattr(row, name) for name in touched if state.attrs[name].history.has_changes()}


@lru_cache(maxsize=256)
def _statement(shapes: tuple[Shape, ...]) -> TextClause:
    """Data-modifying WITH queries, fed from JSON; each runs to its end, always."""
    parts = [f"step_{number} AS ({_step(number, *shape)})" for number, shape in enumerate(shapes)]
    return text(f"WITH {', '.join(parts)} SELECT 1")


def _step(number: int, verb: str, table: Table, columns: tuple[str, ...]) -> str:
    arguments = f"CAST(NULL AS {table.name}), CAST(:step_{number} AS jsonb)"
    names = ", ".join(columns)
    if verb == "insert":
        rows = f"jsonb_populate_recordset({arguments})"
        return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {rows}"  # noqa: S608 - names of our own tables
    values = ", ".join(f"{name} = new.{name}" for name in columns)
    row = f"jsonb_populate_record({arguments})"
    return f"UPDATE {table.name} SET {values} FROM {row} AS new WHERE {table.name}.id = new.id"  # noqa: S608


def _json(values: Any) -> str:
    return json.dumps(values, default=_text_of)


def _text_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a row written together")
