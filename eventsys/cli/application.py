"""What commands that touch the database share: the application's context, and refusals as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from apiflask import APIFlask
from sqlalchemy.exc import OperationalError, ProgrammingError

from eventsys.app import create_app
from eventsys.core.actor import Channel, system_actor
from eventsys.core.db import Busy, db
from eventsys.core.errors import Invalid, Refusal
from eventsys.web.wording import sentence

COMMAND_LINE = system_actor("eventsys", Channel.CLI)


@contextmanager
def installed() -> Iterator[APIFlask]:
    """The application of this installation; what it refuses becomes a click.ClickException."""
    app = create_app()
    with app.app_context():
        try:
            yield app
        except Refusal as refusal:
            raise click.ClickException(_words(refusal)) from refusal
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(_database_words(error)) from error
        except Busy as error:
            raise click.ClickException("the database is busy, try again") from error
        finally:
            db.session.remove()


def _words(refusal: Refusal) -> str:
    if not isinstance(refusal, Invalid):
        return sentence(refusal.code, refusal.fields)
    return "; ".join(f"{item.field}: {sentence(item.code, item.fields)}" for item in refusal.problems)


def _database_words(error: OperationalError | ProgrammingError) -> str:
    text = str(error.orig)
    if "no such table" in text or "does not exist" in text:
        return "the database has no tables or old ones: run `eventsys db upgrade`"
    return f"the database does not answer: {text}"
