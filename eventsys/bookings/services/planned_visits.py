"""Plan a visit (计划走访): a slot reserved for one enterprise, which is asked. It counts in no quota, and what an
enterprise receives is capped over all departments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eventsys.bookings import messages
from eventsys.bookings.models import Booking, PlannedVisit, QuotaException
from eventsys.bookings.queries import find_visit_planned_alike, list_visits_unanswered, lock_slot_for
from eventsys.bookings.rules import BookingChannel, BookingState, NewPlannedVisit, VisitAnswer, answer_until
from eventsys.bookings.services.admission import check_entry
from eventsys.bookings.services.booking import new_booking
from eventsys.bookings.services.clashes import refuse_clashes
from eventsys.bookings.services.received import check_received
from eventsys.bookings.services.states import enter
from eventsys.core.actor import Actor, Channel
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Invalid, NotAllowed, Refusal
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.contact_queries import has_ever_had_device
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.models import Enterprise
from eventsys.directory.recipients import contacts_of
from eventsys.notifications.services import Recipient
from eventsys.slots import services as slots
from eventsys.slots.models import Slot
from eventsys.workdays.queries import working_calendar


def plan_visit(command: NewPlannedVisit, *, actor: Actor) -> Booking:
    """Reserve a visit for the enterprise, publish it for it alone, and ask its contacts; without any the clerks are
    told to call. Planned alike a second time, it is the same visit.

    Conflict `visits_received` names the cap and the visits there are, `clash` what else the enterprise receives then.
    """
    authorize(actor, Permission.CREATE_SLOT, Scope(departments=frozenset({command.slot.department})))
    enterprise = lock_enterprise(command.enterprise)
    if enterprise is None:
        raise Invalid("unknown_enterprise", field="enterprise")
    if not enterprise.active:
        raise NotAllowed("enterprise_disabled")
    wanted = command.reserved()
    alike = find_visit_planned_alike(enterprise.id, wanted.department, wanted.title.strip(), wanted.starts_at)
    if alike is not None:
        return alike
    check_received(enterprise, wanted.starts_at, actor=actor, beyond=command.beyond)
    slot = slots.create_slot(wanted, actor=actor, publish=True)
    _leave_out_of_quotas(slot, enterprise, actor)
    booking = _reserve(slot, enterprise, actor)
    refuse_clashes([slot.id], actor=actor)
    return booking


def plan_visits(commands: Iterable[NewPlannedVisit], *, actor: Actor) -> Sequence[Booking | Refusal]:
    """Plan many in one unit of work, as a rotation does; in the commands' order what each has become, or why it could
    not be. Enterprises are locked in the order of their keys, as everywhere."""
    listed = list(commands)
    order = sorted(range(len(listed)), key=lambda number: (listed[number].enterprise, number))
    done: dict[int, Booking | Refusal] = {}
    for number in order:
        try:
            with db.session.begin_nested():
                done[number] = plan_visit(listed[number], actor=actor)
        except Refusal as refused:
            done[number] = refused
    return [done[number] for number in range(len(listed))]


def ask_again(visit: PlannedVisit, booking: Booking, slot: Slot) -> None:
    """The visit has moved before it was agreed to: the enterprise is asked anew."""
    visit.answer, visit.answered_at, visit.answered_by = VisitAnswer.WAITING, None, ""
    visit.proposals, visit.wishes = [], ""
    _ask(visit, booking, slot, is_moved=True)


def chase_visits() -> int:
    """Tell the clerks once of each enterprise that has not answered in time; how many those are."""
    unanswered = list_visits_unanswered()
    for visit in unanswered:
        visit.told_at = now()
        messages.tell_clerks_to_call(visit, visit.booking, visit.booking.slot)
    return len(unanswered)


def _reserve(slot: Slot, enterprise: Enterprise, actor: Actor) -> Booking:
    """The enterprise's booking of the slot, which keeps the place until it has answered."""
    entry = lock_slot_for(enterprise.id, slot.public_id)
    assert entry is not None  # it was made a moment ago
    check_entry(entry, enterprise, 1, (), on_behalf=True)
    booking = new_booking(entry, enterprise, 1, actor)
    booking.channel = BookingChannel.API if actor.channel is Channel.API else BookingChannel.WEB
    booking.contact_name = ""
    enter(booking, entry.slot, BookingState.PENDING, actor=actor, action="visit.planned")
    db.session.add(booking)
    db.session.flush()
    visit = PlannedVisit(booking_id=booking.id, booking=booking, answer=VisitAnswer.WAITING)
    _ask(visit, booking, entry.slot)
    db.session.add(visit)
    db.session.flush()
    return booking


def _ask(visit: PlannedVisit, booking: Booking, slot: Slot, *, is_moved: bool = False) -> None:
    visit.asked_at, visit.told_at = now(), None
    visit.answer_by = answer_until(visit.asked_at, slot.starts_at, working_calendar(), installation().zone)
    contacts = contacts_of(booking.enterprise_id)
    messages.ask_for_answer(booking, slot, contacts, is_moved=is_moved, answer_until=visit.answer_by.isoformat())
    if not _is_reachable(booking.enterprise_id, contacts):
        visit.told_at = now()
        messages.tell_clerks_to_call(visit, booking, slot)


def _is_reachable(enterprise: int, contacts: Sequence[Recipient]) -> bool:
    """Whether a message reaches anybody: by mail, or on a device where the inbox is read."""
    return any(contact.address for contact in contacts) or bool(contacts and has_ever_had_device(enterprise))


def _leave_out_of_quotas(slot: Slot, enterprise: Enterprise, actor: Actor) -> None:
    exception = QuotaException(slot_id=slot.id, enterprise_id=enterprise.id, reason="planned visit")
    exception.granted_by_id, exception.granted_by = actor.person, actor.name[:60]
    db.session.add(exception)
    db.session.flush()
