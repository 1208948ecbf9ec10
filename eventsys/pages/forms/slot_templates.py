"""The name of a template."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from eventsys.slots.rules import TITLE_MAX
from eventsys.web.forms import Form


class TemplateForm(Form):
    """A template's name; `version` is what the person saw."""

    version = HiddenField()
    name = StringField(_l("Name of the template"), [InputRequired(), Length(max=TITLE_MAX)])
