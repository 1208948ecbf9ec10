"""What happened to a booking, in words: its entries of the audit trail, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.core.audit import AuditEntry
from eventsys.directory.queries import TrailFilter, list_audit

ENTRIES_MAX = 100
_WORDS = {
    "booking.cancelled": _l("Booking cancelled"),
    "booking.doubled": _l("Cancelled: two merged enterprises had both booked"),
    "booking.moved": _l("Rebooked to another slot"),
    "booking.held": _l("Place held"),
    "booking.hold_given_up": _l("Held place given back"),
    "booking.expired": _l("Not confirmed in time"),
    "booking.approved": _l("Confirmed by the department"),
    "booking.displaced": _l("The slot became smaller: waits again, first in the queue"),
    "booking.reconfirmed": _l("Agreed to the new time"),
    "booking.declined": _l("Declined by the department"),
    "booking.offer_passed": _l("Let the offered place go and waits on"),
    "booking.resized": _l("Now a party of %(party)s"),
    "booking.handed_over": _l("Handed over to a colleague"),
    "booking.share_link_renewed": _l("Colleagues' link made anew"),
    "booking.released": _l("Nobody was checked in by then: the place was given up at the door"),
    "booking.taken_back": _l("The place was given back at the door"),
    "booking.let_in": _l("Let in at the door from the waiting list"),
    "visit.planned": _l("Visit planned; the enterprise is asked"),
    "visit.agreed": _l("The enterprise agreed to the visit"),
    "visit.another_time": _l("The enterprise asks for another time"),
    "visit.not_needed": _l("The enterprise does not need the visit now"),
    "booking.no_show_recorded": _l("Nobody was checked in"),
    "booking.no_show_taken_back": _l("Somebody came after all"),
    "booking.no_show_explained": _l("Explained why nobody was checked in"),
    "booking.no_show_decided": _l("The department answered the explanation"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: when, who did it (empty for somebody with a link or code), what, and why."""

    at: datetime
    who: str
    what: str
    reason: str


def history_of(booking: Booking) -> list[Happening]:
    """Everything that happened to the booking, oldest first, in the reader's language."""
    trail = list_audit(TrailFilter(object_type="booking", object_id=booking.public_id), size=ENTRIES_MAX)
    names = {attendee.public_id: attendee.name for attendee in booking.attendees}
    return [Happening(e.at, e.actor_name, _what(e, names), e.reason) for e in reversed(trail.items)]


def _what(entry: AuditEntry, names: dict[str, str]) -> str:
    if entry.action == "booking.attendees_changed":
        return _changed_names(entry, names)
    if entry.action in {"booking.cancelled", "booking.moved"} and entry.after.get("is_late"):
        return str(gettext("Late cancellation"))
    if entry.action in {"booking.created", "booking.continued", "booking.promoted", "booking.offer_taken"}:
        return _entered(entry)
    if entry.action == "booking.drawn":
        number, registered = (entry.after.get(name, "") for name in ("queue_number", "registered"))
        return str(gettext("Drew number %(number)s of %(registered)s", number=number, registered=registered))
    words = _WORDS.get(entry.action)
    return str(words) % {"party": entry.after.get("party", "")} if words else entry.action


def _entered(entry: AuditEntry) -> str:
    """How the booking came into its state."""
    party, state = entry.after.get("party", ""), entry.after.get("state")
    if state == BookingState.PENDING:
        return str(gettext("Asked for a place, party of %(party)s", party=party))
    if state == BookingState.WAITLISTED:
        return str(gettext("Began to wait, party of %(party)s", party=party))
    if state == BookingState.OFFERED:
        return str(gettext("A place became free and was offered"))
    if entry.action == "booking.promoted":
        return str(gettext("A place became free: booked for a party of %(party)s", party=party))
    return str(gettext("Booked for a party of %(party)s", party=party))


def _changed_names(entry: AuditEntry, names: dict[str, str]) -> str:
    """Who came onto the list and who left it; the trail keeps tickets, the booking knows their names."""
    added = "、".join(names[key] for key in entry.after.get("added", []) if key in names)
    ended = "、".join(names[key] for key in entry.before.get("ended", []) if key in names)
    if added and ended:
        return str(gettext("%(added)s instead of %(ended)s", added=added, ended=ended))
    if added:
        return str(gettext("Named: %(added)s", added=added))
    if ended:
        return str(gettext("Taken off the list: %(ended)s", ended=ended))
    return str(gettext("Details of attendees changed"))
