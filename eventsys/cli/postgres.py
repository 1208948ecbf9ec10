"""pg_dump and pg_restore, which know every detail of a PostgreSQL database."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import click
from sqlalchemy import make_url


def dump(url: str, target: Path) -> None:
    """Write the database into `target` (custom format)."""
    _call("pg_dump", url, "--format=custom", "--no-owner", "--no-acl", f"--file={target}")


def load(url: str, source: Path) -> None:
    """Replace the database's content by that of `source`, in one transaction."""
    options = ("--clean", "--if-exists", "--no-owner", "--no-acl", "--single-transaction", "--exit-on-error")
    _call("pg_restore", url, *options, str(source))


def _call(program: str, url: str, *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise click.ClickException(f"{program} is not installed (package postgresql-client)")
    parts = make_url(url).set(drivername="postgresql")
    # the password goes by the environment: arguments are seen by every user of the machine
    environment = {**os.environ, **({"PGPASSWORD": str(parts.password)} if parts.password else {})}
    place = parts.set(password=None).render_as_string(hide_password=False)
    command = [path, f"--dbname={place}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise click.ClickException(f"{program}: {done.stderr.strip() or f'exit {done.returncode}'}")
