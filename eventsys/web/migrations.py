"""The database's migrations: applied by commands, checked by a server without loading Alembic (10 MB, 0.1 s)."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import inspect, text

from eventsys.core.db import db

_NAMED = re.compile(r'^(revision|down_revision)\b[^=\n]*= "(\w+)"', re.MULTILINE)


def init_migrations(app: Flask, folder: Path) -> None:
    """Note where the migrations are."""
    app.config["MIGRATIONS"] = str(folder)


def use_flask_migrate() -> None:
    """Register Flask-Migrate with the current application, whose own functions may be called then."""
    from flask_migrate import Migrate  # with Alembic, Mako and Pygments: for commands, not for servers

    if "migrate" not in current_app.extensions:
        Migrate(current_app, db, directory=current_app.config["MIGRATIONS"], render_as_batch=True)


def upgrade() -> None:
    """Create the tables of the current application's database, or bring older ones up to date."""
    from flask_migrate import upgrade as run_migrations

    use_flask_migrate()
    run_migrations()


def wanted_revisions(folder: Path) -> frozenset[str]:
    """The newest revisions: those that no other builds on."""
    named = [match.groups() for file in sorted(folder.glob("versions/*.py")) for match in _NAMED.finditer(_read(file))]
    older = {revision for name, revision in named if name == "down_revision"}
    return frozenset(revision for name, revision in named if name == "revision") - older


def is_schema_current() -> bool:
    """Whether the database has every migration; raises what an unreachable database raises."""
    connection = db.session.connection()
    if not inspect(connection).has_table("alembic_version"):
        return False
    present = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
    return frozenset(present) == wanted_revisions(Path(current_app.config["MIGRATIONS"]))


def _read(file: Path) -> str:
    return file.read_text("utf-8")
