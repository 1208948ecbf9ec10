"""The enterprise's answer to a planned visit, and the clerk's record of one that was given elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField, TextAreaField

from eventsys.bookings.forms.booking import ON_BEHALF_CHANNELS
from eventsys.bookings.forms.rows import Filled, Needed
from eventsys.bookings.rules import AnswerVisit, BookingChannel, NewAttendee, VisitAnswer
from eventsys.core.errors import Invalid, Refusal
from eventsys.web.forms import Form, LocalDateTimeField

LONG_GONE = datetime(1970, 1, 1, tzinfo=UTC)
PROPOSALS = ("first", "second", "third")
ANSWER_WORDS = {
    VisitAnswer.AGREED.value: _l("The time suits"),
    VisitAnswer.ANOTHER_TIME.value: _l("Another time, please"),
    VisitAnswer.NOT_NOW.value: _l("Not needed now"),
}


class VisitForm(Form):
    """One of three answers, each with its own few fields."""

    answer = RadioField(_l("The answer"), [Needed()], choices=list(ANSWER_WORDS.items()), validate_choice=False)
    seen = HiddenField()
    name = StringField(_l("Who receives the visitors"))
    phone = StringField(_l("Mobile number"))
    first = LocalDateTimeField(_l("Proposed time 1"))
    second = LocalDateTimeField(_l("Proposed time 2"))
    third = LocalDateTimeField(_l("Proposed time 3"))
    wishes = TextAreaField(_l("Or in your own words"))
    why = StringField(_l("Reason"))

    def to_command(self) -> AnswerVisit:
        """The command of a form that validated."""
        if self.answer.data not in ANSWER_WORDS:
            raise Invalid("bad_choice", field="answer")
        answer = VisitAnswer(self.answer.data)
        receives = NewAttendee(self.name.data or "", self.phone.data or "")
        proposals = [self[name].data for name in PROPOSALS]
        return AnswerVisit(
            answer=answer,
            seen_at=_instant(self.seen.data),
            receives=receives if receives != NewAttendee("") else None,
            proposals=tuple(at for at in proposals if at is not None),
            wishes=(self.why.data if answer is VisitAnswer.NOT_NOW else self.wishes.data) or "",
        )

    def refuse(self, error: Refusal) -> None:
        """The service speaks of `receives.name` and `proposals`; the form has `name` and `first`."""
        if isinstance(error, Invalid):
            for problem in error.problems:
                field = problem.field.removeprefix("receives.")
                problem.field = {"proposals": "first"}.get(field, field)
                if self.answer.data == VisitAnswer.NOT_NOW.value and field == "wishes":
                    problem.field = "why"
        super().refuse(error)


class OnBehalfVisitForm(VisitForm):
    """The same with how and why a clerk answers for the enterprise."""

    channel = RadioField(
        _l("How they answered"),
        [Needed()],
        choices=list(ON_BEHALF_CHANNELS),
        default=BookingChannel.PHONE.value,
        validate_choice=False,
    )
    reason = StringField(_l("Who said it, and when"), [Filled("visit_on_behalf")])

    def to_command(self) -> AnswerVisit:
        """The command with channel and reason."""
        if self.channel.data not in dict(ON_BEHALF_CHANNELS):
            raise Invalid("bad_choice", field="channel")
        plain = super().to_command()
        channel = BookingChannel(self.channel.data)
        return AnswerVisit(
            plain.answer,
            plain.seen_at,
            plain.receives,
            plain.proposals,
            plain.wishes,
            channel=channel,
            on_behalf_reason=self.reason.data or "",
        )


def _instant(text: str | None) -> datetime | None:
    """The start that the page showed; what is none counts as one long gone, so that the page is shown again."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return LONG_GONE
    return at if at.tzinfo is not None else LONG_GONE
