"""What became of the demonstration's sessions that are over: attendance confirmed, and what some who came say."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from eventsys.bookings.models import Attendee
from eventsys.checkin.models import Attendance, Rating, Scan
from eventsys.checkin.rules import RATE_FOR, Answered
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.slots.models import Slot

CONFIRMED_AFTER = timedelta(days=1)  # the latest ones are left for the clerk to confirm
SAID = (
    "讲得很清楚，材料很实用。",
    "希望多讲一些案例。",
    "时间有点短，问题没问完。",
    "现场就把备案办好了，感谢。",
    "建议提前发课件。",
)
STARS = (5, 5, 5, 4, 4, 3, 2)


def write_afterwards(random: Random) -> None:
    """Confirm the attendance of sessions that ended some time ago, and let every third who came say something."""
    query = select(Scan).join(Slot, Slot.id == Scan.slot_id).where(Slot.ends_at < now() - CONFIRMED_AFTER)
    came: dict[int, list[Attendee]] = {}
    for scan in db.session.scalars(query.options(joinedload(Scan.attendee)).order_by(Scan.id)):
        if scan.slot_id is not None and scan.attendee is not None:
            came.setdefault(scan.slot_id, []).append(scan.attendee)
    for slot in db.session.scalars(select(Slot).where(Slot.id.in_(came)).order_by(Slot.id)):
        people = came[slot.id]
        at = slot.ends_at + timedelta(hours=2)
        db.session.add(
            Attendance(
                slot_id=slot.id,
                confirmed_at=at,
                confirmed_by="经办人",
                enterprises=len({person.booking_id for person in people}),
                people=len(people),
                thanked_at=at,
            )
        )
        if slot.ends_at > now() - RATE_FOR:
            _rate(slot, people, random)


def _rate(slot: Slot, people: list[Attendee], random: Random) -> None:
    for person in people:
        if random.random() < 1 / 3:
            at = slot.ends_at + timedelta(hours=random.randint(3, 20))
            db.session.add(
                Rating(
                    giver=person.public_id,
                    slot_id=slot.id,
                    booking_id=person.booking_id,
                    stars=random.choice(STARS),
                    answered=random.choice((Answered.YES, Answered.YES, Answered.PARTLY, None)),
                    comment=random.choice(SAID) if random.random() < 0.4 else "",
                    created_at=at,
                    changed_at=at,
                )
            )
