"""Forms of the gates' page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    Field,
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms import Form as PlainForm
from wtforms.validators import Optional, ValidationError

from eventsys.bookings.rules import NewAttendee
from eventsys.checkin.badges import Layout
from eventsys.checkin.rules import (
    COMMENT_MAX,
    PROMISES_MAX,
    Answered,
    NewRating,
    Promise,
    VenueKind,
    VisitNotes,
)
from eventsys.slots.models import Slot
from eventsys.web.forms import Form, LocalDateTimeField
from eventsys.web.locale import format_span, local_name
from eventsys.web.wording import sentence


class _Filled:
    """Something must be typed or chosen."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, _form: Any, field: Field) -> None:
        given = field.data or ""
        if not (given.strip() if isinstance(given, str) else given):
            raise ValidationError(sentence("required", {}))


class GateForm(Form):
    """A new gate: its name and the slots it serves."""

    name = StringField(_l("Name of the check-in point"), [_Filled()])
    slots = SelectMultipleField(_l("Slots"), [_Filled()], validate_choice=False)

    def offer(self, slots: Sequence[Slot]) -> None:
        """Let the steward choose among these."""
        self.slots.choices = [
            (slot.public_id, f"{format_span(slot.starts_at, slot.ends_at)} · {local_name(slot)}") for slot in slots
        ]


class PairingForm(Form):
    """A link for phones at a gate, and what they may do."""

    may_search = BooleanField(_l("They may find people by name"))
    may_override = BooleanField(_l("They may let people in with a reason"))
    here = BooleanField()


class DeviceForm(Form):
    """How a phone is called at its gate."""

    name = StringField(_l("Name of this phone"), [_Filled()])


class VenueForm(Form):
    """How attendees check in themselves at a gate."""

    kind = RadioField(
        _l("Venue code"),
        [_Filled()],
        choices=[
            (VenueKind.PRINTED.value, _l("Printed: on the wall, good while check-in is open")),
            (VenueKind.ROTATING.value, _l("On a screen: a new code every minute")),
            (VenueKind.OFF.value, _l("None: only stewards check in")),
        ],
    )
    renew = BooleanField(_l("Make the code anew; the old one stops working"))


class YourselfForm(Form):
    """Who the attendee is."""

    code = StringField(_l("Personal code, or the last 4 digits of your mobile number"), [_Filled()])
    name = StringField(_l("Full name"))


class WalkInForm(Form):
    """Who came without a booking, and for which enterprise."""

    slot = RadioField(_l("What you came for"), validate_choice=False)
    name = StringField(_l("Full name"), [_Filled()])
    phone = TelField(_l("Mobile number"))
    enterprise = StringField(_l("Enterprise"), [_Filled()])

    def offer(self, slots: Sequence[Slot]) -> None:
        """Let choose among these; one alone is chosen."""
        self.slot.choices = [
            (slot.public_id, f"{local_name(slot)} · {format_span(slot.starts_at, slot.ends_at)}") for slot in slots
        ]
        if len(slots) == 1:
            self.slot.data = slots[0].public_id

    def validate_slot(self, field: Field) -> None:
        """It must be one of those offered."""
        if field.data not in dict(self.slot.choices or []):
            raise ValidationError(sentence("required", {}))

    @property
    def person(self) -> NewAttendee:
        """Who it is."""
        return NewAttendee(self.name.data or "", self.phone.data or "")


class BadgesForm(PlainForm):
    """What to print of whom; the answers travel in the address."""

    layout = RadioField(
        _l("What to print"),
        [_Filled()],
        choices=[
            (Layout.SHEET.value, _l("Badges, eight on an A4 sheet (90 × 60 mm)")),
            (Layout.LABEL.value, _l("Badges, one a label (90 × 60 mm)")),
            (Layout.CARD.value, _l("Name cards for the table, A4 to fold")),
        ],
        default=Layout.SHEET.value,
    )
    enterprise = SelectField(_l("Whose"), validate_choice=False)
    staff = BooleanField(_l("The department's staff too"))


class RatingForm(Form):
    """What somebody who came thinks."""

    stars = RadioField(
        _l("How was it?"),
        [_Filled()],
        choices=[
            ("5", _l("★★★★★ very good")),
            ("4", _l("★★★★ good")),
            ("3", _l("★★★ fair")),
            ("2", _l("★★ poor")),
            ("1", _l("★ very poor")),
        ],
    )
    answered = RadioField(
        _l("Was your question answered?"),
        choices=[
            (Answered.YES.value, _l("Yes")),
            (Answered.PARTLY.value, _l("Partly")),
            (Answered.NO.value, _l("No")),
            ("", _l("I had none")),
        ],
        default="",
    )
    comment = TextAreaField(_l("What should be better?"), render_kw={"rows": 3, "maxlength": COMMENT_MAX})

    @property
    def rating(self) -> NewRating:
        """The command."""
        answered = Answered(self.answered.data) if self.answered.data else None
        return NewRating(int(self.stars.data), answered, self.comment.data or "")


class PromiseFields(PlainForm):
    """What was promised."""

    what = StringField(_l("What was promised"))
    who = StringField(_l("By whom"))
    due = DateField(_l("Until"), [Optional()])


class RecordForm(Form):
    """What a visit was about."""

    version = HiddenField()
    arrived_at = LocalDateTimeField(_l("Arrival"), [_Filled()])
    departed_at = LocalDateTimeField(_l("Departure"))
    team = TextAreaField(_l("Who came"), render_kw={"rows": 3})
    hosts = TextAreaField(_l("Who received them"), render_kw={"rows": 3})
    topics = TextAreaField(_l("What it was about"), render_kw={"rows": 3})
    asked = TextAreaField(_l("What the enterprise asked"), render_kw={"rows": 4})
    promises = FieldList(FormField(PromiseFields), min_entries=3, max_entries=PROMISES_MAX)

    @property
    def notes(self) -> VisitNotes:
        """The command; lines without a promise are left out."""
        assert self.arrived_at.data is not None  # it is required
        made = [row.form for row in self.promises if (row.form.what.data or "").strip()]
        return VisitNotes(
            arrived_at=self.arrived_at.data,
            departed_at=self.departed_at.data,
            team=_lines(self.team.data),
            hosts=_lines(self.hosts.data),
            topics=self.topics.data or "",
            asked=self.asked.data or "",
            promises=tuple(Promise(row.what.data, row.who.data or "", row.due.data) for row in made),
        )


def _lines(text: str | None) -> tuple[str, ...]:
    """One name a line, or several with commas between."""
    return tuple(name.strip() for name in re.split(r"[\n,，、;；]", text or "") if name.strip())
