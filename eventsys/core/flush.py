"""One flush, one statement: what a hot path has added and changed, written together where the database can do that."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Table, TextClause, func, inspect, null, text
from sqlalchemy.orm import attributes

from eventsys.core.db import Model, db, is_sqlite

Shape = tuple[str, Table, tuple[str, ...]]  # insert or update, the table, the columns


def next_key(model: type[Model]) -> ColumnElement[Any]:
    """A primary key for a row to be written by `flush_together`; NULL on SQLite, which gives keys as it writes."""
    return null() if is_sqlite() else func.nextval(f"{model.__tablename__}_id_seq")


def flush_together() -> None:
    """Write every pending and changed row of the session: by one statement on PostgreSQL, as `flush()` on SQLite.

    On PostgreSQL new rows become plain values: they are known by the keys they were given (see `next_key`), and by no
    session. Foreign keys must be set, relationships alone are not followed. Deleted rows are left to the next flush.
    """
    session = db.session()
    if is_sqlite():
        session.flush()
        return
    new, dirty = list(session.new), [row for row in session.dirty if session.is_modified(row)]
    batches: dict[Shape, list[dict[str, Any]]] = {}
    for row in new:
        _gather(batches, "insert", row, _values_of_new(row))
    for row in dirty:
        if values := _changes_of(row):
            _gather(batches, "update", row, {"id": row.id, **values})
    if not batches:
        return
    parameters = {f"rows_{number}": json.dumps(rows, default=_text_of) for number, rows in enumerate(batches.values())}
    session.execute(_statement(tuple(batches)), parameters)
    for row in new:
        session.expunge(row)
    for row in dirty:
        for name in list(inspect(row).committed_state):
            attributes.set_committed_value(row, name, row.__dict__[name])


def _gather(batches: dict[Shape, list[dict[str, Any]]], verb: str, row: Model, values: dict[str, Any]) -> None:
    batches.setdefault((verb, _table(row), tuple(values)), []).append(values)


def _table(row: Model) -> Table:
    return cast("Table", inspect(type(row)).local_table)


def _values_of_new(row: Model) -> dict[str, Any]:
    """Every column's value, its default applied; a primary key that nobody chose is left to its sequence."""
    values = {}
    for column in _table(row).columns:
        value = row.__dict__.get(column.key)
        if value is None and column.default is not None:
            value = _default_of(column)
            attributes.set_committed_value(row, column.key, value)
        if value is not None or not column.primary_key:
            values[column.name] = value
    return values


def _default_of(column: Column[Any]) -> Any:
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg


def _changes_of(row: Model) -> dict[str, Any]:
    state = inspect(row)
    columns = _table(row).columns.keys()
    changed = [name for name in columns if name in state.committed_state and state.attrs[name].history.has_changes()]
    return {name: getattr(row, name) for name in changed}


@lru_cache(maxsize=256)
def _statement(shapes: tuple[Shape, ...]) -> TextClause:
    """Data-modifying WITH queries, one a table and set of columns, fed from JSON; each runs to its end, always."""
    parts = [f"step_{number} AS ({_step(number, shape)})" for number, shape in enumerate(shapes)]
    return text(f"WITH {', '.join(parts)} SELECT 1")


def _step(number: int, shape: Shape) -> str:
    verb, table, columns = shape
    rows = f"jsonb_populate_recordset(CAST(NULL AS {table.name}), CAST(:rows_{number} AS jsonb))"
    if verb == "insert":
        names = ", ".join(columns)
        return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {rows}"  # noqa: S608 - names of our own tables
    values = ", ".join(f"{name} = new.{name}" for name in columns if name != "id")
    return f"UPDATE {table.name} SET {values} FROM {rows} AS new WHERE {table.name}.id = new.id"  # noqa: S608


def _text_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a row written together")
