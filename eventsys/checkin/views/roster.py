"""Who is expected at a slot and who came, and what the gates contradict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import render_template

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import count_missed, list_slot_bookings
from eventsys.bookings.rules import months_before
from eventsys.checkin.queries import get_slot_at_door, list_conflicts, list_roster
from eventsys.checkin.rendering import REASONS
from eventsys.checkin.services import takes_walk_ins
from eventsys.checkin.views.blueprint import bp
from eventsys.core.clock import now
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.queries import district_settings
from eventsys.slots.rules import SlotFormat
from eventsys.web.guards import current_actor, requires


@bp.get("/slots/<public_id>/roster")
@requires(Permission.SEE_ROSTER)
def roster(public_id: str) -> str:
    """Who is expected and who came, by enterprise; made to be printed as well."""
    actor = current_actor()
    slot = get_slot_at_door(public_id, actor)
    bookings, months = list_slot_bookings(slot.id), district_settings().no_show_months
    missed = count_missed([booking.enterprise_id for booking in bookings], months_before(now(), months))
    groups = _groups(bookings, list_roster(slot.id), missed)
    return render_template(
        "checkin/roster.html",
        slot=slot,
        groups=groups,
        months=months,
        arrived=sum(group.arrived for group in groups),
        expected=sum(group.party for group in groups),
        may_release=slot.format is SlotFormat.SESSION and is_allowed(actor, Permission.RELEASE_PLACES, slot.scope),
        enterprises_arrived=sum(group.arrived > 0 for group in groups),
        conflicts=len(list_conflicts(slot)),
        is_over=now() >= slot.ends_at and slot.format is not SlotFormat.VISIT,
        takes_walk_ins=takes_walk_ins(slot),
        may_check_in=is_allowed(actor, Permission.CHECK_IN, slot.scope),
    )


@bp.get("/slots/<public_id>/conflicts")
@requires(Permission.SEE_ROSTER)
def conflicts(public_id: str) -> str:
    """What gates let through while they were offline, and should not have."""
    slot = get_slot_at_door(public_id, current_actor())
    return render_template("checkin/conflicts.html", slot=slot, conflicts=list_conflicts(slot), reasons=REASONS)


@dataclass(slots=True)
class Group:
    """An enterprise's booking at the door: those named with whether they came; `party` counts the unnamed too, `missed`
    says to how many slots nobody of the enterprise came lately."""

    booking: Booking
    party: int
    missed: int
    people: list[tuple[Attendee, bool]] = field(default_factory=list)

    @property
    def arrived(self) -> int:
        """How many of them came."""
        return sum(came for _, came in self.people)


def _groups(
    bookings: Sequence[Booking], people: Sequence[tuple[Attendee, bool]], missed: Mapping[int, int]
) -> list[Group]:
    groups = {item.id: Group(item, item.party, missed.get(item.enterprise_id, 0)) for item in bookings}
    for attendee, came in people:
        if attendee.booking_id in groups:
            groups[attendee.booking_id].people.append((attendee, came))
    return sorted(groups.values(), key=lambda group: (group.booking.enterprise.name, group.booking.id))
