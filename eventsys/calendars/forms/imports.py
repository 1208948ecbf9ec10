"""The form of a calendar taken in: a file or an address, and what its appointments become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from eventsys.core.errors import Invalid
from eventsys.core.fetch import URL_MAX
from eventsys.directory.models import Department, Staff
from eventsys.slots.rules import SlotFormat
from eventsys.web.forms import Form
from eventsys.web.locale import local_name

FORMATS = {
    SlotFormat.SESSION: _l("Group session"),
    SlotFormat.VISIT: _l("On-site visit"),
    SlotFormat.ONLINE: _l("Online"),
}


class BusyCalendarForm(Form):
    """A calendar of somebody of the staff, to be read for when they have no time."""

    staff = SelectField(_l("Member of staff"), [InputRequired()])
    url = StringField(
        _l("Address of the calendar"),
        [InputRequired(), Length(max=URL_MAX)],
        description=_l("The link that shares it (https:// or webcal://); one that shows only busy times will do."),
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )

    def offer(self, staff: Sequence[Staff]) -> None:
        """Let these people be chosen."""
        self.staff.choices = [(item.public_id, f"{item.department.short_name}：{item.name}") for item in staff]


class CalendarImportForm(Form):
    """A department's calendar, of which the appointments to come become drafts."""

    file = FileField(
        _l("Calendar file"),
        description=_l("An .ics file, as every calendar programme exports it; at most 5 MB."),
        render_kw={"accept": ".ics,text/calendar"},
    )
    url = StringField(
        _l("Or the address of the calendar"),
        [Length(max=URL_MAX)],
        description=_l("The link that shares the calendar (https:// or webcal://). It is read once and not kept."),
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    department = SelectField(_l("Department"), [InputRequired()])
    format = SelectField(_l("They become"), choices=list(FORMATS.items()), default=SlotFormat.SESSION.value)

    def __init__(self, departments: Sequence[Department], **options: Any) -> None:
        super().__init__(**options)
        self.department.choices = [(item.code, local_name(item)) for item in departments]
        for field in (self.file, self.url):  # one of the two, so neither is called optional
            field.flags.empty_is_default = True

    def check_source(self) -> None:
        """Invalid when neither or both are given."""
        if bool(self.file.data) is bool((self.url.data or "").strip()):
            raise Invalid("file_or_url", field="file")
