"""Forms of people and their roles."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from eventsys.accounts.models import Person
from eventsys.accounts.rules import EMAIL_MAX, NAME_MAX
from eventsys.directory.commands import PersonDetails
from eventsys.directory.forms.organisations import VersionedForm
from eventsys.directory.forms.words import FIELDS, ROLES, choices
from eventsys.directory.models import Department
from eventsys.web.forms import Form


class PersonForm(VersionedForm):
    """A person: mobile number or mail address, or both."""

    name = StringField(FIELDS["name"], [InputRequired(), Length(max=NAME_MAX)])
    mobile = StringField(FIELDS["mobile"], [Optional(), Length(max=40)], render_kw={"type": "tel"})
    email = StringField(
        FIELDS["email"],
        [Optional(), Length(max=EMAIL_MAX)],
        render_kw={"type": "email"},
        description=_l("A mobile number or a mail address is needed."),
    )

    def to_command(self) -> PersonDetails:
        """What was typed."""
        return PersonDetails(self.name.data or "", self.mobile.data or "", self.email.data or "")


class RoleForm(Form):
    """A role to grant; departments are given by the view, an enterprise is named by its credit code."""

    role = SelectField(FIELDS["role"], choices=choices(ROLES))
    department = SelectField(
        FIELDS["department"], [Optional()], description=_l("For clerks, and stewards of one department.")
    )
    enterprise = StringField(
        _l("Credit code of the enterprise"), [Optional(), Length(max=40)], description=_l("For contacts only.")
    )


def department_choices(departments: Iterable[Department]) -> list[tuple[str, str]]:
    """Departments to choose from."""
    return [("", "–"), *[(department.public_id, department.name) for department in departments]]


def person_values(row: Person) -> dict[str, object]:
    """What the form shows of a stored person."""
    return {"name": row.name, "mobile": row.mobile or "", "email": row.email or ""}
