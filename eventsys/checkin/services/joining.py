"""Join an online slot: who goes through the ticket's link was there."""

from __future__ import annotations

from eventsys.bookings.keys import public_key
from eventsys.bookings.queries import find_ticket
from eventsys.bookings.rules import BookingState, TicketState
from eventsys.bookings.tickets import TicketCode, verify
from eventsys.checkin.queries import list_roster
from eventsys.checkin.rules import CheckIn
from eventsys.checkin.services.scanning import check_in
from eventsys.core.actor import Actor, Channel, Grant, Role
from eventsys.core.clock import now
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.ids import new_public_id
from eventsys.slots.rules import SlotState

ONLINE = "online"


def join_online(code: str) -> str:
    """Where the holder of a ticket joins. While the slot admits, that is on record as attendance, once; earlier and
    later it is only the way there.

    Raises NotFound for a code that names no ticket of an online slot, Conflict for a ticket that is not good.
    """
    genuine = verify(code, public_key)
    attendee = find_ticket(genuine.ticket) if isinstance(genuine, TicketCode) else None
    if attendee is None or not attendee.booking.slot.online_url:
        raise NotFound()
    booking, slot = attendee.booking, attendee.booking.slot
    if attendee.state is not TicketState.VALID:
        raise Conflict("ticket_not_valid")
    if slot.state is not SlotState.PUBLISHED or booking.state is not BookingState.CONFIRMED:
        raise Conflict("booking_not_active", state=booking.state.value)
    is_open = slot.door_opens_at <= now() <= slot.ends_at
    if is_open and attendee.public_id not in {person.public_id for person, is_here in list_roster(slot.id) if is_here}:
        door = Actor(
            name=attendee.name, channel=Channel.WEB, grants=frozenset({Grant(Role.STEWARD, slot.department_id)})
        )
        check_in(CheckIn(code, new_public_id(), device=ONLINE), actor=door)
    return slot.online_url
