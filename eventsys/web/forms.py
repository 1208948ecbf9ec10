"""The base of every HTML form: errors of the services land on its fields, times are local and aware."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, DateTimeLocalField, TimeField
from wtforms.validators import ValidationError

from eventsys.core.errors import Invalid, Refusal
from eventsys.web.locale import zone
from eventsys.web.wording import sentence

YEARS = range(1900, 2200)  # beyond, arithmetic and time zones give out


class Form(FlaskForm):
    """A form with CSRF protection; `refuse(error)` shows a service's refusal where it belongs."""

    form_errors: list[str]

    def refuse(self, error: Refusal) -> None:
        """Put an Invalid's sentences on the fields it names (`person.phone` is the form's `phone`), and anything else
        (or unnamed) on top of the form."""
        problems = error.problems if isinstance(error, Invalid) else (error,)
        for problem in problems:
            text = sentence(problem.code, problem.fields)
            field = self._fields.get(getattr(problem, "field", "").removeprefix("person.").split(".")[0])
            if field is None:
                self.form_errors = [*self.form_errors, text]
            else:
                field.errors = [*field.errors, text]


class LocalDateTimeField(DateTimeLocalField):
    """A `datetime-local` input in the district's time zone; its value is aware."""

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        super().__init__(label, validators, format=formats, **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the typed text; an empty one is None."""
        if not valuelist or not str(valuelist[0]).strip():
            self.data = None
            return
        for pattern in self.strptime_format:
            try:
                typed = datetime.strptime(str(valuelist[0]).strip(), pattern).replace(tzinfo=zone())
            except ValueError:
                continue
            if typed.year in YEARS:
                self.data = typed
                return
        self.data = None
        raise ValueError(sentence("bad_time", {}))

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(str(item) for item in self.raw_data)
        return self.data.astimezone(zone()).strftime("%Y-%m-%dT%H:%M") if self.data else ""


class LocalDateField(DateField):
    """A `date` input that speaks our sentence."""

    data: date | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the typed text; an empty one is None."""
        self.data = read_date(str(valuelist[0])) if valuelist and str(valuelist[0]).strip() else None


class ClockField(TimeField):
    """A `time` input that speaks our sentence; 9:00 and 9：00 are fine."""

    data: time | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the typed text; an empty one is None."""
        self.data = read_clock(str(valuelist[0])) if valuelist and str(valuelist[0]).strip() else None


def read_date(typed: str) -> date:
    """The day of a text such as 2026-12-01; ValueError says how to write it."""
    for pattern in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"):
        try:
            found = datetime.strptime(typed.strip(), pattern).replace(tzinfo=zone()).date()
        except ValueError:
            continue
        if found.year in YEARS:
            return found
    raise ValueError(sentence("bad_date", {}))


def read_clock(typed: str) -> time:
    """The time of day of a text such as 14:30; ValueError says how to write it."""
    for pattern in ("%H:%M", "%H:%M:%S"):
        try:
            return datetime.strptime(typed.strip().replace("：", ":"), pattern).replace(tzinfo=zone()).time()
        except ValueError:
            continue
    raise ValueError(sentence("bad_clock", {}))


class Within:
    """A validator of whole numbers, however many digits were typed (WTForms' Within breaks on 400 of them)."""

    def __init__(self, minimum: int, maximum: int) -> None:
        self.minimum, self.maximum = minimum, maximum
        self.field_flags = {"min": minimum, "max": maximum}

    def __call__(self, _form: Any, field: Any) -> None:
        if field.data is None or not self.minimum <= field.data <= self.maximum:
            bounds = {"minimum": self.minimum, "maximum": self.maximum}
            raise ValidationError(sentence("out_of_range", bounds))


def one_of(choices: Any) -> Any:
    """A validator that speaks our sentence when the value is none of `choices`."""

    def check(_form: Any, field: Any) -> None:
        if field.data not in choices:
            raise ValidationError(sentence("bad_choice", {}))

    return check
