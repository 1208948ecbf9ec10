"""The verbs that change bookings, by what they do."""

from eventsys.bookings.services.attendees import (
    decline_ticket,
    name_attendees,
    name_yourself,
    replace_attendee,
    revoke_share_link,
    share_token,
)
from eventsys.bookings.services.booking import Idempotency, book_slot
from eventsys.bookings.services.cancelling import cancel_booking
from eventsys.bookings.services.slots import call_off_slot, change_slot

__all__ = [
    "Idempotency",
    "book_slot",
    "call_off_slot",
    "cancel_booking",
    "change_slot",
    "decline_ticket",
    "name_attendees",
    "name_yourself",
    "replace_attendee",
    "revoke_share_link",
    "share_token",
]
