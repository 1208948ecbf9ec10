"""The notice of a visit (上门服务告知书), to be printed and brought along."""

from __future__ import annotations

from flask import render_template

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_slot_bookings, phones_of
from eventsys.bookings.rules import BookingState
from eventsys.core.actor import Role
from eventsys.core.clock import now
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.pages.forms.words import topic_words
from eventsys.pages.views.blueprint import slots_bp
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.rules import SlotFormat
from eventsys.web.guards import current_actor, requires

NOTIFIED = (BookingState.PENDING, BookingState.CONFIRMED)


@slots_bp.get("/slots/<public_id>/visit-notice")
@requires(Permission.SEE_BOOKING)
def visit_notice(public_id: str) -> str:
    """One sheet an enterprise, for the departments that visit and for the enterprise itself."""
    actor = current_actor()
    slot = get_visible_slot(public_id, actor)
    if slot.format is not SlotFormat.VISIT:
        raise NotFound()
    bookings = list_slot_bookings(slot.id, NOTIFIED)
    if not _visits(slot):
        bookings = [booking for booking in bookings if booking.enterprise_id in actor.enterprises()]
        if not bookings:
            raise NotFound()
    sheets: list[Booking | None] = list(bookings)
    return render_template(
        "visits/notice.html",
        slot=slot,
        sheets=sheets or [None],
        phones=phones_of([booking.enterprise_id for booking in bookings]),
        topic=topic_words()[slot.topic.value],
        paragraphs=[part for part in slot.description.split("\n") if part.strip()],
        today=now(),
    )


def _visits(slot: Slot) -> bool:
    """Whether the actor is of one of the departments that visit, or answers for all of them."""
    actor = current_actor()
    if is_allowed(actor, Permission.SEE_DESK, slot.scope):
        return True
    return any(department.id in actor.departments(Role.CLERK, Role.STEWARD) for department in slot.supporting)
