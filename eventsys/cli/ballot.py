"""`eventsys ballot`: check a draw, from the database or from the file that everybody can download."""

from __future__ import annotations

import json
from pathlib import Path

import click
from sqlalchemy import select

from eventsys.bookings.queries.ballot import evidence_of, result_of
from eventsys.bookings.rules.ballot import Result, fault_against, fault_in, read_result
from eventsys.cli.application import installed
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.web.rfc3339 import format_instant

FILE_MAX = 20_000_000


@click.group()
def ballot() -> None:
    """Draws."""


@ballot.command()
@click.argument("slot", required=False)
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A downloaded result.")
@click.option("--hash", "published", default="", help="The hash you noted before the draw, for --file.")
def verify(slot: str | None, file: Path | None, published: str) -> None:
    """Recompute the draw of SLOT (the id in its address) from the database, or that of a downloaded --file.

    From the database it is also compared with the audit trail and the waiting list. Exit 0 when all is right, else 1.
    """
    if (slot is None) is (file is None):
        raise click.UsageError("name a slot or give --file, one of them")
    result = _read(file) if file is not None else _recompute(str(slot))
    fault = fault_in(result, published)
    if fault is not None:
        raise click.ClickException(f"this draw is WRONG: {fault}")
    click.echo(f"The draw of {result.slot} is right: {len(result.entries)} entries, seed's hash {result.seed_hash}")


def _read(file: Path) -> Result:
    if file.stat().st_size > FILE_MAX:
        raise click.ClickException(f"{file} is too large for a result")
    try:
        return read_result(json.loads(file.read_text("utf-8")))
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error


def _recompute(public_id: str) -> Result:
    """The stored result when the trail says the same of it."""
    with installed():
        slot = db.session.scalars(select(Slot).where(Slot.public_id == public_id)).one_or_none()
        if slot is None or slot.draw_at is None:
            raise click.ClickException(f"there is no slot {public_id} that is drawn")
        try:
            result = result_of(slot)
        except ValueError as error:
            raise click.ClickException(f"this draw is WRONG: {error}") from error
        if result is None:
            raise click.ClickException(f"not drawn yet: the draw is due {format_instant(slot.draw_at)}")
        fault = fault_in(result) or fault_against(result, evidence_of(slot))
    if fault is not None:
        raise click.ClickException(f"this draw is WRONG: {fault}")
    return result
