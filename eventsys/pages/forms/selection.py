"""What is to be done with a selection of slots, and where a slot is dragged to."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from eventsys.bookings.rules.bulk import STEPS_MAX, BulkAction, BulkChange, Unit
from eventsys.bookings.services import Reschedule
from eventsys.directory.models import Place
from eventsys.directory.settings import CAPACITY_MAX
from eventsys.slots.models import Edition
from eventsys.slots.rules import REASON_MAX
from eventsys.web.forms import Form, LocalDateTimeField
from eventsys.web.locale import local_name

UNITS = {Unit.WORKDAYS.value: _l("working days"), Unit.WEEKS.value: _l("weeks")}


class SelectionForm(Form):
    """What becomes of the slots that were ticked; which they are is read by `ticked_slots`."""

    steps = IntegerField(
        _l("Move by"), [Optional(), NumberRange(-STEPS_MAX, STEPS_MAX)], description=_l("A minus moves them back.")
    )
    unit = RadioField(_l("Counted in"), choices=list(UNITS.items()), default=Unit.WORKDAYS.value)
    capacity = IntegerField(_l("Number of enterprises"), [Optional(), NumberRange(1, CAPACITY_MAX)])
    place = SelectField(_l("Place"), default="")
    edition = SelectField(_l("Edition"), default="")
    reason = StringField(_l("Reason"), [Length(max=REASON_MAX)])

    def __init__(self, places: Sequence[Place], editions: Sequence[Edition], typed: MultiDict[str, str]) -> None:
        super().__init__(typed)
        for field in (self.steps, self.unit):
            field.flags.empty_is_default = True
        as_it_is = ("", _l("As it is"))
        self._places = {place.public_id: place.id for place in places}
        self._editions = {edition.public_id: edition.id for edition in editions}
        self.place.choices = [as_it_is, *[(place.public_id, local_name(place)) for place in places]]
        self.edition.choices = [as_it_is, *[(item.public_id, _edition(item)) for item in editions]]

    def to_command(self, action: BulkAction, slots: tuple[tuple[str, int], ...]) -> BulkChange:
        """The command of a form that validated."""
        return BulkChange(
            action,
            slots,
            steps=self.steps.data or 0,
            unit=Unit(self.unit.data or Unit.WORKDAYS),
            capacity=self.capacity.data,
            place=self._places.get(self.place.data),
            edition=self._editions.get(self.edition.data),
            reason=self.reason.data or "",
        )

    def fingerprint(self) -> str:
        """What a preview depends on: when this differs from what was shown, it is shown again."""
        fields = (self.steps, self.unit, self.capacity, self.place, self.edition)
        return "|".join(str(field.data if field.data is not None else "") for field in fields)


def _edition(item: Edition) -> str:
    return str(gettext("%(series)s, edition %(number)s", series=item.series.name, number=item.number))


class RescheduleForm(Form):
    """A slot at another time, and what was agreed to for it."""

    starts_at = LocalDateTimeField(_l("Start"), [InputRequired()])
    ends_at = LocalDateTimeField(_l("End"), [InputRequired()])
    version = HiddenField(validators=[InputRequired()])
    reason = StringField(_l("Reason"), [Length(max=REASON_MAX)])

    def to_command(self, slot: str, agreed: Sequence[str]) -> Reschedule:
        """The command of a form that validated."""
        assert self.starts_at.data is not None
        assert self.ends_at.data is not None
        return Reschedule(
            slot,
            self.starts_at.data,
            self.ends_at.data,
            read_version(self.version.data or ""),
            frozenset(agreed),
            self.reason.data or "",
        )


def ticked_slots(values: Sequence[str], limit: int) -> tuple[tuple[str, int], ...]:
    """(public id, version seen) of each slot ticked, as `id.version`; one more than `limit` at most."""
    found: dict[str, int] = {}
    for value in values:
        public_id, _dot, version = value.partition(".")
        if public_id:
            found.setdefault(public_id, read_version(version))
    return tuple(found.items())[: limit + 1]


def read_version(text: str) -> int:
    """The version typed; 0, which no slot has, when it is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
