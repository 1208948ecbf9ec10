"""Migrations: each goes up and down again, what they build is what the models say, and history stays history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from tests.conftest import fresh_database, make_config

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
        url = fresh_database(server.set(database="postgres"), f"{worker_id}_migrations")
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


ROWS = """
    INSERT INTO departments (id, public_id, code, name, short_name, name_en, colour, phone, email, search_text, active,
        settings, version, feed_revision, feed_changed_at)
    VALUES (1, 'd', 'tax', '税务局', '税务局', '', 1, '', '', '', :yes, '{}', 1, 1, :at);
    INSERT INTO enterprises (id, public_id, credit_code, is_code_checked, name, short_name, name_en, sub_district,
        address, note, search_text, active, created_at, version, feed_revision, feed_changed_at)
    VALUES (1, 'e', '91350299MA00000019', :yes, '甲公司', '', '', '', '', '', '', :yes, :at, 1, 1, :at);
    INSERT INTO slots (id, public_id, state, title, title_en, description, topic, format, department_id, place_text,
        online_url, starts_at, ends_at, closes_at, cancel_until, names_until, capacity, places_taken, people_taken,
        audience_kind, audience, questions, is_hidden, created_at, call_off_reason, changed_at, sequence, version)
    VALUES (1, 's', 'draft', '专场', '', '', 'policy', 'session', 1, '', '', :at, :until, :at, :at, :at, 3, 1, 2,
        'public', '{}', '[]', :no, :at, '', :at, 0, 1);
    INSERT INTO slot_department (slot_id, department_id) VALUES (1, 1);
    INSERT INTO bookings (id, public_id, slot_id, enterprise_id, state, party, channel, contact_name,
        on_behalf_reason, asks, answers, share_version, created_at, changed_at, is_late_cancellation, cancel_reason,
        version)
    VALUES (1, 'b', 1, 1, 'confirmed', 2, 'web', '丁', '', '', '{}', 1, :at, :at, :no, '', 1);
    INSERT INTO attendees (id, public_id, booking_id, slot_id, name, phone, email, typed_code, key_id, state,
        created_at)
    VALUES (1, 'a', 1, 1, '王一', '', '', 'ABCDEF', 1, 'valid', :at)
"""


def test_rows_survive_a_table_made_anew(empty):
    upgrade(revision="20261122_1900")
    evening = datetime(2026, 11, 30, 17, tzinfo=UTC)  # the first of December in Xiamen
    values = {"at": evening, "until": evening + timedelta(hours=1), "yes": True, "no": False}
    with db.engine.begin() as connection:
        for statement in ROWS.split(";"):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(
                sa.text(statement).bindparams(*[sa.bindparam(key, value) for key, value in used.items()])
            )
    upgrade()
    with db.engine.connect() as connection:
        for table in ("slots", "slot_department", "bookings", "attendees"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 1, table
        assert connection.execute(sa.text("SELECT month, party_min, department_id FROM bookings")).one() == (
            202612,
            2,
            1,
        )
