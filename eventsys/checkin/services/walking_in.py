"""Walk-ins (现场登记): who has not booked registers at the venue's code or with the steward, and is in by it."""

from __future__ import annotations

from eventsys.bookings.keys import code_of
from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import walk_in
from eventsys.checkin.models import Gate
from eventsys.checkin.queries import get_slot_at_door
from eventsys.checkin.queries.venue import find_venue
from eventsys.checkin.rules import CheckIn, self_opens_at
from eventsys.checkin.services.answers import Answer
from eventsys.checkin.services.scanning import check_in
from eventsys.checkin.services.venue import BY_THEMSELVES, door_of
from eventsys.core.actor import Actor
from eventsys.core.errors import Invalid, NotFound
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_line
from eventsys.directory.queries.naming import enterprises_by_name
from eventsys.directory.rules import NAME_MAX
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat, SlotState, WalkIns

AT_THE_DESK = "walk-in"


def walk_in_with_steward(slot: str, enterprise: str, person: NewAttendee, *, actor: Actor) -> Answer:
    """Register a person at the slot (public id) for the enterprise that a name or credit code says, and check them in.

    NotFound for who may not check in at the slot; else as `walk_in_yourself`.
    """
    return _enter(slot, enterprise, person, AT_THE_DESK, actor)


def walk_in_yourself(token: str, slot: str, enterprise: str, person: NewAttendee, *, actor: Actor) -> Answer:
    """Register oneself at a slot of the gate whose code is `token`, and check in.

    Raises NotFound when the venue's code is dead or the slot is not the gate's; Invalid names the field, also for an
    enterprise that the name does not tell (`unknown_enterprise_name`, `ambiguous_enterprise`) or a missing mobile
    number; Conflict what `walk_in` raises.
    """
    gate = find_venue(token)
    if gate is None or slot not in {item.public_id for item in walk_in_slots(gate)}:
        raise NotFound()
    if not person.phone.strip():
        raise Invalid("required", field="person.phone")
    return _enter(slot, enterprise, person, BY_THEMSELVES, door_of(gate, actor))


def walk_in_slots(gate: Gate) -> list[Slot]:
    """The sessions of a gate that know walk-ins, whether there is room or not."""
    return [slot for slot in gate.slots if takes_walk_ins(slot)]


def takes_walk_ins(slot: Slot) -> bool:
    """Whether the slot knows walk-ins at all."""
    return slot.walk_ins is not WalkIns.NONE and slot.format is SlotFormat.SESSION and slot.state is SlotState.PUBLISHED


def _enter(slot: str, enterprise: str, person: NewAttendee, device: str, actor: Actor) -> Answer:
    """Register and check in, in the caller's unit of work: nobody is left registered who is not in."""
    found = get_slot_at_door(slot, actor, Permission.CHECK_IN)
    by_themselves = device == BY_THEMSELVES
    opens_at = self_opens_at(found.starts_at, found.door_opens_at) if by_themselves else found.door_opens_at
    attendee = walk_in(slot, _named(enterprise), person, opens_at=opens_at, actor=actor)
    return check_in(CheckIn(code_of(attendee, slot), new_public_id(), device=device), actor=actor)


def _named(enterprise: str) -> int:
    """The primary key of the enterprise of this exact name, short name or credit code."""
    name = clean_line(enterprise, "enterprise", NAME_MAX, required=True)
    found = enterprises_by_name({name}).get(name, set())
    if not found:
        raise Invalid("unknown_enterprise_name", field="enterprise")
    if len(found) > 1:
        raise Invalid("ambiguous_enterprise", field="enterprise")
    return next(iter(found))
