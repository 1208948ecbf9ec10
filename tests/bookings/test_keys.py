"""A fresh key signs new tickets; those of the older one stay good."""

from eventsys.bookings.keys import code_of, public_key, rotate_signing_key
from eventsys.bookings.tickets import TicketCode, verify
from eventsys.core.actor import system_actor
from eventsys.core.db import unit_of_work
from tests import cast
from tests.factories import make_booking, make_slot


def test_rotation_keeps_old_tickets_good(app):
    slot = make_slot()
    old = make_booking(slot).attendees[0]
    code = code_of(old, slot.public_id)
    with unit_of_work():
        assert rotate_signing_key(actor=system_actor("test")) == 2
    new = make_booking(slot, cast.STRANGER).attendees[0]
    assert (old.key_id, new.key_id) == (1, 2)
    assert verify(code, public_key) == TicketCode(old.public_id, slot.public_id, 1)
    assert verify(code_of(new, slot.public_id), public_key) == TicketCode(new.public_id, slot.public_id, 2)
