"""Forms of booking, naming, cancelling and of the ticket's page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import Field, FieldList, FormField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms import Form as PlainForm
from wtforms.validators import ValidationError

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import PARTY_MAX, BookingChannel, NewAttendee, NewBooking, TicketState
from eventsys.core.errors import Invalid, Refusal
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.rules import QuestionKind
from eventsys.web.forms import Form
from eventsys.web.wording import sentence

ROWS_SHOWN = 2
EMPTY_ROWS = 5
ON_BEHALF_CHANNELS = (
    (BookingChannel.PHONE.value, _l("By telephone")),
    (BookingChannel.WECHAT.value, _l("WeChat")),
    (BookingChannel.ON_SITE.value, _l("On site")),
)
YES_NO = (("yes", _l("Yes")), ("no", _l("No")))
_INDEX = re.compile(r"-(\d{1,4})-", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class Filled:
    """The field may not be empty; says so with our sentence and marks it as required."""

    def __init__(self, code: str = "required") -> None:
        self.code = code
        self.field_flags = {"required": True}

    def __call__(self, _form: Any, field: Field) -> None:
        if not str(field.data or "").strip():
            raise ValidationError(sentence(self.code, {}))


class Needed:
    """Marks a field that must be given and leaves it to the page to say how."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, _form: Any, _field: Field) -> None:
        """Nothing to check."""


class NumberField(StringField):
    """A whole number typed as text; None when nothing was typed. What is none is refused with our sentence."""

    def number(self) -> int | None:
        """The number typed."""
        text = (self.data or "").strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise Invalid("bad_number", field=self.short_name)
        return int(text)


class Rows(FieldList):
    """Rows of fields in the order of their numbers, which are small: a request cannot make us build millions."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.type = "FieldList"  # by which the macros know it

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        for key in formdata:
            found = _INDEX.match(key, len(prefix)) if key.startswith(prefix) else None
            if found:
                yield int(found[1])


class PersonFields(PlainForm):
    """Who comes. A mobile number finds them at the door, a mail address brings the code."""

    name = StringField(_l("Full name"))
    phone = StringField(_l("Mobile number"))
    email = StringField(_l("Mail address"))

    @property
    def person(self) -> NewAttendee:
        """The person typed."""
        return NewAttendee(self.name.data or "", self.phone.data or "", self.email.data or "")

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed."""
        return not any((field.data or "").strip() for field in (self.name, self.phone, self.email))


class AttendeeFields(PersonFields):
    """A row of the attendees' form; `ticket` is the id of whom it stands for."""

    ticket = HiddenField()


class RowsForm(Form):
    """A form with rows of people; a service's refusal finds the row it speaks of."""

    def refuse(self, error: Refusal) -> None:
        """As the base form does, but `attendees.2.phone` lands on that field."""
        left = []
        for problem in error.problems if isinstance(error, Invalid) else (error,):
            field = self._row_field(getattr(problem, "field", ""))
            if field is None:
                left.append(problem)
            else:
                field.errors = [*field.errors, sentence(problem.code, problem.fields)]
        rows = self._rows
        if any(entry.errors for entry in rows.entries):
            rows.errors = [entry.errors for entry in rows.entries]
        for problem in left:
            self._refuse_one(problem)

    @property
    def _rows(self) -> Any:
        return self._fields["attendees"]

    def _refuse_one(self, problem: Refusal) -> None:
        path = getattr(problem, "field", "").split(".")
        field = self._fields.get(f"answer_{path[1]}") if path[0] == "answers" and len(path) > 1 else None
        if path[0] == "attendees":
            field = self._fields.get("party")
        field = field or self._fields.get(path[0])
        text = sentence(problem.code, problem.fields)
        if field is None or field is self._rows:
            self.form_errors = [*self.form_errors, text]
        else:
            field.errors = [*field.errors, text]

    def _row_field(self, path: str) -> Any:
        """The field of a path such as `attendees.0.name`; positions count the rows that hold something."""
        parts = path.split(".")
        rows = self.filled_rows()
        if parts[0] != "attendees" or len(parts) != 3 or not parts[1].isdigit() or int(parts[1]) >= len(rows):
            return None
        return rows[int(parts[1])].form._fields.get(parts[2], rows[int(parts[1])].form.name)

    def filled_rows(self) -> list[Any]:
        """The rows in which something was typed."""
        return [entry for entry in self._rows.entries if not entry.form.is_blank]

    def show_rows(self, count: int) -> None:
        """Have at least `count` rows, the new ones empty."""
        while len(self._rows.entries) < min(count, PARTY_MAX):
            self._rows.append_entry()

    def add_row(self) -> None:
        """One more empty row."""
        self.show_rows(len(self._rows.entries) + 1)


class BookingForm(RowsForm):
    """Book a slot: how many, who, what they want to ask. `booking_form` adds the department's questions."""

    party = NumberField(_l("Number of people"), [Filled("party_empty")], default="1")
    attendees = Rows(FormField(PersonFields), max_entries=PARTY_MAX)
    asks = TextAreaField(_l("What you want to ask"))

    def answer_fields(self) -> list[Field]:
        """The fields of the department's questions, in their order."""
        return [field for name, field in self._fields.items() if name.startswith("answer_")]

    def to_command(self, slot: str, enterprise: int) -> NewBooking:
        """The command; names beyond the number typed count as well."""
        people = tuple(entry.form.person for entry in self.filled_rows())
        party = self.party.number()
        answers = tuple((field.short_name.removeprefix("answer_"), field.data or "") for field in self.answer_fields())
        return NewBooking(
            slot=slot,
            enterprise=enterprise,
            party=None if party is None else max(party, len(people)),
            attendees=people,
            answers=answers,
            asks=self.asks.data or "",
        )


class OwnBookingForm(BookingForm):
    """A contact books; who is a contact of several enterprises says for which."""

    enterprise = SelectField(_l("Enterprise"), validate_choice=False)

    def offer(self, enterprises: Sequence[Enterprise]) -> None:
        """Let the contact choose among these."""
        self.enterprise.choices = [(one.public_id, one.name) for one in enterprises]


class OnBehalfForm(BookingForm):
    """A clerk books for an enterprise: found by search, with the channel and reason on record."""

    search = StringField(_l("Find the enterprise"), [Needed()])
    enterprise = RadioField(_l("Enterprise"), [Needed()], validate_choice=False)
    channel = RadioField(
        _l("How they asked"),
        [Needed()],
        choices=list(ON_BEHALF_CHANNELS),
        default=BookingChannel.PHONE.value,
        validate_choice=False,
    )
    reason = StringField(_l("Reason"), [Filled("behalf_reason")])

    def offer(self, enterprises: Sequence[Enterprise]) -> None:
        """Let the clerk choose among those found; a single one is chosen already."""
        self.enterprise.choices = [(one.public_id, f"{one.name} · {one.credit_code}") for one in enterprises]
        found = {one.public_id for one in enterprises}
        if self.enterprise.data not in found:
            self.enterprise.data = next(iter(found)) if len(found) == 1 else None

    def to_command(self, slot: str, enterprise: int) -> NewBooking:
        """The command with channel and reason."""
        if self.channel.data not in dict(ON_BEHALF_CHANNELS):
            raise Invalid("bad_choice", field="channel")
        plain = super().to_command(slot, enterprise)
        return replace(plain, channel=BookingChannel(self.channel.data), on_behalf_reason=self.reason.data or "")


def booking_form(slot: Slot, *, on_behalf: bool) -> type[OwnBookingForm] | type[OnBehalfForm]:
    """The form class of a slot, with a field for each question of the department."""
    base: type[Any] = OnBehalfForm if on_behalf else OwnBookingForm
    fields = {f"answer_{item['id']}": _question_field(item, on_behalf=on_behalf) for item in slot.questions}
    made: type[OwnBookingForm] | type[OnBehalfForm] = type(base.__name__, (base,), fields)
    return made


def _question_field(question: dict[str, Any], *, on_behalf: bool) -> Any:
    validators = [Filled()] if question["required"] and not on_behalf else []
    if question["kind"] == QuestionKind.YES_NO.value:
        return RadioField(question["label"], validators, choices=list(YES_NO), validate_choice=False)
    return TextAreaField(question["label"], validators)


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of the attendees' form begins with."""

    name: str = ""
    phone: str = ""
    email: str = ""
    ticket: str = ""


class AttendeesForm(RowsForm):
    """Who comes: rows for those named, and empty ones for the rest of the party."""

    version = HiddenField()
    attendees = Rows(FormField(AttendeeFields), max_entries=PARTY_MAX)

    @classmethod
    def of(cls, booking: Booking) -> AttendeesForm:
        """The form filled with the booking's attendees."""
        valid = [item for item in booking.attendees if item.state is TicketState.VALID]
        rows = [Row(item.name, item.phone, item.email, item.public_id) for item in valid]
        form = cls(formdata=None, version=str(booking.version), attendees=rows)
        form.show_rows(min(booking.party, len(valid) + EMPTY_ROWS))
        return form

    def people(self) -> tuple[tuple[str | None, NewAttendee], ...]:
        """(ticket id or None, who) of every row that is not blank; a blanked row takes its person off."""
        return tuple((entry.form.ticket.data or None, entry.form.person) for entry in self.filled_rows())

    def seen_version(self) -> int:
        """The version the page was made from; none at all counts as long outdated."""
        text = self.version.data or ""
        return int(text) if _NUMBER.fullmatch(text) else 0

    def catch_up(self, valid: Sequence[Attendee]) -> None:
        """Bring an outdated form up to date: who was named meanwhile gets a row, whose ticket ended is typed anew."""
        entries = self._rows.entries
        listed = {entry.form.ticket.data for entry in entries}
        known = {item.public_id for item in valid}
        for entry in entries:
            if entry.form.ticket.data not in known:
                entry.form.ticket.data = ""
        for item in valid:
            if item.public_id not in listed:
                self._rows.append_entry(Row(item.name, item.phone, item.email, item.public_id))


class CancelForm(Form):
    """Cancel a booking."""

    reason = StringField(_l("Reason"))


class PersonForm(Form):
    """One person: names themselves by the colleagues' link, or comes instead of another."""

    name = StringField(_l("Full name"), [Filled()])
    phone = StringField(_l("Mobile number"))
    email = StringField(_l("Mail address"))

    @property
    def person(self) -> NewAttendee:
        """The person typed."""
        return NewAttendee(self.name.data or "", self.phone.data or "", self.email.data or "")

    def refuse(self, error: Refusal) -> None:
        """The service speaks of `person.phone`; the form has `phone`."""
        if isinstance(error, Invalid):
            for problem in error.problems:
                problem.field = problem.field.removeprefix("person.")
        super().refuse(error)


class ConfirmForm(Form):
    """A page with one button."""
