"""Who did not come, as the door knows it.

Noted from the slot's end on, of group sessions at whose door somebody was admitted. A door nobody checked in at proves
nothing, so nobody is marked there; a visit has no door, and who takes part online passes none. An admission that
arrives later, of a gate that was offline or signed in afterwards, takes the note back (see `scanning`).
"""

from __future__ import annotations

from eventsys.bookings.queries import lock_slot
from eventsys.bookings.services import record_no_show
from eventsys.bookings.services.admission import CLOCKWORK
from eventsys.checkin.queries import list_missing, lock_attendees
from eventsys.core.clock import now


def record_missing(slot_id: int) -> int:
    """Note each confirmed booking of a slot that is over (primary key) of which nobody came, once; how many.

    The slot is locked against another worker, its attendees against gates: what is read then holds at the commit.
    """
    slot = lock_slot(slot_id)
    if slot.ends_at > now():
        return 0
    lock_attendees(slot_id)
    missing = list_missing(slot_id)
    for booking in missing:
        record_no_show(booking, slot, actor=CLOCKWORK)
    return len(missing)
