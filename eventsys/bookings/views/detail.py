"""A booking's page, the list of mine, and what can be done with one."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response

from eventsys.bookings.forms.answers import CancelForm
from eventsys.bookings.keys import code_of, ticket_url
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.queries import find_booking, find_planned_visit, get_booking, list_bookings, place_in_queue
from eventsys.bookings.queries.visit_links import visit_token
from eventsys.bookings.rules import ACTIVE, BookingState, InviteAnswer, TicketState, check_cancel
from eventsys.bookings.services import MOVABLE, cancel_booking, revoke_share_link, share_token, what_keeps_out
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.bookings.views.history import history_of
from eventsys.bookings.views.visits import instants_of
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Refusal
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, authorize, is_allowed
from eventsys.slots.queries.documents import list_documents
from eventsys.slots.rules import SlotFormat
from eventsys.web.clients import in_wechat
from eventsys.web.guards import current_actor, requires
from eventsys.web.pagination import PAGE_SIZE, decode_cursor, encode_cursor, make_page
from eventsys.web.qr import qr_svg
from eventsys.web.wording import sentence


@bp.get("/bookings")
@requires(Permission.SEE_BOOKING)
def index() -> str:
    """The bookings that are mine to see, newest first."""
    cursor = request.args.get("cursor")
    before = decode_cursor(cursor, int)[0] if cursor else None
    rows = list_bookings(current_actor(), limit=PAGE_SIZE + 1, before=before)
    page = make_page(rows, PAGE_SIZE, lambda booking: encode_cursor(booking.id))
    return render_template("bookings/index.html", page=page, is_contact=bool(current_actor().enterprises()))


CALENDAR_ANSWERS = {
    InviteAnswer.ACCEPTED: _l("Accepted in the calendar"),
    InviteAnswer.TENTATIVE: _l("Tentative in the calendar"),
    InviteAnswer.DECLINED: _l("Declined in the calendar"),
}


@bp.get("/bookings/<public_id>")
@requires(Permission.SEE_BOOKING)
def detail(public_id: str) -> str:
    """State, tickets, names, history, and what can be done now."""
    actor = current_actor()
    booking = get_booking(public_id, visible_to=actor)
    may_change = is_allowed(actor, Permission.CHANGE_BOOKING, booking.scope)
    valid = [item for item in booking.attendees if item.state is TicketState.VALID]
    is_live = booking.state in ACTIVE
    planned = find_planned_visit(booking.id)
    is_shared = may_change and booking.state in MOVABLE and now() < booking.slot.names_until
    is_shared = is_shared and not (planned and booking.state is BookingState.PENDING)
    share_url = _share_url(booking) if is_shared else ""
    place = place_in_queue(booking)
    kept_out = what_keeps_out(booking) if place is not None else None
    return render_template(
        "bookings/detail.html",
        booking=booking,
        slot=booking.slot,
        attendees=valid,
        calendar_answers=CALENDAR_ANSWERS,
        tickets=[_ticket(item, booking) for item in valid]
        if may_change and booking.state is BookingState.CONFIRMED
        else [],
        unnamed=booking.party - len(valid),
        may_name=may_change and is_live and now() < _names_until(booking, actor),
        may_cancel=may_change and is_live and now() < booking.slot.starts_at,
        may_move=may_change and planned is None and booking.state in MOVABLE and now() < booking.slot.starts_at,
        may_answer=is_allowed(actor, Permission.EDIT_SLOT, booking.slot.scope),
        visit=planned,
        proposals=instants_of(planned),
        may_print=booking.slot.format is SlotFormat.VISIT,
        may_record=is_allowed(actor, Permission.CHECK_IN, booking.slot.scope),
        visit_token=visit_token(booking),
        place=place,
        kept_out=sentence(kept_out.code, kept_out.fields) if kept_out else "",
        moved_to=find_booking(booking.moved_to_id),
        share_url=share_url,
        share_picture=qr_svg(share_url, gettext("QR code of the link")) if share_url else "",
        answers=_answers(booking),
        history=history_of(booking),
        documents=list_documents(booking.slot),
        in_wechat=in_wechat(),
    )


@bp.get("/bookings/<public_id>/cancel")
@requires(Permission.CHANGE_BOOKING)
def cancel(public_id: str) -> Response:
    """Ask once more, saying what a late cancellation means; changes nothing."""
    booking = get_changeable(public_id, current_actor())
    return _cancel_page(booking, CancelForm())


@bp.post("/bookings/<public_id>/cancel")
@requires(Permission.CHANGE_BOOKING)
def confirm_cancel(public_id: str) -> Response:
    """Cancel; a second press finds it cancelled."""
    actor, form = current_actor(), CancelForm()
    get_changeable(public_id, actor)
    try:
        with unit_of_work():
            cancel_booking(public_id, actor=actor, reason=form.reason.data or "")
    except Conflict as error:
        booking = get_changeable(public_id, actor)
        if booking.state is not BookingState.CANCELLED:
            return _cancel_page(booking, form, error)
    except Refusal as error:
        return _cancel_page(get_changeable(public_id, actor), form, error)
    flash(gettext("The booking is cancelled. The codes do not work any more."), "success")
    return redirect(url_for("bookings.detail", public_id=public_id), 303)


@bp.post("/bookings/<public_id>/link")
@requires(Permission.CHANGE_BOOKING)
def renew_link(public_id: str) -> Response:
    """Make the colleagues' link anew."""
    with unit_of_work():
        revoke_share_link(public_id, actor=current_actor())
    flash(gettext("The link is new; the old one does not work any more."), "success")
    return redirect(url_for("bookings.detail", public_id=public_id), 303)


def get_changeable(public_id: str, actor: Actor) -> Booking:
    """The booking when the actor may change it: NotFound when it is not theirs to see, else NotAllowed."""
    booking = get_booking(public_id, visible_to=actor)
    authorize(actor, Permission.CHANGE_BOOKING, booking.scope)
    return booking


def _cancel_page(booking: Booking, form: CancelForm, error: Refusal | None = None) -> Response:
    slot, blocked = booking.slot, None
    try:
        check_cancel(booking.state, slot.state, slot.starts_at, now())
    except Conflict as refused:
        blocked = refused
    return show_form(
        "bookings/cancel.html",
        form,
        error,
        booking=booking,
        slot=slot,
        blocked=blocked,
        is_late=booking.moved_from is None and now() > slot.cancel_until,
    )


def _names_until(booking: Booking, actor: Actor) -> datetime:
    is_staff = booking.enterprise_id not in actor.enterprises()
    return booking.slot.ends_at if is_staff else booking.slot.names_until


def _share_url(booking: Booking) -> str:
    return absolute_url(url_for("bookings.name_yourself", token=share_token(booking)))


def _ticket(attendee: Attendee, booking: Booking) -> tuple[Attendee, str, Markup]:
    """(attendee, address of the ticket's page, its picture)."""
    code = code_of(attendee, booking.slot.public_id)
    picture = qr_svg(ticket_url(code), gettext("QR code of %(name)s", name=attendee.name))
    return attendee, url_for("bookings.ticket", code=code), picture


def _answers(booking: Booking) -> list[tuple[str, str, str]]:
    """(question, its kind, the answer) of every question that was answered."""
    asked = [item for item in booking.slot.questions if booking.answers.get(item["id"])]
    return [(item["label"], item["kind"], booking.answers[item["id"]]) for item in asked]
