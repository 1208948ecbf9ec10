"""The canary: the same servers with locking off, started as `python -m eventsys.cli.race.canary PORT`.

Reads take no locks, on SQLite there are no transactions, and whoever has read a moment thinks before writing. What is
left then are the unique indexes, which `drop_indexes` takes out of the canary's own database. A history check that
finds nothing here would find nothing ever.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.orm import ORMExecuteState, Session

from eventsys.cli.serve import serve_until_stopped
from eventsys.config import load_config
from eventsys.core import db as database
from eventsys.directory import feed_sets
from eventsys.directory.models import Enterprise

if TYPE_CHECKING:
    from eventsys.cli.served import TurnTaking

APPLICATION = "eventsys.cli.race.canary:create_unlocked_app"
THINK_SECONDS = 0.03


def create_unlocked_app() -> TurnTaking:
    """The application that `serve` runs, without its locks. What is patched here must be loaded before the services."""
    _turn_locking_off()
    from eventsys.cli.served import create_served_app

    return create_served_app()


def drop_indexes() -> None:
    """Take out of the database what keeps one booking an enterprise and one answer a key even without locks."""
    with database.db.engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.drop_index("uq_bookings_active", "bookings")
        with operations.batch_alter_table("idempotency_keys") as table:
            table.drop_constraint("uq_idempotency_keys_owner_key", type_="unique")


def _turn_locking_off() -> None:
    sa.Select.with_for_update = _unlocked  # type: ignore[method-assign, assignment]
    sa.event.listen(Session, "do_orm_execute", _think)
    feed_sets.lock_enterprise = _read_enterprise
    sa.event.remove(sa.Engine, "begin", database._begin_sqlite)
    database._writer = _NoLock()  # type: ignore[assignment]


def _unlocked(query: sa.Select[Any], **_how: Any) -> sa.Select[Any]:
    return query.execution_options(thinks=True)


def _think(state: ORMExecuteState) -> Any:
    if not state.execution_options.get("thinks"):
        return None
    found = state.invoke_statement().freeze()
    time.sleep(random.uniform(0, THINK_SECONDS))  # noqa: S311 - no secret
    return found()


def _read_enterprise(enterprise: int) -> Enterprise | None:
    return database.db.session.get(Enterprise, enterprise, populate_existing=True)


class _NoLock:
    """A lock that is always free."""

    def acquire(self, timeout: float = 0) -> bool:
        return True

    def release(self) -> None:
        return None


if __name__ == "__main__":
    serve_until_stopped(load_config(), host="127.0.0.1", port=int(sys.argv[1]), application=APPLICATION)
