"""The database: declarative base, session and the one transaction edge, `unit_of_work()`."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import JSON, Connection, Engine, MetaData, Row, Select, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from eventsys.core.errors import Conflict

try:  # bundles a current SQLite: WAL loses no commits from 3.51.3 on
    from pysqlite3 import dbapi2 as sqlite_module
except ImportError:  # no wheel for this platform
    import sqlite3 as sqlite_module

__all__ = ["Base", "Busy", "Model", "after_commit", "db", "is_sqlite", "read", "sqlite_module", "unit_of_work"]

WAL_IS_SAFE = sqlite_module.sqlite_version_info >= (3, 51, 3)
WRITER_WAIT_SECONDS = 10.0
BUSY_TIMEOUT_MS = 5_000
PING_AFTER_SECONDS = 5
# Of one connection; a process holds several, and the system caches the file for all of them.
CACHE_KIB = 128
CACHED_STATEMENTS = 8
COMPILED_STATEMENTS = {"sqlite": 12, "postgresql": 50}  # of the process, some 120 KB each

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of every table."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
            list[Any]: JSON().with_variant(JSONB(), "postgresql"),
            list[str]: JSON().with_variant(JSONB(), "postgresql"),
        },
    )
    metadata = registry.metadata


class ReadingSession(FlaskSession):
    """A session that outside of a unit of work begins no transaction on PostgreSQL, see `_reading`."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """The engine; outside of a unit of work the one for reading."""
        engine = super().get_bind(*args, **kwargs)
        return _reading(engine) if isinstance(engine, Engine) and "in_unit" not in self.info else engine


@lru_cache(maxsize=16)
def _reading(engine: Engine) -> Engine:
    """The engine without transactions on PostgreSQL: a statement sees what is committed, as it would in one, costs one
    round trip instead of three, and ends in no ROLLBACK, at which psycopg forgets all statements it has prepared."""
    is_postgresql = engine.dialect.name == "postgresql"
    return engine.execution_options(isolation_level="AUTOCOMMIT") if is_postgresql else engine


db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={"class_": ReadingSession, "expire_on_commit": False, "autoflush": False},
)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class Busy(Exception):
    """The database did not get to us in time; the edge answers 503 with Retry-After."""


_writer = threading.Lock()
log = structlog.get_logger(__name__)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite_module.Connection):
        return
    connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute(f"PRAGMA journal_mode={'WAL' if WAL_IS_SAFE else 'DELETE'}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.close()


@event.listens_for(Pool, "checkin")
def _note_idle(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _ping_idle(connection: Any, record: ConnectionPoolEntry, _fairy: Any) -> None:
    """Replace a connection that the server ended while nobody used it. One that was used a moment ago is not asked:
    asking costs as much as a statement, and the answer may be wrong a moment later."""
    if isinstance(connection, sqlite_module.Connection):
        return
    if time.monotonic() - record.info.get("idle_since", time.monotonic()) > PING_AFTER_SECONDS:
        try:
            connection.autocommit = True  # or it would begin a transaction
            connection.execute("")
            connection.autocommit = False
        except connection.Error as error:
            raise DisconnectionError() from error


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


def is_sqlite() -> bool:
    """Whether the application's database is SQLite."""
    return db.engine.dialect.name == "sqlite"


def read(statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows of one statement, read on a connection of its own: what is asked before a request needs a session."""
    with _reading(db.engine).connect() as connection:
        return connection.execute(statement, values).all()


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One transaction of one edge: commits at the end, rolls back on any error, then runs `after_commit` hooks.

    Never nested. Raises Busy when the writer's turn does not come in time, Conflict for a known constraint.
    """
    session = db.session()
    if session.info.get("in_unit"):
        raise RuntimeError("a unit_of_work is open already: services never open one")
    session.rollback()  # a guard's read may have begun a transaction that cannot become a writer
    sqlite = is_sqlite()
    if sqlite and not _writer.acquire(timeout=WRITER_WAIT_SECONDS):
        raise Busy("writer lock")
    session.info["in_unit"] = True
    hooks: list[Callable[[], None]] = []
    session.info["after_commit"] = hooks
    try:
        if sqlite:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield session
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise _as_conflict(error) from error
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("in_unit", None)
        session.info.pop("after_commit", None)
        if sqlite:
            _writer.release()
    for hook in hooks:
        _run(hook)


def _run(hook: Callable[[], None]) -> None:
    """What was committed is answered whatever follows; what a hook leaves undone, the worker does."""
    try:
        hook()
    except Exception:
        db.session.rollback()
        log.exception("after_commit_failed")


def after_commit(hook: Callable[[], None]) -> None:
    """Run `hook` once the running unit of work has committed; never when it rolled back."""
    db.session().info["after_commit"].append(hook)


# Constraint names (PostgreSQL) and "table.column" lists (SQLite) that a race can hit, and what they mean to a person.
KNOWN_CONSTRAINTS: dict[str, tuple[str, str]] = {
    "uq_bookings_active": ("bookings.slot_id, bookings.enterprise_id", "already_booked"),
    "uq_people_mobile": ("people.mobile", "mobile_taken"),
    "uq_people_email": ("people.email", "email_taken"),
    "uq_departments_code": ("departments.code", "code_taken"),
    "uq_departments_name": ("departments.name", "name_taken"),
    "uq_parks_name": ("parks.name", "name_taken"),
    "uq_enterprises_credit_code": ("enterprises.credit_code", "credit_code_taken"),
    "uq_editions_series_id_number": ("editions.series_id, editions.number", "number_taken"),
    "uq_slot_templates_department_id_name": ("slot_templates.department_id, slot_templates.name", "name_taken"),
    "uq_slot_runs_public_id": ("slot_runs.public_id", "run_made"),
    "uq_scans_nonce": ("scans.nonce", "nonce_taken"),
    "uq_idempotency_keys_owner_key": ("idempotency_keys.owner, idempotency_keys.key", "idempotency_key_in_use"),
    "uq_workday_overrides_day": ("workday_overrides.day", "workdays_changed"),
    "uq_workday_overrides_notice": ("workday_overrides.notice, workday_overrides.day", "workdays_changed"),
    "ck_slots_places": ("places", "slot_full"),
    "ck_slots_people": ("people", "slot_full"),
}

# A code drawn by chance that somebody has already, rare even in a hall of thousands: asked again, it is another.
DRAWN_BY_CHANCE = ("uq_attendees_slot_id_typed_code", "attendees.slot_id, attendees.typed_code")


def _as_conflict(error: IntegrityError) -> Exception:
    text = str(error.orig)
    if any(name in text for name in DRAWN_BY_CHANCE):
        return Busy("a code was drawn twice")
    for name, (columns, code) in KNOWN_CONSTRAINTS.items():
        if re.search(rf"\b{name}\b", text) or text.endswith(f"UNIQUE constraint failed: {columns}"):
            return Conflict(code)
    return error
