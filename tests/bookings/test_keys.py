"""A fresh key signs new tickets; those of the older one stay good."""

from eventsys.bookings import keys
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


def test_a_key_that_another_process_made_is_found(app, monkeypatch):
    slot = make_slot()
    make_booking(slot)
    known = dict(keys._kept)
    with unit_of_work():
        rotate_signing_key(actor=system_actor("test"))
    booking = make_booking(slot, cast.STRANGER)
    code = code_of(booking.attendees[0], slot.public_id)
    keys._kept.update(known)  # as a process has it that knew nothing of this
    monkeypatch.setattr(keys, "LOOKED_FOR_SECONDS", 60)
    assert public_key(2) is None  # it has just looked
    monkeypatch.setattr(keys, "LOOKED_FOR_SECONDS", 0)
    assert code_of(booking.attendees[0], slot.public_id) == code
    assert public_key(2) is not None
    assert public_key(99) is None
