"""Forms of the gates' page."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, StringField
from wtforms.validators import ValidationError

from eventsys.slots.models import Slot
from eventsys.web.forms import Form
from eventsys.web.locale import format_span, local_name
from eventsys.web.wording import sentence


def _filled(_form: GateForm, field: StringField) -> None:
    if not (field.data or "").strip():
        raise ValidationError(sentence("required", {}))


_filled.field_flags = {"required": True}  # type: ignore[attr-defined]


class GateForm(Form):
    """A new gate: its name and the slots it serves."""

    name = StringField(_l("Name of the check-in point"), [_filled])
    slots = SelectMultipleField(_l("Slots"), validate_choice=False)

    def offer(self, slots: Sequence[Slot]) -> None:
        """Let the steward choose among these."""
        self.slots.choices = [
            (slot.public_id, f"{format_span(slot.starts_at, slot.ends_at)} · {local_name(slot)}") for slot in slots
        ]
