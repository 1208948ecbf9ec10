"""What a desk should look at after its slots: contradicting check-ins, visits and attendance nobody confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, or_, select, true
from sqlalchemy.orm import joinedload

from eventsys.bookings.models import Booking
from eventsys.checkin.queries.after import is_unconfirmed
from eventsys.checkin.queries.conflicts import may_have_conflicts
from eventsys.checkin.queries.visits import is_unrecorded
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING

CONFLICTS_FOR = timedelta(days=14)  # after the start: who has not looked by then will not
UNRECORDED_FOR = timedelta(days=4)  # about as long as a visit can be confirmed afterwards
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Slots that may have conflicts at check-in, bookings of visits that nobody has confirmed, and sessions whose
    attendance nobody has; newest first."""

    in_conflict: Sequence[Slot]
    unrecorded: Sequence[Booking]
    unconfirmed: Sequence[Slot]


def aftermath(actor: Actor) -> Aftermath:
    """What the actor's departments (the coordinator's and auditor's: all) should look at; one statement."""
    mine = true() if actor.has(*EVERYTHING) else Slot.department_id.in_(actor.departments(Role.CLERK))
    query = (
        select(Slot, Booking, may_have_conflicts(), is_unconfirmed(now() - UNRECORDED_FOR))
        .outerjoin(Booking, and_(Booking.slot_id == Slot.id, is_unrecorded(now() - UNRECORDED_FOR)))
        .where(
            mine,
            Slot.starts_at > now() - CONFLICTS_FOR,
            or_(Booking.id.is_not(None), may_have_conflicts(), is_unconfirmed(now() - UNRECORDED_FOR)),
        )
        .options(joinedload(Booking.enterprise))
        .order_by(Slot.starts_at.desc(), Slot.id)
        .limit(3 * SHOWN)
    )
    rows = db.session.execute(query).all()
    return Aftermath(
        [slot for slot, _, in_conflict, _ in rows if in_conflict][:SHOWN],
        [booking for _, booking, _, _ in rows if booking is not None][:SHOWN],
        [slot for slot, _, _, is_open in rows if is_open][:SHOWN],
    )
