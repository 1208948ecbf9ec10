"""Why a slot is called off."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from eventsys.slots.rules import REASON_MAX
from eventsys.web.forms import Form


class CallOffForm(Form):
    """The reason, which reaches everyone who booked."""

    reason = StringField(_l("Reason"), [InputRequired(), Length(max=REASON_MAX)])
