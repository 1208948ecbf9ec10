"""Rows of people in a form: who comes, each with an own number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import Field, FieldList, HiddenField, StringField
from wtforms import Form as PlainForm
from wtforms.validators import ValidationError

from eventsys.bookings.rules import PARTY_MAX, NewAttendee
from eventsys.core.errors import Invalid, Refusal
from eventsys.web.forms import Form
from eventsys.web.wording import sentence

_INDEX = re.compile(r"-(\d{1,4})-", re.ASCII)
WHOLE = re.compile(r"\d{1,9}", re.ASCII)


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
        if not WHOLE.fullmatch(text):
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
