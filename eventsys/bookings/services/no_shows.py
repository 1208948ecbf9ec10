"""Note that nobody of an enterprise came, take it back, explain it, answer the explanation."""

from __future__ import annotations

from sqlalchemy import delete

from eventsys.bookings import messages
from eventsys.bookings.models import Booking, NoShow
from eventsys.bookings.queries import lock_no_show
from eventsys.bookings.rules import NOTE_MAX, REASON_MAX, check_decide, check_explain
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.text import clean_line, clean_text
from eventsys.slots.models import Slot


def record_no_show(booking: Booking, slot: Slot, *, actor: Actor) -> None:
    """Note that nobody of the booking came to its slot, both locked; whoever calls knows the door."""
    db.session.add(NoShow(booking_id=booking.id, enterprise_id=booking.enterprise_id, at=slot.starts_at))
    audit.record(actor, "booking.no_show_recorded", "booking", booking.public_id)


def take_back_no_show(booking: Booking, *, actor: Actor) -> None:
    """Forget it: somebody came after all. Nothing when nothing was noted."""
    gone = db.session.execute(
        delete(NoShow).where(NoShow.booking_id == booking.id).returning(NoShow.booking_id)
    ).one_or_none()
    if gone is not None:
        audit.record(actor, "booking.no_show_taken_back", "booking", booking.public_id)


def explain_no_show(booking: str, appeal: str, *, actor: Actor) -> NoShow:
    """The enterprise says, once, what came up on the day of its booking (public id); the department is told."""
    appeal = clean_text(appeal, "appeal", NOTE_MAX, required=True)
    noted = lock_no_show(booking, visible_to=actor)
    authorize(actor, Permission.BOOK, Scope(enterprise=noted.enterprise_id))
    check_explain(noted.at, is_explained=bool(noted.appealed_at), is_decided=bool(noted.decided_at), now=now())
    noted.appeal, noted.appealed_at = appeal, now()
    audit.record(actor, "booking.no_show_explained", "booking", booking, after={"appeal": appeal})
    messages.tell_department("no_show_explained", noted.booking, noted.booking.slot, appeal=appeal)
    return noted


def decide_no_show(booking: str, decision: str, *, is_excused: bool, actor: Actor) -> NoShow:
    """The department answers, in a sentence, whether it counts; the enterprise is told."""
    decision = clean_line(decision, "decision", REASON_MAX, required=True)
    noted = lock_no_show(booking, visible_to=actor)
    slot = noted.booking.slot
    authorize(actor, Permission.EDIT_SLOT, slot.scope)
    check_decide(is_explained=bool(noted.appealed_at), is_decided=bool(noted.decided_at), is_excused=is_excused)
    noted.is_excused, noted.decision, noted.decided_at = is_excused, decision, now()
    after = {"is_excused": is_excused}
    audit.record(actor, "booking.no_show_decided", "booking", booking, after=after, reason=decision)
    messages.tell_enterprise("no_show_decided", noted.booking, slot, decision=decision, is_excused=is_excused)
    return noted
