"""What the tables hold of some slots, and whether the audit trail tells the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import ACTIVE, TAKES_PLACES
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db
from eventsys.slots.models import Slot


class Ledger:
    """Reads slots and bookings as they are committed; replays the trail entry by entry as it grows."""

    def __init__(self, slots: Collection[str]) -> None:
        self.ids = slots
        self.slots: dict[str, Slot] = {}
        self.bookings: dict[str, Booking] = {}
        self.tickets: dict[str, list[Attendee]] = {}
        self.replayed: dict[str, dict[str, Any]] = {}
        self.seen = db.session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)) or 0

    def read(self) -> None:
        db.session.rollback()
        db.session.expunge_all()
        slots = db.session.scalars(select(Slot).where(Slot.public_id.in_(self.ids)))
        self.slots = {slot.public_id: slot for slot in slots}
        keys = {slot.id: slot.public_id for slot in self.slots.values()}
        bookings = db.session.scalars(select(Booking).where(Booking.slot_id.in_(keys))).all()
        self.bookings = {booking.public_id: booking for booking in bookings}
        self.tickets = {booking.public_id: [] for booking in bookings}
        owners = {booking.id: booking.public_id for booking in bookings}
        for attendee in db.session.scalars(select(Attendee).where(Attendee.slot_id.in_(keys)).order_by(Attendee.id)):
            self.tickets[owners[attendee.booking_id]].append(attendee)
        entries = select(AuditEntry).where(AuditEntry.id > self.seen).order_by(AuditEntry.id)
        for entry in db.session.scalars(entries):
            self.seen = entry.id
            if entry.object_type == "booking" and "state" in entry.after:
                self.replay(entry)

    def replay(self, entry: AuditEntry) -> None:
        known = self.replayed.get(entry.object_id, {})
        before = {"state": known["state"], "party": known["party"]} if known else {}
        assert entry.before == before, f"{entry.action} follows on {before}, not on {entry.before}"
        self.replayed[entry.object_id] = known | entry.after

    def check(self) -> None:
        """What holds at every moment, whatever people do."""
        told = {key: (after["state"], after["party"]) for key, after in self.replayed.items()}
        assert told == {key: (item.state, item.party) for key, item in self.bookings.items()}
        for slot in self.slots.values():
            bookings = [item for item in self.bookings.values() if item.slot_id == slot.id]
            taking = [item for item in bookings if item.state in TAKES_PLACES]
            waiting = [item for item in bookings if item.state == "waitlisted"]
            people = sum(item.party for item in taking)
            assert (slot.places_taken, slot.people_taken, slot.waiting) == (len(taking), people, len(waiting))
            assert len(taking) <= slot.capacity
            assert slot.attendee_capacity is None or people <= slot.attendee_capacity
            assert self.most(item.enterprise_id for item in bookings if item.state in ACTIVE) <= 1
            assert self.most(item.queue_number for item in waiting) <= 1
            numbers = [item.queue_number for item in waiting]
            assert all(number is not None and number <= slot.queue_last for number in numbers)
            lapses = [item.lapses_at for item in bookings if item.lapses_at is not None]
            assert not lapses or (slot.lapses_at is not None and slot.lapses_at <= min(lapses))
        for key, item in self.bookings.items():
            valid = [attendee for attendee in self.tickets[key] if attendee.state == "valid"]
            assert item.state not in ACTIVE or len(valid) <= item.party
            if item.state == "waitlisted":
                told = self.replayed[key]
                assert (told["queue_number"], told["party_min"]) == (item.queue_number, item.party_min)
            assert item.is_late_cancellation <= self.replayed[key].get("is_late", False)

    @staticmethod
    def most(values: Any) -> int:
        return max(Counter(values).values(), default=0)
