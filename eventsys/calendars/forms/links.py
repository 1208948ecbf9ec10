"""The forms of a calendar link: a new one, and what one says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from eventsys.calendars.rules import FILTER_MAX, PURPOSE_MAX, Detail, NewFeedLink, Options
from eventsys.directory.models import Department, Enterprise, Staff
from eventsys.web.forms import Form
from eventsys.web.locale import LOCALES, local_name

DETAILS = {
    Detail.FULL: _l("Everything"),
    Detail.BRIEF: _l("Title, time and place"),
    Detail.BUSY: _l("Only when (shown as “Busy”)"),
}
STEWARDS = "/door"


class LinkForm(Form):
    """What a link is for, and what its calendar says."""

    purpose = StringField(
        _l("What for"),
        [Length(max=PURPOSE_MAX)],
        description=_l("For example “my phone”. It helps you to tell your links apart."),
    )
    detail = SelectField(_l("What it says"), choices=list(DETAILS.items()), default=Detail.FULL.value)
    locale = SelectField(_l("Language"), choices=[("", _l("As on this site")), *LOCALES.items()], default="")
    drops_cancelled = BooleanField(
        _l("Remove cancelled events at once"),
        description=_l("Otherwise they stay for 30 days, marked as cancelled."),
    )

    def options(self) -> Options:
        """What was chosen; the form is valid."""
        return Options(Detail(self.detail.data), self.locale.data or "", self.drops_cancelled.data)


class FeedLinkForm(LinkForm):
    """A new link: whose calendar, or which public slots."""

    owner = SelectField(_l("Whose calendar"), [InputRequired()])

    def offer(
        self, enterprises: Sequence[Enterprise], departments: Sequence[Department], staff: Sequence[Staff] = ()
    ) -> None:
        """Let these organisations and people be chosen."""
        doors = {f"{item.public_id}{STEWARDS}": item for item in departments}
        self.owners = {
            **{enterprise.public_id: NewFeedLink(enterprise=enterprise.id) for enterprise in enterprises},
            **{item.public_id: NewFeedLink(department=item.id) for item in departments},
            **{key: NewFeedLink(department=item.id, for_stewards=True) for key, item in doors.items()},
            **{member.public_id: NewFeedLink(staff=member.id) for member in staff},
        }
        people = [(item.public_id, f"{item.department.short_name}：{item.name}") for item in staff]
        at_doors = [(key, gettext("%(name)s: check-in", name=local_name(item))) for key, item in doors.items()]
        self.owner.choices = [*_named(enterprises), *_named(departments), *at_doors, *people]

    def to_command(self) -> NewFeedLink:
        """What was asked for; the form is valid."""
        return replace(self.owners[self.owner.data], purpose=self.purpose.data or "", options=self.options())


class SavedFilterForm(LinkForm):
    """A new link to public slots; `filter` is the query of their address."""

    detail = SelectField(
        _l("What it says"),
        choices=[(item, DETAILS[item]) for item in (Detail.FULL, Detail.BRIEF)],
        default=Detail.FULL.value,
    )
    filter = HiddenField(validators=[InputRequired(), Length(max=FILTER_MAX)])

    def to_command(self) -> NewFeedLink:
        """What was asked for; the form is valid."""
        return NewFeedLink(filter=self.filter.data or "", purpose=self.purpose.data or "", options=self.options())


def _named(owners: Sequence[Enterprise] | Sequence[Department]) -> list[tuple[str, str]]:
    return [(owner.public_id, local_name(owner)) for owner in owners]
