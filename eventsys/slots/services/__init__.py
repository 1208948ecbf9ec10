"""The verbs that change slots. What reaches those who booked is told by bookings.services.slots, a floor above."""

from eventsys.slots.services.handing import (
    decline_slot_offer,
    lock_offered,
    may_answer_offer,
    offer_slot,
    withdraw_slot_offer,
)
from eventsys.slots.services.joint import (
    ask_again,
    check_supports,
    confirm_support,
    get_answerer,
    withdraw_support,
)
from eventsys.slots.services.runs import create_run, delete_run_drafts, preview_run, publish_run, undo_run
from eventsys.slots.services.slots import (
    MOVES,
    check_edit,
    copy_slot,
    create_slot,
    delete_draft,
    edit_slot,
    edit_slots,
    mark_called_off,
    naming,
    publish_slot,
    take_over,
)

__all__ = [
    "MOVES",
    "ask_again",
    "check_edit",
    "check_supports",
    "confirm_support",
    "copy_slot",
    "create_run",
    "create_slot",
    "decline_slot_offer",
    "delete_draft",
    "delete_run_drafts",
    "edit_slot",
    "edit_slots",
    "get_answerer",
    "lock_offered",
    "mark_called_off",
    "may_answer_offer",
    "naming",
    "offer_slot",
    "preview_run",
    "publish_run",
    "publish_slot",
    "take_over",
    "undo_run",
    "withdraw_slot_offer",
    "withdraw_support",
]
