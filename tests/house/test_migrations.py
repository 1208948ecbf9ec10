"""Migrations: each goes up and down again, what they build is what the models say, and history stays history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from apiflask import APIFlask
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import DBAPIError

from eventsys.app import create_app
from eventsys.checkin.models import Scan
from eventsys.checkin.rules import ScanResult
from eventsys.core.clock import now
from eventsys.core.db import Base, db, unit_of_work
from eventsys.web.migrations import is_schema_current, use_flask_migrate, wanted_revisions
from tests.conftest import _fresh_database, make_config

# The index over coalesce(…) is compared by nobody; tests of memberships hold it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection:sqlalchemy.exc.SAWarning"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping:UserWarning"),
]
VERSIONS = ScriptDirectory(str(Path(__file__).parents[2] / "migrations"))
REVISIONS = [script.revision for script in reversed(list(VERSIONS.walk_revisions()))]


@pytest.fixture
def empty(database: str, tmp_path: Path, request: pytest.FixtureRequest, worker_id: str) -> Iterator[APIFlask]:
    """The application on a database without a table."""
    url = ""
    if database == "postgresql":
        server = sa.make_url(request.getfixturevalue("postgres_url"))
        url = _fresh_database(server.set(database="postgres"), f"{worker_id}_migrations")
    app = create_app(make_config(tmp_path, url))
    with app.app_context():
        use_flask_migrate()
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        return compare_metadata(context, Base.metadata)


def functions() -> int:
    if db.engine.dialect.name == "sqlite":
        return 0
    query = "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
    with db.engine.connect() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())


def test_each_goes_up_and_down_and_up_again(empty):
    for revision in REVISIONS:
        before = tables()
        upgrade(revision=revision)
        after = tables()
        downgrade(revision="-1")
        assert tables() == before
        upgrade(revision=revision)
        assert tables() == after
    assert differences() == []
    downgrade(revision="base")
    assert tables() == set()
    assert functions() == 0


def test_there_is_one_head_and_names_sort_by_time():
    assert len(VERSIONS.get_heads()) == 1
    assert sorted(REVISIONS) == REVISIONS


def test_a_forgotten_migration_would_be_noticed(empty):
    upgrade()
    with db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE parks DROP COLUMN latitude"))
    assert any("latitude" in str(difference) for difference in differences())


@pytest.mark.parametrize("statement", ["UPDATE scans SET reason = 'x'", "DELETE FROM scans"])
def test_scans_are_append_only(app, statement):
    with unit_of_work():
        db.session.add(
            Scan(nonce="n", code="x", result=ScanResult.UNKNOWN, scanned_at=now(), received_at=now(), reason="")
        )
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
        db.session.execute(sa.text(statement))
    assert db.session.scalar(sa.select(sa.func.count(Scan.id))) == 1


@pytest.mark.sqlite_only
def test_the_server_knows_the_newest_migration_without_alembic(empty):
    assert wanted_revisions(Path(VERSIONS.dir)) == set(VERSIONS.get_heads())
    assert not is_schema_current()
    db.session.rollback()
    upgrade()
    assert is_schema_current()
    db.session.rollback()
    downgrade(revision="-1")
    assert not is_schema_current()


@pytest.mark.sqlite_only
def test_the_newest_migration_is_the_one_nothing_builds_on(tmp_path):
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/one.py").write_text('revision: str = "a1"\ndown_revision: str | None = None\n')
    (tmp_path / "versions/two.py").write_text('revision = "b2"\ndown_revision = "a1"\n')
    assert wanted_revisions(tmp_path) == {"b2"}
