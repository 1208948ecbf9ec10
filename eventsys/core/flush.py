"""One flush, one statement: what a hot path has added and changed, written together where the database can do that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Table, TextClause, func, inspect, literal_column, null, text
from sqlalchemy.orm import attributes

from eventsys.core.db import Model, db, is_sqlite

Shape = tuple[str, Table, tuple[str, ...]]  # insert or update, the table, the columns
Step = tuple[Shape, Any]  # and the rows or row


def next_key(model: type[Model], *, sqlite: bool) -> ColumnElement[Any]:
    """A primary key for a row to be written by `flush_together`; NULL on SQLite, which gives keys as it writes."""
    return null() if sqlite else func.nextval(literal_column(f"'{model.__tablename__}_id_seq'"))


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
