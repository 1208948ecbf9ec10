"""Check in by a list: who of a party is here, who came instead, and, for some days, who was forgotten (补签)."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings.keys import code_of
from eventsys.bookings.models import Attendee
from eventsys.bookings.queries import get_booking
from eventsys.bookings.services import name_at_door
from eventsys.checkin.rules import PASSES, REASON_MAX, Arrivals, CheckIn, ScanResult, sign_in_until
from eventsys.checkin.services.scanning import check_in
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, authorize
from eventsys.core.text import clean_line
from eventsys.directory.queries import district_settings
from eventsys.slots.models import Slot
from eventsys.workdays.queries import working_calendar

BY_LIST = "list"


def last_sign_in(slot: Slot) -> datetime:
    """Until when people can be signed in at the slot."""
    days = district_settings().sign_in_days
    return sign_in_until(slot.ends_at, days, working_calendar().is_workday, installation().zone)


def sign_in(booking: str, arrivals: Arrivals, *, actor: Actor) -> int:
    """Check in whom the list ticks, whoever came instead of somebody or in addition, and answer how many are in by it.

    From when the door opens until the end by whoever checks in at the slot; afterwards with a reason, by who may
    override, until some working days later (a setting), listed in the audit log. Twice is once.
    Raises NotFound, Conflict (`door_not_yet`, `sign_in_over`, `ticket_not_valid`, `more_names_than_party`, a clash),
    Invalid `required` for a missing reason.
    """
    found = get_booking(booking, visible_to=actor)
    slot = found.slot
    authorize(actor, Permission.CHECK_IN, slot.scope)
    reason = _reason(slot, arrivals, actor)
    until = max(slot.ends_at, last_sign_in(slot))
    people = {item.public_id: item for item in found.valid_attendees}
    fresh: list[Attendee] = []
    if arrivals.instead or arrivals.more:
        fresh = name_at_door(booking, arrivals.instead, arrivals.more, until=until, actor=actor)
    here = [ticket for ticket in arrivals.here if ticket not in arrivals.instead]
    if not set(here) <= people.keys():
        raise Conflict("ticket_not_valid")
    admitted = 0
    for attendee in sorted([*(people[ticket] for ticket in set(here)), *fresh], key=lambda item: item.id):
        code = code_of(attendee, slot.public_id)
        command = CheckIn(code, new_public_id(), override_reason=reason, device=BY_LIST)
        result = check_in(command, actor=actor).result
        if result not in PASSES:
            raise Conflict("ticket_not_valid")
        admitted += result is ScanResult.ADMITTED
    if reason and admitted:
        after = {"people": admitted}
        audit.record(actor, "booking.signed_in_later", "booking", booking, after=after, reason=reason)
    return admitted


def _reason(slot: Slot, arrivals: Arrivals, actor: Actor) -> str:
    """The reason of a later sign-in, empty while the door is open."""
    opens_at = slot.door_opens_at
    if now() < opens_at:
        raise Conflict("door_not_yet", opens_at=opens_at)
    if now() <= slot.ends_at:
        return ""
    until = last_sign_in(slot)
    if now() >= until:
        raise Conflict("sign_in_over", until=until)
    authorize(actor, Permission.OVERRIDE_CHECK_IN, slot.scope)
    if not arrivals.reason.strip():
        raise Invalid("required", field="reason")
    return clean_line(arrivals.reason, "reason", REASON_MAX)
