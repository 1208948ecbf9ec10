"""To whom a slot is offered, and why it is not taken."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from eventsys.directory.models import Department
from eventsys.slots.rules import REASON_MAX
from eventsys.web.forms import Form
from eventsys.web.locale import local_name


class OfferSlotForm(Form):
    """The department that is to lead, and a word to it."""

    department = SelectField(_l("New lead department"), [InputRequired()])
    note = StringField(_l("Note to the department"), [Length(max=REASON_MAX)])

    def offer(self, departments: Sequence[Department]) -> None:
        """The departments to choose from."""
        self.department.choices = [
            ("", gettext("Choose")),
            *((item.public_id, local_name(item)) for item in departments),
        ]


class DeclineSlotForm(Form):
    """Why the department does not take the slot, which the lead reads."""

    reason = StringField(_l("Reason"), [InputRequired(), Length(max=REASON_MAX)])
