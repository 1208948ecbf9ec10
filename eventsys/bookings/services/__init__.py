"""The verbs that change bookings, by what they do."""

from eventsys.bookings.services.admission import what_keeps_out
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
from eventsys.bookings.services.cancelling import cancel_booking, end_doubled
from eventsys.bookings.services.editions import publish_edition
from eventsys.bookings.services.exceptions import grant_exception
from eventsys.bookings.services.holds import give_up_hold, hold_slot, save_draft
from eventsys.bookings.services.making import create_run, create_slot, create_slots
from eventsys.bookings.services.moving import MOVABLE, move_booking
from eventsys.bookings.services.no_shows import (
    decide_no_show,
    explain_no_show,
    record_no_show,
    take_back_no_show,
)
from eventsys.bookings.services.releasing import let_in, release_booking, take_back, undo_release
from eventsys.bookings.services.requests import (
    arrange_visit,
    ask_for_visit,
    chase_requests,
    decline_request,
    delete_draft,
    publish_slot,
    withdraw_request,
)
from eventsys.bookings.services.runs import RunChange, RunChanged, change_run
from eventsys.bookings.services.slots import call_off_slot, change_slot
from eventsys.bookings.services.waiting import end_queue, rejoin, serve_queue, tell_reopened

__all__ = [
    "MOVABLE",
    "Idempotency",
    "RunChange",
    "RunChanged",
    "arrange_visit",
    "ask_for_visit",
    "book_slot",
    "call_off_slot",
    "cancel_booking",
    "change_run",
    "change_slot",
    "chase_approvals",
    "chase_requests",
    "confirm_booking",
    "create_run",
    "create_slot",
    "create_slots",
    "decide_no_show",
    "decline_booking",
    "decline_request",
    "decline_ticket",
    "delete_draft",
    "end_doubled",
    "end_queue",
    "explain_no_show",
    "give_up_hold",
    "grant_exception",
    "hand_over",
    "hold_draw",
    "hold_slot",
    "let_in",
    "move_booking",
    "name_attendees",
    "name_yourself",
    "publish_edition",
    "publish_slot",
    "record_no_show",
    "rejoin",
    "release_booking",
    "replace_attendee",
    "revoke_share_link",
    "save_draft",
    "serve_queue",
    "share_token",
    "take_back",
    "take_back_no_show",
    "tell_drawn",
    "tell_reopened",
    "undo_release",
    "what_keeps_out",
    "withdraw_request",
]
