"""The verbs that change bookings, by what they do."""

from eventsys.bookings.services.approving import chase_approvals, confirm_booking, decline_booking
from eventsys.bookings.services.attendees import (
    decline_ticket,
    hand_over,
    name_attendees,
    name_yourself,
    replace_attendee,
    revoke_share_link,
    share_token,
)
from eventsys.bookings.services.ballot import hold_draw, tell_drawn
from eventsys.bookings.services.booking import Idempotency, book_slot
from eventsys.bookings.services.cancelling import cancel_booking
from eventsys.bookings.services.exceptions import grant_exception
from eventsys.bookings.services.holds import give_up_hold, hold_slot, save_draft
from eventsys.bookings.services.moving import move_booking
from eventsys.bookings.services.slots import call_off_slot, change_slot
from eventsys.bookings.services.waiting import end_queue, rejoin, serve_queue, tell_reopened

__all__ = [
    "Idempotency",
    "book_slot",
    "call_off_slot",
    "cancel_booking",
    "change_slot",
    "chase_approvals",
    "confirm_booking",
    "decline_booking",
    "decline_ticket",
    "end_queue",
    "give_up_hold",
    "grant_exception",
    "hand_over",
    "hold_draw",
    "hold_slot",
    "move_booking",
    "name_attendees",
    "name_yourself",
    "rejoin",
    "replace_attendee",
    "revoke_share_link",
    "save_draft",
    "serve_queue",
    "share_token",
    "tell_drawn",
    "tell_reopened",
]
