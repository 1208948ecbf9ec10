"""Plan a visit: for which enterprise, when, and what for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from eventsys.bookings.rules import REASON_MAX, NewPlannedVisit
from eventsys.core.errors import Invalid
from eventsys.directory.models import Enterprise
from eventsys.directory.rules import Topic
from eventsys.directory.settings import MINUTES_MAX, MINUTES_MIN, Settings
from eventsys.pages.forms.words import topic_words
from eventsys.pages.queries import SlotChoices
from eventsys.slots.rules import DESCRIPTION_MAX, PLACE_TEXT_MAX, TITLE_MAX, NewSlot, SlotFormat
from eventsys.web.forms import Form, LocalDateTimeField, Within
from eventsys.web.locale import local_name


class PlanVisitForm(Form):
    """A visit reserved for one enterprise. An empty title or place is that of the enterprise."""

    search = StringField(_l("Find the enterprise"))
    enterprise = RadioField(_l("Enterprise"), validate_choice=False)
    department = SelectField(_l("Lead department"), [InputRequired()])
    starts_at = LocalDateTimeField(_l("Start"), [InputRequired()])
    minutes = IntegerField(_l("Length in minutes"), [Optional(), Within(MINUTES_MIN, MINUTES_MAX)])
    title = StringField(_l("Title"), [Length(max=TITLE_MAX)])
    topic = RadioField(_l("Topic"), [InputRequired()], default=Topic.SERVICE.value)
    place_text = StringField(_l("Place"), [Length(max=PLACE_TEXT_MAX)])
    description = TextAreaField(_l("What the visit is about"), [Length(max=DESCRIPTION_MAX)])
    beyond = StringField(_l("Why one more visit must be"), [Length(max=REASON_MAX)])

    def __init__(self, choices: SlotChoices, **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices
        self.search.flags.required = self.enterprise.flags.required = True
        self.department.choices = [(item.public_id, local_name(item)) for item in choices.own]
        self.topic.choices = list(topic_words().items())

    def offer(self, enterprises: Sequence[Enterprise]) -> None:
        """Let the clerk choose among those found; a single one is chosen already."""
        self.enterprise.choices = [(one.public_id, f"{one.name} · {one.credit_code}") for one in enterprises]
        found = {one.public_id for one in enterprises}
        if self.enterprise.data not in found:
            self.enterprise.data = next(iter(found)) if len(found) == 1 else None

    def lead(self) -> int:
        """The department that visits (primary key)."""
        return next(item.id for item in self._choices.own if item.public_id == self.department.data)

    def to_command(self, enterprise: Enterprise) -> NewPlannedVisit:
        """The command of a form that validated."""
        starts_at = self.starts_at.data
        if not isinstance(starts_at, datetime):
            raise Invalid("required", field="starts_at")
        usual = self._choices.settings.get(self.department.data, Settings()).of_format(SlotFormat.VISIT.value)
        title = gettext("Visit to %(enterprise)s", enterprise=enterprise.short_name or enterprise.name)
        slot = NewSlot(
            department=self.lead(),
            title=(self.title.data or "").strip() or title[:TITLE_MAX],
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=self.minutes.data or usual.minutes),
            format=SlotFormat.VISIT,
            topic=Topic(self.topic.data),
            party_max=usual.party_max or None,
            place_text=(self.place_text.data or "").strip() or enterprise.address[:PLACE_TEXT_MAX],
            description=self.description.data or "",
        )
        return NewPlannedVisit(enterprise.id, slot, beyond=self.beyond.data or "")
