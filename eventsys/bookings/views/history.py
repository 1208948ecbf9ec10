"""What happened to a booking, in words: its entries of the audit trail, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from eventsys.bookings.models import Booking
from eventsys.core.audit import AuditEntry
from eventsys.directory.queries import TrailFilter, list_audit

ENTRIES_MAX = 100


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
    if entry.action == "booking.created":
        return str(gettext("Booked for a party of %(party)s", party=entry.after.get("party", "")))
    if entry.action == "booking.attendees_changed":
        return _changed_names(entry, names)
    if entry.action == "booking.cancelled":
        return str(gettext("Late cancellation") if entry.after.get("is_late") else gettext("Booking cancelled"))
    if entry.action == "booking.drawn":
        number, registered = (entry.after.get(name, "") for name in ("queue_number", "registered"))
        return str(gettext("Drew number %(number)s of %(registered)s", number=number, registered=registered))
    if entry.action == "booking.share_link_renewed":
        return str(gettext("Colleagues' link made anew"))
    return entry.action


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
