"""Slots as the spreadsheet an import reads back without a change; and the workbook to fill in."""

from __future__ import annotations

from datetime import datetime, timedelta

from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.installation import installation
from eventsys.directory.imports.tables import Export, template_workbook
from eventsys.slots.imports.columns import COLUMNS, EXAMPLE, HINTS, NOTES, SHEET_NAME
from eventsys.slots.imports.texts import row_of, texts_of
from eventsys.slots.queries.imports import every_own_slot, load_known


def export_slots(
    actor: Actor,
    *,
    starts_from: datetime | None = None,
    starts_before: datetime | None = None,
    lead: int | None = None,
) -> Export:
    """Every slot the actor may edit that starts within the span, under the headings of the template; only those that
    the department `lead` (a primary key) leads."""
    rows = []
    for batch in every_own_slot(actor, starts_from, starts_before, lead):
        known = load_known(actor, batch)
        rows += [row_of(texts_of(slot, known), COLUMNS) for slot in known.slots.values()]
    return Export(SHEET_NAME, tuple(column.zh for column in COLUMNS), tuple(rows))


def write_slot_template(actor: Actor) -> bytes:
    """A workbook to fill in, with the actor's department in its example and the names there are to choose from."""
    known = load_known(actor)
    own = [item.name for item in known.departments if item.id in known.own]
    soon = (now() + timedelta(days=14)).astimezone(installation().zone).date()
    example = {**EXAMPLE, "department": own[0] if own else "", "date": f"{soon.month}月{soon.day}日"}
    services = [item.name for item in known.services if item.owner in known.own]
    choices = {
        ("部门", "Departments"): own,
        ("服务事项", "Service matters"): services,
        ("地点", "Places"): [item.name for item in known.places],
        ("园区", "Parks"): [item.name for item in known.parks],
        ("标签", "Tags"): [item.name for item in known.tags],
        ("期次", "Editions"): [item.name for item in known.editions],
    }
    named = [(f"{zh}：{'、'.join(names)}", f"{en}: {', '.join(names)}") for (zh, en), names in choices.items() if names]
    return template_workbook(SHEET_NAME, COLUMNS, example, HINTS, [*NOTES, *named])
