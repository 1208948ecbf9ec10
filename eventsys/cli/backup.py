"""`eventsys backup` and `restore`: the database and the secret key, without which tickets and sessions are lost."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, inspect, make_url, select

from eventsys.cli import postgres
from eventsys.cli.application import installed
from eventsys.config import Config
from eventsys.core.clock import now
from eventsys.core.db import db, sqlite_module
from eventsys.directory.models import District
from eventsys.web.migrations import upgrade

FORMAT = 1
MEMBERS = {"about.json", "database", "secret_key"}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database and the secret key into FILE (tar, readable by its owner only). The site may go on."""
    with installed() as app, tempfile.TemporaryDirectory() as folder:
        config: Config = app.config["EVENTSYS"]
        dump = Path(folder) / "database"
        kind = _dump(config, dump)
        about = {"format": FORMAT, "database": kind, "made_at": now().isoformat()}
        part = file.with_name(file.name + ".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz") as archive:
                _add(archive, "about.json", json.dumps(about).encode())
                _add(archive, "secret_key", config.secret_key.encode())
                archive.add(dump, "database")
            os.fsync(stream.fileno())
        part.replace(file)
    click.echo(f"Written: {file}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Overwrite the district that is there.")
def restore(file: Path, yes: bool) -> None:
    """Bring back what `backup` wrote into FILE, then upgrade it. Stop the site and the worker first."""
    with installed() as app, tempfile.TemporaryDirectory() as folder:
        config: Config = app.config["EVENTSYS"]
        about, secret = _unpack(file, Path(folder))
        if about["database"] != _kind(config):
            raise click.ClickException(f"this is a backup of {about['database']}, the database is {_kind(config)}")
        if os.environ.get("EVENTSYS_SECRET_KEY", secret) != secret:
            raise click.ClickException("EVENTSYS_SECRET_KEY is not the backup's: tickets could not be read")
        if _has_district() and not yes:
            raise click.ClickException("there is a district already; --yes overwrites it")
        _load(config, Path(folder) / "database")
        _keep_secret(config, secret)
        upgrade()
    click.echo("Restored. Start the site and the worker again.")


def _kind(config: Config) -> str:
    return "sqlite" if config.database_url.startswith("sqlite") else "postgresql"


def _dump(config: Config, target: Path) -> str:
    if _kind(config) == "postgresql":
        postgres.dump(config.database_url, target)
    else:
        _copy_sqlite(_sqlite_file(config), target)
    return _kind(config)


def _load(config: Config, source: Path) -> None:
    db.session.remove()
    db.engine.dispose()
    if _kind(config) == "postgresql":
        postgres.load(config.database_url, source)
        return
    with closing(sqlite_module.connect(source)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise click.ClickException("the backup's database is damaged")
    _copy_sqlite(source, _sqlite_file(config))


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup: one consistent state, while others read and write."""
    with closing(sqlite_module.connect(source)) as reader, closing(sqlite_module.connect(target)) as writer:
        reader.backup(writer)


def _sqlite_file(config: Config) -> Path:
    return Path(make_url(config.database_url).database or "")


def _has_district() -> bool:
    if not inspect(db.engine).has_table("districts"):
        return False
    return bool(db.session.scalar(select(func.count(District.id))))


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _unpack(file: Path, folder: Path) -> tuple[dict[str, Any], str]:
    """What the backup says of itself and its secret; its database lands in `folder`."""
    try:
        with tarfile.open(file) as archive:
            members = {member.name: member for member in archive.getmembers() if member.isfile()}
            if set(members) != MEMBERS:
                raise click.ClickException(f"{file} is no backup of eventsys")
            content = {name: archive.extractfile(members[name]) for name in MEMBERS}
            about = json.load(content["about.json"])  # type: ignore[arg-type]
            secret = content["secret_key"].read().decode()  # type: ignore[union-attr]
            with (folder / "database").open("wb") as target:
                while chunk := content["database"].read(1024 * 1024):  # type: ignore[union-attr]
                    target.write(chunk)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise click.ClickException(f"{file} is no backup of eventsys") from error
    if about.get("format") != FORMAT:
        raise click.ClickException("this backup was written by a newer version")
    return about, secret


def _keep_secret(config: Config, secret: str) -> None:
    file = config.home / "secret_key"
    draft = file.with_name("secret_key.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(secret)
    draft.replace(file)
