"""What an enterprise says of a slot it did not attend, and what the department answers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from eventsys.bookings.rules import NOTE_MAX, REASON_MAX
from eventsys.web.forms import Form

EXCUSED, COUNTED = "excused", "counted"


class ExplainForm(Form):
    """What came up."""

    appeal = TextAreaField(_l("What came up"), [InputRequired(), Length(max=NOTE_MAX)])


class AnswerForm(Form):
    """Whether it counts, in a sentence."""

    answer = RadioField(
        _l("Does it count?"),
        [InputRequired()],
        choices=[(EXCUSED, _l("Excused: it does not count")), (COUNTED, _l("It counts all the same"))],
    )
    decision = StringField(_l("A sentence for the enterprise"), [InputRequired(), Length(max=REASON_MAX)])

    @property
    def is_excused(self) -> bool:
        """Whether the department lets it pass."""
        return bool(self.answer.data == EXCUSED)
