"""`eventsys db`: the schema."""

from __future__ import annotations

import click

from eventsys.cli.application import installed
from eventsys.web.migrations import upgrade as run_migrations


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Create the tables, or bring those of an older version up to date."""
    with installed():
        run_migrations()
    click.echo("The database is up to date.")
