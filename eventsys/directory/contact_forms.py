"""Forms of contacts: the enterprise's link, and the application without one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from eventsys.accounts.rules import NAME_MAX as PERSON_NAME_MAX
from eventsys.directory.contact_services import NewApplication, NewContact
from eventsys.directory.rules import NAME_MAX, NOTE_MAX
from eventsys.web.forms import Form

MOBILE_INPUT_MAX = 40
CODE_INPUT_MAX = 40


def _required(limit: int) -> list[object]:
    return [InputRequired(_l("Please fill this in.")), Length(max=limit, message=_l("This is too long."))]


class BindForm(Form):
    """Name, mobile number and consent."""

    name = StringField(_l("Your name"), _required(PERSON_NAME_MAX))
    mobile = StringField(_l("Mobile number"), _required(MOBILE_INPUT_MAX))
    consent = BooleanField(
        _l("I agree that my name and number are kept for bookings of my enterprise."),
        [InputRequired(_l("Without your consent we cannot bind this device."))],
    )

    def to_command(self) -> NewContact:
        """The command."""
        return NewContact(name=self.name.data, mobile=self.mobile.data)


class ApplicationForm(Form):
    """Credit code, enterprise, name, number."""

    credit_code = StringField(_l("Unified social credit code"), _required(CODE_INPUT_MAX))
    enterprise_name = StringField(_l("Name of the enterprise"), _required(NAME_MAX))
    name = StringField(_l("Your name"), _required(PERSON_NAME_MAX))
    mobile = StringField(_l("Mobile number"), _required(MOBILE_INPUT_MAX))
    note = TextAreaField(_l("Anything we should know"), [Length(max=NOTE_MAX, message=_l("This is too long."))])

    def to_command(self) -> NewApplication:
        """The command."""
        return NewApplication(
            credit_code=self.credit_code.data,
            enterprise_name=self.enterprise_name.data,
            name=self.name.data,
            mobile=self.mobile.data,
            note=self.note.data or "",
        )


class RefusalForm(Form):
    """Why an application is turned down."""

    note = StringField(_l("Reason"), [Length(max=NOTE_MAX, message=_l("This is too long."))])
