"""The form of a new calendar link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from eventsys.calendars.rules import PURPOSE_MAX, NewFeedLink
from eventsys.directory.models import Department, Enterprise, Staff
from eventsys.web.forms import Form
from eventsys.web.locale import local_name


class FeedLinkForm(Form):
    """Whose calendar, what for, and what becomes of cancelled events."""

    owner = SelectField(_l("Whose calendar"), [InputRequired()])
    purpose = StringField(
        _l("What for"),
        [Length(max=PURPOSE_MAX)],
        description=_l("For example “my phone”. It helps you to tell your links apart."),
    )
    drops_cancelled = BooleanField(
        _l("Remove cancelled events at once"),
        description=_l("Otherwise they stay for 30 days, marked as cancelled."),
    )

    def offer(
        self, enterprises: Sequence[Enterprise], departments: Sequence[Department], staff: Sequence[Staff] = ()
    ) -> None:
        """Let these organisations and people be chosen."""
        self.owners = {
            **{enterprise.public_id: NewFeedLink(enterprise=enterprise.id) for enterprise in enterprises},
            **{department.public_id: NewFeedLink(department=department.id) for department in departments},
            **{member.public_id: NewFeedLink(staff=member.id) for member in staff},
        }
        people = [(item.public_id, f"{item.department.short_name}：{item.name}") for item in staff]
        self.owner.choices = [*_named(enterprises), *_named(departments), *people]

    def to_command(self) -> NewFeedLink:
        """What was asked for; the form is valid."""
        chosen = self.owners[self.owner.data]
        return replace(chosen, purpose=self.purpose.data or "", drops_cancelled=self.drops_cancelled.data)


def _named(owners: Sequence[Enterprise] | Sequence[Department]) -> list[tuple[str, str]]:
    return [(owner.public_id, local_name(owner)) for owner in owners]
