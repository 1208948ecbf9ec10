"""Forms of the gates' page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, RadioField, SelectMultipleField, StringField
from wtforms.validators import ValidationError

from eventsys.checkin.rules import VenueKind
from eventsys.slots.models import Slot
from eventsys.web.forms import Form
from eventsys.web.locale import format_span, local_name
from eventsys.web.wording import sentence


class _Filled:
    """Something must be typed or chosen."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, _form: Any, field: Field) -> None:
        given = field.data or ""
        if not (given.strip() if isinstance(given, str) else given):
            raise ValidationError(sentence("required", {}))


class GateForm(Form):
    """A new gate: its name and the slots it serves."""

    name = StringField(_l("Name of the check-in point"), [_Filled()])
    slots = SelectMultipleField(_l("Slots"), [_Filled()], validate_choice=False)

    def offer(self, slots: Sequence[Slot]) -> None:
        """Let the steward choose among these."""
        self.slots.choices = [
            (slot.public_id, f"{format_span(slot.starts_at, slot.ends_at)} · {local_name(slot)}") for slot in slots
        ]


class PairingForm(Form):
    """A link for phones at a gate, and what they may do."""

    may_search = BooleanField(_l("They may find people by name"))
    may_override = BooleanField(_l("They may let people in with a reason"))
    here = BooleanField()


class DeviceForm(Form):
    """How a phone is called at its gate."""

    name = StringField(_l("Name of this phone"), [_Filled()])


class VenueForm(Form):
    """How attendees check in themselves at a gate."""

    kind = RadioField(
        _l("Venue code"),
        [_Filled()],
        choices=[
            (VenueKind.PRINTED.value, _l("Printed: on the wall, good while check-in is open")),
            (VenueKind.ROTATING.value, _l("On a screen: a new code every minute")),
            (VenueKind.OFF.value, _l("None: only stewards check in")),
        ],
    )
    renew = BooleanField(_l("Make the code anew; the old one stops working"))


class YourselfForm(Form):
    """Who the attendee is."""

    code = StringField(_l("Personal code, or the last 4 digits of your mobile number"), [_Filled()])
    name = StringField(_l("Full name"))
