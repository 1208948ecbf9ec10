"""What those who came are told: thanks, and the link to say what they think."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries.rating_links import rating_token
from eventsys.core.installation import absolute_url
from eventsys.directory.recipients import contacts_of
from eventsys.notifications.services import Recipient, enqueue
from eventsys.slots.messages import slot_context
from eventsys.slots.models import Slot


def thank_attendees(booking: Booking, slot: Slot, attendees: Iterable[Attendee]) -> None:
    """A mail to each of the attendees, who gave an address."""
    for attendee in attendees:
        recipient = Recipient(address=attendee.email)
        enqueue("thanks", [recipient], _context(booking, slot, attendee.public_id, name=attendee.name))


def thank_contacts(booking: Booking, slot: Slot, but: Collection[str]) -> None:
    """A message to the contacts of the enterprise, `but` those with an address that was written to."""
    contacts = [contact for contact in contacts_of(booking.enterprise_id) if contact.address not in but]
    enqueue("thanks", contacts, _context(booking, slot, booking.public_id, name=""))


def _context(booking: Booking, slot: Slot, giver: str, **more: Any) -> dict[str, Any]:
    url = absolute_url(f"/r/{rating_token(giver)}")
    return {**slot_context(slot), "enterprise": booking.enterprise.name, "rating_url": url, **more}
