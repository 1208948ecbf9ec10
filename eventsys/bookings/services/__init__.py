"""The verbs that change bookings, by what they do."""

from eventsys.bookings.services.admission import what_keeps_out
from eventsys.bookings.services.approving import chase_approvals, confirm_booking, decline_booking
from eventsys.bookings.services.attendees import (
    decline_ticket,
    hand_over,
    name_at_door,
    name_attendees,
    name_yourself,
    replace_attendee,
    revoke_share_link,
    share_token,
)
from eventsys.bookings.services.ballot import hold_draw, tell_drawn
from eventsys.bookings.services.booking import Idempotency, book_slot
from eventsys.bookings.services.bulk import BulkDone, Effect, apply_bulk, preview_bulk
from eventsys.bookings.services.cancelling import cancel_booking, end_doubled
from eventsys.bookings.services.displacing import DISPLACEABLE
from eventsys.bookings.services.editions import publish_edition
from eventsys.bookings.services.exceptions import grant_exception
from eventsys.bookings.services.forgetting import forget_contact_details
from eventsys.bookings.services.handing import take_slot_over
from eventsys.bookings.services.holds import give_up_hold, hold_slot, save_draft
from eventsys.bookings.services.imports import SlotReport, import_slots
from eventsys.bookings.services.joint import decline_support
from eventsys.bookings.services.joint_visits import propose_joint_visit
from eventsys.bookings.services.making import create_run, create_slot, create_slots
from eventsys.bookings.services.moving import MOVABLE, move_booking
from eventsys.bookings.services.no_shows import (
    decide_no_show,
    explain_no_show,
    record_no_show,
    take_back_no_show,
)
from eventsys.bookings.services.planned_visits import chase_visits, plan_visit, plan_visits
from eventsys.bookings.services.received import find_too_many
from eventsys.bookings.services.reconfirming import chase_reconfirmations, reconfirm_booking
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
from eventsys.bookings.services.rescheduling import Reschedule, Rescheduled, reschedule_slot
from eventsys.bookings.services.runs import RunChange, RunChanged, change_run
from eventsys.bookings.services.slots import Told, call_off_slot, change_slot
from eventsys.bookings.services.undoing import undo_change
from eventsys.bookings.services.visit_answers import answer_visit
from eventsys.bookings.services.waiting import end_queue, rejoin, serve_queue, tell_reopened
from eventsys.bookings.services.walking_in import walk_in

__all__ = [
    "DISPLACEABLE",
    "MOVABLE",
    "BulkDone",
    "Effect",
    "Idempotency",
    "Reschedule",
    "Rescheduled",
    "RunChange",
    "RunChanged",
    "SlotReport",
    "Told",
    "answer_visit",
    "apply_bulk",
    "arrange_visit",
    "ask_for_visit",
    "book_slot",
    "call_off_slot",
    "cancel_booking",
    "change_run",
    "change_slot",
    "chase_approvals",
    "chase_reconfirmations",
    "chase_requests",
    "chase_visits",
    "confirm_booking",
    "create_run",
    "create_slot",
    "create_slots",
    "decide_no_show",
    "decline_booking",
    "decline_request",
    "decline_support",
    "decline_ticket",
    "delete_draft",
    "end_doubled",
    "end_queue",
    "explain_no_show",
    "find_too_many",
    "forget_contact_details",
    "give_up_hold",
    "grant_exception",
    "hand_over",
    "hold_draw",
    "hold_slot",
    "import_slots",
    "let_in",
    "move_booking",
    "name_at_door",
    "name_attendees",
    "name_yourself",
    "plan_visit",
    "plan_visits",
    "preview_bulk",
    "propose_joint_visit",
    "publish_edition",
    "publish_slot",
    "reconfirm_booking",
    "record_no_show",
    "rejoin",
    "release_booking",
    "replace_attendee",
    "reschedule_slot",
    "revoke_share_link",
    "save_draft",
    "serve_queue",
    "share_token",
    "take_back",
    "take_back_no_show",
    "take_slot_over",
    "tell_drawn",
    "tell_reopened",
    "undo_change",
    "undo_release",
    "walk_in",
    "what_keeps_out",
    "withdraw_request",
]
