"""Book a slot: for the own enterprise or on behalf of another, at once or by waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, FormField, RadioField, SelectField, StringField, TextAreaField

from eventsys.bookings.forms.rows import Filled, Needed, NumberField, PersonFields, Rows, RowsForm
from eventsys.bookings.rules import PARTY_MAX, BookingChannel, NewBooking
from eventsys.core.errors import Invalid
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Slot
from eventsys.slots.rules import QuestionKind

ROWS_SHOWN = 2
ON_BEHALF_CHANNELS = (
    (BookingChannel.PHONE.value, _l("By telephone")),
    (BookingChannel.WECHAT.value, _l("WeChat")),
    (BookingChannel.ON_SITE.value, _l("On site")),
)
YES_NO = (("yes", _l("Yes")), ("no", _l("No")))


class BookingForm(RowsForm):
    """Book a slot: how many, who, what they want to ask, and how to wait. `booking_form` adds the department's
    questions."""

    party = NumberField(_l("Number of people"), [Filled("party_empty")], default="1")
    attendees = Rows(FormField(PersonFields), max_entries=PARTY_MAX)
    asks = TextAreaField(_l("What you want to ask"))
    party_min = NumberField(_l("We also come with fewer, at least"))
    asks_first = BooleanField(_l("Ask me before a place that becomes free is booked"))

    @classmethod
    def of_draft(cls, draft: dict[str, Any]) -> BookingForm:
        """The form as it was left, see `draft`."""
        return cls(formdata=None, data=draft)

    def draft(self) -> dict[str, Any]:
        """What was typed, as plain values to be kept with a hold."""
        people = [{name: getattr(entry.form, name).data or "" for name in ("name", "phone", "email")}
                  for entry in self.filled_rows()]  # fmt: skip
        answers = {field.short_name: field.data or "" for field in self.answer_fields()}
        return {"party": self.party.data, "asks": self.asks.data or "", "attendees": people, **answers}

    def answer_fields(self) -> list[Field]:
        """The fields of the department's questions, in their order."""
        return [field for name, field in self._fields.items() if name.startswith("answer_")]

    def to_command(self, slot: str, enterprise: int, *, waits: bool = False) -> NewBooking:
        """The command, to wait when there is no place; names beyond the number typed count as well."""
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
            waits=waits,
            party_min=self.party_min.number() if waits else None,
            asks_first=waits and bool(self.asks_first.data),
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

    def to_command(self, slot: str, enterprise: int, *, waits: bool = False) -> NewBooking:
        """The command with channel and reason."""
        if self.channel.data not in dict(ON_BEHALF_CHANNELS):
            raise Invalid("bad_choice", field="channel")
        plain = super().to_command(slot, enterprise, waits=waits)
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
