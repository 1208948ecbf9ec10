"""What somebody else changed meanwhile, in the words of the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventsys.pages.forms.slot import SlotForm
from eventsys.web.locale import format_moment

SHOWN_MAX = 120
FIELDS = {"place_id": "place", "department_id": "department", "edition_id": "edition", "audience_kind": "audience"}
TIMES = {"starts_at", "ends_at", "opens_at", "closes_at", "cancel_until", "names_until"}
AS_STORED = {"title", "title_en", "description", "place_text", "online_url", "bring"}
COUNTS = {"capacity", "attendee_capacity", "party_max"}


@dataclass(frozen=True, slots=True)
class Change:
    """A field by its label and, where it reads well, its new value."""

    label: str
    value: str


def changes_of(form: SlotForm, after: Mapping[str, Any]) -> list[Change]:
    """The changes of an audit entry that have a field in the form."""
    found = []
    for column, value in after.items():
        field = form._fields.get(FIELDS.get(column, column))
        if field is not None:
            found.append(Change(str(field.label.text), _shown(column, value)))
    return found


def _shown(column: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if column in TIMES:
        return format_moment(datetime.fromisoformat(value))
    if column in AS_STORED or column in COUNTS:
        text = str(value)
        return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"
    return ""
