"""Hold a draw: it gives the registrations their places in the queue, and the queue gives the places of the slot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select

from eventsys.bookings import messages
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import lock_slot, places_in_queue
from eventsys.bookings.queries.ballot import last_served, list_registered, list_untold
from eventsys.bookings.rules.ballot import Entrant, digest_of, draw, weight_of
from eventsys.bookings.services.admission import CLOCKWORK
from eventsys.core import audit
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.installation import absolute_url, installation
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.recipients import contacts_of
from eventsys.slots.models import Ballot, Slot
from eventsys.slots.rules import SlotState


def hold_draw(slot: str) -> None:
    """Draw a slot (public id) whose draw is due; twice is once. The places are given by `serve_queue` afterwards.

    Nobody registers meanwhile: registering needs the slot's lock, and is refused from `draw_at` on.
    """
    row = _lock(slot)
    if row.draw_at is None or row.draw_at > now() or row.drawn_at is not None or row.state is not SlotState.PUBLISHED:
        return
    ballot = db.session.get_one(Ballot, row.id)
    bookings = {booking.enterprise.credit_code: booking for booking in list_registered(row.id)}
    entries = draw(ballot.seed, slot, _entrants(row, row.draw_at, bookings.values()))
    for entry in entries:
        booking = bookings[entry.credit_code]
        booking.queue_number = entry.place
        number = {"queue_number": entry.place, "registered": len(entries)}
        audit.record(CLOCKWORK, "booking.drawn", "booking", booking.public_id, after=number)
    ballot.entries = [asdict(entry) for entry in entries]
    row.queue_last, row.drawn_at = len(entries), now()
    told = {"registered": len(entries), "seed": ballot.seed, "result": digest_of(entries)}
    audit.record(CLOCKWORK, "slot.drawn", "slot", slot, after=told)


def tell_drawn(slot: str) -> bool:
    """Tell some of those who wait after the draw (slot: public id) which number they drew, each once; whether it is
    worth asking again."""
    owners = {booking.enterprise_id for booking in list_untold(slot)}
    bump_feed_sets(enterprises=owners)
    row = _lock(slot)
    bookings = [booking for booking in list_untold(slot) if booking.enterprise_id in owners]
    registered, places = len(row.ballot.entries) if row.ballot else 0, places_in_queue(bookings)
    for booking in bookings:
        booking.changed_at = now()
        messages.tell_contact(
            "ballot_drawn",
            booking,
            row,
            contacts_of(booking.enterprise_id),
            drawn=booking.queue_number,
            registered=registered,
            place=places[booking.id],
            ballot_url=absolute_url(f"/slots/{slot}/ballot"),
        )
    return bool(owners)


def _lock(slot: str) -> Slot:
    return lock_slot(db.session.scalars(select(Slot.id).where(Slot.public_id == slot)).one())


def _entrants(slot: Slot, draw_at: datetime, bookings: Iterable[Booking]) -> Iterator[Entrant]:
    """Who registered, each with one chance, or with more for who was not served for long."""
    zone = installation().zone
    served = last_served(slot.id, draw_at) if slot.is_draw_weighted else {}
    for booking in bookings:
        at = served.get(booking.enterprise_id)
        weight = weight_of(at and at.astimezone(zone).date(), draw_at.astimezone(zone).date())
        enterprise = booking.enterprise
        yield Entrant(enterprise.credit_code, enterprise.name, weight if slot.is_draw_weighted else 1)
