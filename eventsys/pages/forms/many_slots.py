"""Many slots at once: the form of a slot with a rule instead of a time, and the choice of a month to copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from eventsys.core.clock import now
from eventsys.core.errors import Invalid
from eventsys.pages.forms.slot import SlotForm
from eventsys.pages.forms.words import holiday_words, month_words, nth_words, repeat_words, weekday_words
from eventsys.pages.queries import SlotChoices
from eventsys.slots.recurrence import INTERVAL_MAX, OCCURRENCES_MAX, Every, MonthBy, OnHoliday, Recurrence
from eventsys.slots.runs import MonthCopy, NewRun
from eventsys.slots.sittings import DAY_MINUTES, SITTINGS_MAX, TimesOfDay
from eventsys.web.forms import ClockField, Form, LocalDateField, Within, read_clock, read_date
from eventsys.web.locale import format_month, local_name, zone
from eventsys.web.months import read_month

LEFT_OUT_TEXT_MAX = 4_000
STARTS_TEXT_MAX = 200
LAST_DAY = "last_day"  # of the month, which is no count the rules know by this name
_BETWEEN = re.compile(r"[\s,，、;；]+")


class ManySlotsForm(SlotForm):
    """A slot that is held again and again: its days by a rule, its times by the sittings of a day."""

    # WTForms drops a field that a subclass sets to None; these are of one slot only.
    starts_at = ends_at = closes_at = cancel_until = names_until = invited_until = None  # type: ignore[assignment]
    draw_at = is_draw_weighted = None  # type: ignore[assignment]
    token = HiddenField()
    starts_on = LocalDateField(_l("First day"), [InputRequired()])
    every = RadioField(_l("Repeated"), [InputRequired()], default=Every.WEEK.value)
    interval = IntegerField(
        _l("Every how many days, weeks or months"), [Optional(), Within(1, INTERVAL_MAX)], default=1
    )
    weekdays = SelectMultipleField(_l("On these weekdays"))
    by = RadioField(_l("Within the month"), [Optional()], default=MonthBy.WEEKDAY.value)
    nth = SelectMultipleField(_l("Which of the month"))
    until = LocalDateField(_l("Until"), [Optional()])
    count = IntegerField(_l("Or so many times"), [Optional(), Within(1, OCCURRENCES_MAX)])
    left_out = TextAreaField(_l("Days left out"), [Length(max=LEFT_OUT_TEXT_MAX)])
    on_holiday = RadioField(_l("On a holiday or weekend"), [InputRequired()], default=OnHoliday.SKIP.value)
    first = ClockField(_l("Start"), [Optional()])
    sittings = IntegerField(_l("Slots a day"), [Optional(), Within(1, SITTINGS_MAX)], default=1)
    buffer_minutes = IntegerField(_l("Minutes between them"), [Optional(), Within(0, DAY_MINUTES)], default=0)
    break_from = ClockField(_l("Break from"), [Optional()])
    break_until = ClockField(_l("Break until"), [Optional()])
    starts = StringField(_l("Or these starts"), [Length(max=STARTS_TEXT_MAX)])
    places = SelectMultipleField(_l("Places that take turns with it"))

    def __init__(self, choices: SlotChoices, **options: Any) -> None:
        super().__init__(choices, **options)
        for name in ("interval", "first", "minutes", "sittings", "buffer_minutes", "until", "count"):
            self[name].flags.empty_is_default = True
        self.every.choices = list(repeat_words().items())
        self.weekdays.choices = [(str(number), word) for number, word in enumerate(weekday_words())]
        self.by.choices = [*month_words().items(), (LAST_DAY, gettext("The last day of the month"))]
        self.nth.choices = [(str(number), word) for number, word in nth_words().items()]
        self.on_holiday.choices = list(holiday_words().items())
        self.places.choices = [(item.public_id, local_name(item)) for item in choices.places]

    def to_run(self) -> NewRun:
        """The command of a form that validated; Invalid when a text cannot be read."""
        assert self.starts_on.data is not None  # the form was validated
        start = datetime.combine(self.starts_on.data, self.first.data or datetime.min.time(), zone())
        times, rule = self._times(), self._rule(self.starts_on.data)
        slot = self.command_at(start, start + timedelta(minutes=times.minutes))
        wanted = {self.place.data, *(self.places.data or ())} if self.places.data else set()
        rest = tuple(item.id for item in self._choices.places if item.public_id in wanted and item.id != slot.place)
        first = (slot.place,) if slot.place is not None else ()
        return NewRun(slot, rule, times, first + rest if rest else (), self.token.data or "")

    def _rule(self, starts_on: date) -> Recurrence:
        by, is_last = self.by.data, self.by.data == LAST_DAY
        nth = frozenset(map(int, self.nth.data or ()))
        if by in {MonthBy.DATE.value, LAST_DAY}:
            nth = frozenset({-1}) if is_last else frozenset()
        return Recurrence(
            starts_on,
            Every(self.every.data),
            self.interval.data or 1,
            frozenset(map(int, self.weekdays.data or ())),
            MonthBy.DATE if is_last else MonthBy(by or MonthBy.WEEKDAY),
            nth,
            until=self.until.data,
            count=self.count.data,
            left_out=frozenset(self._days_left_out()),
            on_holiday=OnHoliday(self.on_holiday.data),
        )

    def _times(self) -> TimesOfDay:
        typed = [part for part in _BETWEEN.split(self.starts.data or "") if part]
        try:
            starts = tuple(map(read_clock, typed))
        except ValueError:
            raise Invalid("bad_clock", field="starts") from None
        if not starts and self.first.data is None:
            raise Invalid("required", field="first")
        return TimesOfDay(
            self.length(),
            self.first.data or starts[0],
            self.sittings.data or 1,
            self.buffer_minutes.data or 0,
            self.break_from.data,
            self.break_until.data,
            starts,
        )

    def _days_left_out(self) -> Iterator[date]:
        for number, line in enumerate((self.left_out.data or "").splitlines(), start=1):
            for part in filter(None, _BETWEEN.split(line)):
                try:
                    yield read_date(part)
                except ValueError:
                    raise Invalid("bad_line", field="left_out", line=number, text=part[:40]) from None


class CopyMonthForm(Form):
    """Which month of which department is to be made again in the next."""

    token = HiddenField()
    month = SelectField(_l("Month"), [InputRequired()])
    department = SelectField(_l("Lead department"), [InputRequired()])
    on_holiday = SelectField(_l("On a holiday or weekend"), default=OnHoliday.NEXT.value)

    def __init__(self, choices: SlotChoices, **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices
        self.department.choices = [(item.public_id, local_name(item)) for item in choices.own]
        self.on_holiday.choices = list(holiday_words().items())
        self.month.choices = [(f"{first:%Y-%m}", format_month(first)) for first in _months()]

    def is_chosen(self) -> bool:
        """Whether each value is one of those offered, so that `to_copy` can be called."""
        return all(field.data in dict(field.choices) for field in (self.month, self.department, self.on_holiday))

    def to_copy(self) -> MonthCopy:
        """The command of a form that validated."""
        month = read_month(self.month.data)
        department = next(item for item in self._choices.own if item.public_id == self.department.data)
        assert month is not None  # one of the choices
        return MonthCopy(department.id, month.first, OnHoliday(self.on_holiday.data), self.token.data or "")


def _months() -> Iterator[date]:
    """The months that can be copied: the last three, this one and a year to come."""
    first = now().astimezone(zone()).date().replace(day=1)
    for _step in range(3):
        first = (first - timedelta(days=1)).replace(day=1)
    for _step in range(16):
        yield first
        first = (first + timedelta(days=31)).replace(day=1)
