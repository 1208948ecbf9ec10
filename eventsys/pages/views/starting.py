"""What the form of new slots starts from: the defaults of a format, or a template of the department."""

from __future__ import annotations

from typing import Any

from flask import request

from eventsys.core.clock import now
from eventsys.pages.forms.slot_values import first_values, values_of_template
from eventsys.pages.queries import SlotChoices
from eventsys.slots.queries.templates import get_template, list_active_enterprises
from eventsys.slots.rules import SlotFormat
from eventsys.slots.templates import from_template
from eventsys.web.guards import current_actor


def start_values(choices: SlotChoices) -> dict[str, Any]:
    """The values by what the address asks for: a template, else a format; NotFound for another's template."""
    wanted = request.args.get("template", "")
    if wanted:
        template = get_template(wanted, current_actor())
        kept = from_template(template.kept, template.department_id, now())
        invited = list_active_enterprises(kept.audience.enterprises)
        return values_of_template(kept, invited, choices, department=template.department.public_id)
    kind = request.args.get("format", "")
    return first_values(choices, SlotFormat(kind) if kind in list(SlotFormat) else SlotFormat.SESSION)
