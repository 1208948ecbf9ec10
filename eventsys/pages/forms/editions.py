"""The form of an edition, and the remark with which an answer is returned."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from eventsys.directory.rules import NAME_MAX
from eventsys.slots.collection import NUMBER_MAX, NewEdition
from eventsys.slots.models import Edition
from eventsys.slots.rules import DESCRIPTION_MAX, REASON_MAX
from eventsys.web.forms import Form, LocalDateTimeField, Within


class EditionForm(Form):
    """Everything of an edition; `version` is what the person saw."""

    version = HiddenField()
    number = IntegerField(_l("Edition number"), [InputRequired(), Within(1, NUMBER_MAX)])
    title = StringField(_l("Theme"), [Length(max=NAME_MAX)])
    starts_on = DateField(_l("First day"), [InputRequired()])
    ends_on = DateField(_l("Last day"), [InputRequired()])
    description = TextAreaField(_l("About this edition"), [Length(max=DESCRIPTION_MAX)])
    collects_until = LocalDateTimeField(_l("Deadline"), [Optional()])
    opens_at = LocalDateTimeField(_l("Opening"), [Optional()])

    def to_command(self) -> NewEdition:
        """The command of a form that validated."""
        assert self.starts_on.data is not None and self.ends_on.data is not None  # noqa: PT018 - the form was validated
        return NewEdition(
            number=self.number.data or 0,
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            title=self.title.data or "",
            description=self.description.data or "",
            collects_until=self.collects_until.data,
            opens_at=self.opens_at.data,
        )


class ReturnForm(Form):
    """Why the department is to submit again."""

    remark = StringField(_l("Remark"), [InputRequired(), Length(max=REASON_MAX)])


def values_of_edition(edition: Edition) -> dict[str, Any]:
    """What the form is filled with."""
    names = ("version", "number", "title", "starts_on", "ends_on", "description", "collects_until", "opens_at")
    return {name: getattr(edition, name) for name in names}
