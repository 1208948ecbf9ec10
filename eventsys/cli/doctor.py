"""`eventsys doctor`: what an operator looks at first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import func, select, text

from eventsys.calendars.mailbox import unread_mails
from eventsys.cli.application import installed
from eventsys.cli.worker import HEARTBEAT, HEARTBEAT_SECONDS
from eventsys.config import Config
from eventsys.core.clock import now
from eventsys.core.db import WAL_IS_SAFE, db, is_sqlite, sqlite_module
from eventsys.directory.queries import get_district
from eventsys.notifications.channels import TryAgain, check_mail_server
from eventsys.notifications.models import Message
from eventsys.notifications.rules import MessageState

CLOCK_TOLERANCE = timedelta(seconds=5)
OVERDUE = timedelta(minutes=15)


class Unwell(Exception):
    """A check found something to mend; the message says what."""


@click.command()
def doctor() -> None:
    """Check configuration, database, migrations, front end, clock, mail and worker; exit 1 when one is not well."""
    with installed() as app:
        config: Config = app.config["EVENTSYS"]
        failed = 0
        for name, check in CHECKS.items():
            try:
                click.echo(f"ok    {name}: {check(config)}")
            except (Unwell, LookupError) as finding:
                failed += 1
                click.echo(f"WRONG {name}: {finding.args[0]}")
            except Exception as error:
                failed += 1
                click.echo(f"WRONG {name}: {' '.join(str(error).split())[:300]}")
            finally:
                db.session.rollback()
    if failed:
        raise click.ClickException(f"{failed} of {len(CHECKS)} checks failed")


def _configuration(config: Config) -> str:
    secret = config.home / "secret_key"
    if secret.exists() and secret.stat().st_mode & 0o077:
        raise Unwell(f"others can read {secret}: chmod 600 it")
    if not config.is_secure and not config.is_loopback:
        raise Unwell("EVENTSYS_BASE_URL is not https: cookies travel openly and phones refuse the camera")
    return f"{config.base_url}, {config.time_zone}, data in {config.home}"


def _database(_config: Config) -> str:
    if not is_sqlite():
        version = db.session.scalar(text("SHOW server_version"))
        return f"PostgreSQL {version}"
    if db.session.scalar(text("PRAGMA quick_check")) != "ok":
        raise Unwell("the file is damaged: restore a backup")
    return f"SQLite {sqlite_module.sqlite_version}, {'WAL' if WAL_IS_SAFE else 'rollback'} journal"


def _migrations(_config: Config) -> str:
    wanted = set(ScriptDirectory(current_app.config["MIGRATIONS"]).get_heads())
    present = set(MigrationContext.configure(db.session.connection()).get_current_heads())
    if wanted != present:
        raise Unwell("the tables are not those of this version: run `eventsys db upgrade`")
    return ", ".join(sorted(present))


def _district(_config: Config) -> str:
    district = get_district()
    return f"{district.name}, calendar ids end in @{district.uid_host}"


def _front_end(_config: Config) -> str:
    manifest = Path(current_app.static_folder or "") / "dist" / "manifest.json"
    if not manifest.is_file():
        raise Unwell("not built: run `make assets`")
    files = json.loads(manifest.read_text())
    missing = [name for name, file in files.items() if not (manifest.parent / file).is_file()]
    if missing:
        raise Unwell(f"incomplete ({', '.join(missing)}): run `make assets`")
    return f"{len(files)} files"


def _clock(_config: Config) -> str:
    if is_sqlite():
        newest = max(revision[:8] for revision in _revisions())
        if now() < datetime.strptime(newest, "%Y%m%d").replace(tzinfo=UTC):
            raise Unwell(f"this machine believes it is {now():%Y-%m-%d %H:%M} UTC, before this version was made")
        return f"{now():%Y-%m-%d %H:%M:%S} UTC"
    theirs: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    gap = abs(now() - theirs)
    if gap > CLOCK_TOLERANCE:
        raise Unwell(f"this machine and the database differ by {gap.total_seconds():.0f} s")
    return f"{now():%Y-%m-%d %H:%M:%S} UTC, as the database"


def _revisions() -> list[str]:
    return [script.revision for script in ScriptDirectory(current_app.config["MIGRATIONS"]).walk_revisions()]


def _mail(config: Config) -> str:
    waiting = _count(Message.state == MessageState.QUEUED, Message.created_at < now() - OVERDUE, Message.attempts > 0)
    failed = _count(Message.state == MessageState.FAILED, Message.created_at > now() - timedelta(days=7))
    if not config.mail_url:
        return f"written to {config.home / 'mail'} (EVENTSYS_MAIL_URL is not set)"
    try:
        server = check_mail_server(config)
    except TryAgain as error:
        raise Unwell(f"{error}; {waiting} mails wait") from error
    return f"{server} answers; {waiting} wait for another try, {failed} failed in the last week"


def _answers(config: Config) -> str:
    if not config.answers_url:
        return "not read (EVENTSYS_ANSWERS_URL is not set)"
    with unread_mails(config.answers_url):
        return f"the mailbox at {urlsplit(config.answers_url).hostname} answers"


def _count(*which: object) -> int:
    return db.session.scalar(select(func.count(Message.id)).where(*which)) or 0  # type: ignore[arg-type]


def _worker(config: Config) -> str:
    file = config.home / HEARTBEAT
    if not file.exists():
        raise Unwell("has never run: start `eventsys worker`")
    age = time.time() - file.stat().st_mtime
    if age > 6 * HEARTBEAT_SECONDS:
        raise Unwell(f"not seen for {age:.0f} s: start `eventsys worker`")
    return f"seen {max(age, 0):.0f} s ago"


CHECKS: dict[str, Callable[[Config], str]] = {
    "configuration": _configuration,
    "database": _database,
    "migrations": _migrations,
    "district": _district,
    "front end": _front_end,
    "clock": _clock,
    "mail": _mail,
    "answers to invitations": _answers,
    "worker": _worker,
}
