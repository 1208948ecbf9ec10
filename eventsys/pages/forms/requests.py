"""Ask for a visit, answer that it cannot be, and what a slot made of a request is filled with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from eventsys.bookings.models import VisitRequest
from eventsys.bookings.rules import NOTE_MAX, REASON_MAX, NewVisitRequest
from eventsys.directory.models import Department, Enterprise
from eventsys.directory.rules import Topic
from eventsys.pages.forms.slot_values import first_values
from eventsys.pages.forms.words import topic_words
from eventsys.pages.queries import SlotChoices
from eventsys.slots.rules import PLACE_TEXT_MAX, TITLE_MAX, AudienceKind, SlotFormat
from eventsys.web.forms import Form
from eventsys.web.locale import local_name


class RequestForm(Form):
    """What the enterprise wants of which department, and when it would suit."""

    enterprise = SelectField(_l("Enterprise"))
    department = SelectField(_l("Department"), [InputRequired()])
    topic = RadioField(_l("Topic"), [InputRequired()], default=Topic.SERVICE.value)
    asks = TextAreaField(_l("What it is about"), [InputRequired(), Length(max=NOTE_MAX)])
    wanted = StringField(_l("When it would suit"), [Length(max=REASON_MAX)])

    def offer(self, own: Sequence[Enterprise], departments: Sequence[Department]) -> None:
        """Let the contact choose among these."""
        self.enterprise.choices = [(item.public_id, local_name(item)) for item in own]
        self.department.choices = [("", gettext("Please choose")), *((d.public_id, local_name(d)) for d in departments)]
        self.topic.choices = list(topic_words().items())

    def to_command(self, own: Sequence[Enterprise], departments: Sequence[Department]) -> NewVisitRequest:
        """The command of a form that validated: its choices are among those offered."""
        return NewVisitRequest(
            enterprise=next(item.id for item in own if item.public_id == self.enterprise.data),
            department=next(item.id for item in departments if item.public_id == self.department.data),
            asks=self.asks.data or "",
            topic=Topic(self.topic.data),
            wanted=self.wanted.data or "",
        )


class DeclineForm(Form):
    """Why the department cannot come."""

    decision = StringField(_l("Reason"), [InputRequired(), Length(max=REASON_MAX)])


def values_of_request(request: VisitRequest, choices: SlotChoices) -> dict[str, Any]:
    """What the form of a slot is filled with that is made of a request: a visit for this one enterprise."""
    enterprise = request.enterprise
    title = gettext("Visit to %(enterprise)s", enterprise=enterprise.short_name or enterprise.name)
    return {
        **first_values(choices, SlotFormat.VISIT, request.department.public_id),
        "title": title[:TITLE_MAX],
        "topic": request.topic.value,
        "capacity": 1,
        "place_text": enterprise.address[:PLACE_TEXT_MAX],
        "description": request.asks,
        "audience": AudienceKind.NAMED.value,
        "invited": f"{enterprise.credit_code}\t{enterprise.name}",
    }
