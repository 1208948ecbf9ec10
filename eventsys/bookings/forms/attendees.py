"""Who comes: all names of a booking, or one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from wtforms import FormField, HiddenField, StringField

from eventsys.bookings.forms.rows import WHOLE, AttendeeFields, Filled, NumberField, Rows, RowsForm
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import PARTY_MAX, NewAttendee, TicketState
from eventsys.web.forms import Form

EMPTY_ROWS = 5


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
    party = NumberField(_l("Number of people"))
    attendees = Rows(FormField(AttendeeFields), max_entries=PARTY_MAX)

    @classmethod
    def of(cls, booking: Booking) -> AttendeesForm:
        """The form filled with the booking's attendees."""
        valid = [item for item in booking.attendees if item.state is TicketState.VALID]
        rows = [Row(item.name, item.phone, item.email, item.public_id) for item in valid]
        form = cls(formdata=None, version=str(booking.version), party=str(booking.party), attendees=rows)
        form.show_rows(min(booking.party, len(valid) + EMPTY_ROWS))
        return form

    def people(self) -> tuple[tuple[str | None, NewAttendee], ...]:
        """(ticket id or None, who) of every row that is not blank; a blanked row takes its person off."""
        return tuple((entry.form.ticket.data or None, entry.form.person) for entry in self.filled_rows())

    def seen_version(self) -> int:
        """The version the page was made from; none at all counts as long outdated."""
        text = self.version.data or ""
        return int(text) if WHOLE.fullmatch(text) else 0

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


class PersonForm(Form):
    """One person: names themselves by the colleagues' link, or comes instead of another."""

    name = StringField(_l("Full name"), [Filled()])
    phone = StringField(_l("Mobile number"))
    email = StringField(_l("Mail address"))

    @property
    def person(self) -> NewAttendee:
        """The person typed."""
        return NewAttendee(self.name.data or "", self.phone.data or "", self.email.data or "")
