"""Visits that enterprises ask for: the department makes a slot of one, or says why not.

A slot made of a request is a planned visit: it is for that enterprise, which is booked when it is published and not
asked again, outside its quotas (CONTRACTS.md: planned visits never count).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from eventsys.bookings import messages
from eventsys.bookings.models import Booking, QuotaException, VisitRequest
from eventsys.bookings.queries import (
    find_open_request,
    find_request_of,
    get_request,
    list_unanswered_requests,
    lock_request,
    lock_slot_for,
)
from eventsys.bookings.rules import (
    REASON_MAX,
    BookingChannel,
    BookingState,
    NewVisitRequest,
    RequestState,
    check_request_open,
    clean_request,
)
from eventsys.bookings.services.admission import check_entry
from eventsys.bookings.services.booking import approve_by, new_booking
from eventsys.bookings.services.clashes import lock_visited, refuse_clashes
from eventsys.bookings.services.received import check_received
from eventsys.bookings.services.states import enter
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.core.permissions import Permission, Scope, authorize, is_allowed
from eventsys.core.text import clean_line
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.models import Department, Enterprise
from eventsys.directory.queries import get_district
from eventsys.directory.recipients import contacts_of
from eventsys.slots import services as slots
from eventsys.slots.models import Slot
from eventsys.slots.queries import find_commands, get_slot_of, is_slot_for
from eventsys.slots.rules import NewSlot, SlotFormat


def ask_for_visit(command: NewVisitRequest, *, actor: Actor) -> VisitRequest:
    """A contact asks a department for a visit; its clerks are told. One at a time: Conflict `request_waits`.

    NotFound for somebody else's enterprise; Invalid names the field.
    """
    if not is_allowed(actor, Permission.ASK_FOR_VISIT, Scope(enterprise=command.enterprise)):
        raise NotFound()
    command = clean_request(command)
    enterprise = _lock(command.enterprise)
    department = db.session.get(Department, command.department) if command.department is not None else None
    if department is None or not department.active:
        raise Invalid("unknown_department", field="department")
    if not enterprise.active:
        raise NotAllowed("enterprise_disabled")
    by = approve_by(get_district().settings)
    if find_open_request(enterprise.id, department.id) is not None:
        raise Conflict("request_waits", department=department.short_name)
    request = VisitRequest(
        enterprise=enterprise,
        department=department,
        topic=command.topic,
        wanted=command.wanted,
        asks=command.asks,
        contact_id=actor.person,
        contact_name=actor.name[:60],
        answer_by=by,
    )
    db.session.add(request)
    db.session.flush()
    told = {"enterprise": enterprise.public_id, "department": department.code, "asks": command.asks}
    audit.record(actor, "visit_request.created", "visit_request", request.public_id, after=told)
    messages.tell_department_of_request("visit_requested", request)
    return request


def withdraw_request(public_id: str, *, actor: Actor) -> VisitRequest:
    """The enterprise does not want the visit any more; Conflict `request_decided` when the department has answered."""
    request = lock_request(public_id, visible_to=actor)
    authorize(actor, Permission.ASK_FOR_VISIT, request.scope)
    check_request_open(request.state)
    request.state, request.decided_at = RequestState.WITHDRAWN, now()
    audit.record(actor, "visit_request.withdrawn", "visit_request", public_id)
    return request


def decline_request(public_id: str, decision: str, *, actor: Actor) -> VisitRequest:
    """The department says no, and why; the enterprise is told."""
    decision = clean_line(decision, "decision", REASON_MAX, required=True)
    request = lock_request(public_id, visible_to=actor)
    authorize(actor, Permission.ANSWER_VISIT_REQUEST, request.scope)
    check_request_open(request.state)
    request.state, request.decided_at, request.decision = RequestState.DECLINED, now(), decision
    audit.record(actor, "visit_request.declined", "visit_request", public_id, reason=decision)
    messages.tell_enterprise_of_request("visit_declined", request, reason=decision)
    return request


def arrange_visit(public_id: str, command: NewSlot, *, actor: Actor, publish: bool = False, beyond: str = "") -> Slot:
    """Make a slot of the request, a draft or published at once; then the enterprise is booked.

    `beyond` is why a coordinator goes beyond the visits that an enterprise receives (Conflict `visits_received`);
    Invalid `request_not_invited` when the slot is not for the enterprise; the refusals of making and booking a slot.
    """
    asking = get_request(public_id, visible_to=actor).enterprise_id
    lock_visited([command], also=[asking])
    enterprise = lock_enterprise(asking)
    request = lock_request(public_id, visible_to=actor)
    authorize(actor, Permission.ANSWER_VISIT_REQUEST, request.scope)
    check_request_open(request.state)
    slot = slots.create_slot(command, actor=actor, publish=publish)
    if enterprise is None or not is_slot_for(slot, enterprise.id):
        raise Invalid("request_not_invited", field="audience", name=request.enterprise.name)
    request.state, request.slot_id, request.decided_at = RequestState.ARRANGED, slot.id, now()
    exception = QuotaException(slot_id=slot.id, enterprise_id=enterprise.id, reason=f"visit request {public_id}")
    exception.granted_by_id, exception.granted_by = actor.person, actor.name[:60]
    db.session.add(exception)
    db.session.flush()
    audit.record(actor, "visit_request.arranged", "visit_request", public_id, after={"slot": slot.public_id})
    if publish:
        _book(request, enterprise, slot, actor, beyond)
    refuse_clashes([slot.id], actor=actor)
    return slot


def publish_slot(public_id: str, *, actor: Actor) -> Slot:
    """Publish a draft; the enterprise that asked for it is booked at once, and told. Conflict says what stands against
    it: the enterprise is elsewhere then, not among those the slot is for, or the slot clashes and that is forbidden."""
    request = find_request_of(public_id)
    lock_visited(find_commands([public_id]), also=[request.enterprise_id] if request is not None else [])
    enterprise = lock_enterprise(request.enterprise_id) if request is not None else None
    slot = slots.publish_slot(public_id, actor=actor)
    if request is not None and enterprise is not None:
        if not is_slot_for(slot, enterprise.id):
            raise Conflict("request_not_invited", name=enterprise.name)
        _book(request, enterprise, slot, actor)
    refuse_clashes([slot.id], actor=actor)
    return slot


def delete_draft(public_id: str, *, actor: Actor) -> None:
    """Remove a draft for good; the request it was made of waits for an answer again."""
    slot = get_slot_of(public_id, actor, Permission.EDIT_SLOT)
    reopened = db.session.scalars(
        update(VisitRequest)
        .where(VisitRequest.slot_id == slot.id)
        .values(
            state=RequestState.OPEN,
            slot_id=None,
            decided_at=None,
            answer_by=approve_by(get_district().settings),
            reminded_at=None,
            escalated_at=None,
        )
        .returning(VisitRequest.public_id),
        execution_options={"synchronize_session": False},
    ).all()
    for request in reopened:
        audit.record(actor, "visit_request.reopened", "visit_request", request)
    slots.delete_draft(public_id, actor=actor)


def chase_requests(remind_before: datetime) -> int:
    """Remind departments of what was asked before then; tell coordinators and the enterprise of what is overdue.
    Answers how many were chased."""
    unanswered = list_unanswered_requests(remind_before)
    for request in unanswered:
        if request.answer_by <= now() and request.escalated_at is None:
            request.escalated_at = request.reminded_at = now()
            messages.tell_coordinators_of_request("visit_escalated", request)
            messages.tell_enterprise_of_request("visit_overdue", request)
        else:
            request.reminded_at = now()
            messages.tell_department_of_request("visit_requested", request)
    return len(unanswered)


def _lock(enterprise: int) -> Enterprise:
    """The enterprise, locked, so that it asks once; its calendar does not change."""
    query = select(Enterprise).where(Enterprise.id == enterprise).with_for_update(key_share=True)
    found = db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFound()
    return found


def _book(request: VisitRequest, enterprise: Enterprise, slot: Slot, actor: Actor, beyond: str = "") -> None:
    """Book the slot, which nobody else can have booked yet, for who asked; approval has been given by arranging it."""
    entry = lock_slot_for(enterprise.id, slot.public_id)
    assert entry is not None  # it was published a moment ago
    check_entry(entry, enterprise, 1, (), on_behalf=True)
    if slot.format is SlotFormat.VISIT:
        check_received(enterprise, slot.starts_at, actor=actor, beyond=beyond, but=slot.id)
    booking: Booking = new_booking(entry, enterprise, 1, actor)
    booking.channel, booking.asks = BookingChannel.WEB, request.asks
    booking.contact_id, booking.contact_name = request.contact_id, request.contact_name
    enter(
        booking,
        entry.slot,
        BookingState.CONFIRMED,
        actor=actor,
        action="booking.created",
        request=request.public_id,
        channel=booking.channel,
    )
    db.session.add(booking)
    db.session.flush()
    messages.tell_contact("visit_arranged", booking, entry.slot, contacts_of(enterprise.id))
