"""Forms of sign-in and of one's own account."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from eventsys.accounts.rules import EMAIL_MAX, NAME_MAX, PASSWORD_MAX, TOKEN_NAME_MAX
from eventsys.accounts.services import NewApiToken
from eventsys.core.permissions import TOKEN_SCOPES
from eventsys.web.forms import Form

CODE_INPUT_MAX = 40
SCOPE_NAMES = {
    "directory:read": _l("Read departments and enterprises"),
    "slots:read": _l("Read slots"),
    "slots:write": _l("Create and change slots"),
    "bookings:read": _l("Read bookings"),
    "bookings:write": _l("Book, change and cancel"),
    "checkin": _l("Check in"),
}
LIFETIMES = [
    SelectChoice("30", _l("30 days")),
    SelectChoice("90", _l("90 days")),
    SelectChoice("365", _l("One year")),
    SelectChoice("", _l("Until I revoke it")),
]
LANGUAGES = [SelectChoice("", _l("As this browser asks")), SelectChoice("zh_CN", "中文"), SelectChoice("en", "English")]


def _required(limit: int) -> list[object]:
    return [InputRequired(_l("Please fill this in.")), Length(max=limit, message=_l("This is too long."))]


class LoginForm(Form):
    """Mail address or mobile number."""

    login = StringField(_l("Mobile number or mail address"), _required(EMAIL_MAX))
    next = HiddenField()


class PasswordSignInForm(LoginForm):
    """The same with a password."""

    password = PasswordField(_l("Password"), _required(PASSWORD_MAX))


class CodeForm(Form):
    """A code from a mail, an app or the recovery list."""

    code = StringField(_l("Verification code"), _required(CODE_INPUT_MAX))


class NewPasswordForm(Form):
    """A new password, typed twice."""

    password = PasswordField(_l("New password"), _required(PASSWORD_MAX))
    again = PasswordField(_l("New password once more"), _required(PASSWORD_MAX))

    def validate_again(self, field: PasswordField) -> None:
        """Both must be the same."""
        if field.data != self.password.data:
            raise ValidationError(_l("The two passwords differ."))


class ChangePasswordForm(NewPasswordForm):
    """The present password and a new one; who has none yet leaves the first empty."""

    old = PasswordField(_l("Present password"), [Length(max=PASSWORD_MAX)])


class OwnPasswordForm(Form):
    """Confirms an act with one's password."""

    password = PasswordField(_l("Your password"), [Length(max=PASSWORD_MAX)])


class EnrolmentForm(OwnPasswordForm):
    """Proves the app and the person."""

    code = StringField(_l("Code shown by the app"), _required(CODE_INPUT_MAX))


class ProfileForm(Form):
    """Name and language."""

    name = StringField(_l("Full name"), _required(NAME_MAX))
    locale = SelectField(_l("Language"), choices=LANGUAGES)


class ApiTokenForm(Form):
    """A new API token."""

    name = StringField(_l("What it is for"), _required(TOKEN_NAME_MAX))
    scopes = SelectMultipleField(
        _l("What it may do"),
        [InputRequired(_l("Please tick at least one."))],
        choices=[SelectChoice(scope, SCOPE_NAMES[scope]) for scope in TOKEN_SCOPES],
    )
    days = SelectField(_l("How long it counts"), choices=LIFETIMES, default="90")

    def to_command(self, person: int) -> NewApiToken:
        """The command."""
        days = int(self.days.data) if self.days.data else None
        return NewApiToken(person=person, name=self.name.data, scopes=tuple(self.scopes.data or ()), days=days)
