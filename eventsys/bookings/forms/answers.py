"""Short forms: cancel, decline, rebook, hand over, a page with one button."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField

from eventsys.accounts.models import Person
from eventsys.bookings.forms.rows import Filled, Needed
from eventsys.slots.models import Slot
from eventsys.web.forms import Form
from eventsys.web.locale import format_span, local_name


class CancelForm(Form):
    """Cancel a booking."""

    reason = StringField(_l("Reason"))


class DeclineForm(Form):
    """Say no to a pending booking; the enterprise reads why."""

    reason = StringField(_l("Reason"), [Filled()])


class MoveForm(Form):
    """Choose another slot for a booking."""

    slot = RadioField(_l("Rebook to"), [Needed()], validate_choice=False)

    def offer(self, slots: Sequence[Slot]) -> None:
        """Let these be chosen."""
        self.slot.choices = [
            (slot.public_id, f"{format_span(slot.starts_at, slot.ends_at)} · {local_name(slot)}") for slot in slots
        ]


class HandOverForm(Form):
    """Choose the colleague who is the contact from now on."""

    person = RadioField(_l("Colleague"), [Needed()], validate_choice=False)

    def offer(self, people: Sequence[Person]) -> None:
        """Let these be chosen."""
        self.person.choices = [(person.public_id, person.name) for person in people]


class ConfirmForm(Form):
    """A page with one button."""
