"""Why a department does not support a slot."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from eventsys.slots.rules import REASON_MAX
from eventsys.web.forms import Form


class DeclineSupportForm(Form):
    """The reason, which the lead department reads."""

    reason = StringField(_l("Reason"), [InputRequired(), Length(max=REASON_MAX)])
