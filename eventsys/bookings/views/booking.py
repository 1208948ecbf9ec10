"""Book a slot: one page, for the own enterprise or on behalf of another, with a held place or by waiting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.bookings.forms.booking import ROWS_SHOWN, OnBehalfForm, OwnBookingForm, booking_form
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import correct_counts, facts_of, find_active_booking, find_draft, place_in_queue
from eventsys.bookings.rules import BookingState, refusal
from eventsys.bookings.services import book_slot, find_too_many, grant_exception, save_draft
from eventsys.bookings.views.blueprint import bp, show_form
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from eventsys.core.ids import is_public_id
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.contact_queries import list_own_enterprises
from eventsys.directory.models import Enterprise
from eventsys.directory.queries import find_enterprise, list_enterprises
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot, nearest_slots
from eventsys.slots.rules import SlotFormat
from eventsys.web.guards import current_actor, requires

FOUND_MAX = 20
JUST_NOW = timedelta(minutes=2)
REDRAW = {"find", "add_row"}  # buttons that show the form again
FULL = {"slot_full", "queue_ahead"}

BookingForms = OwnBookingForm | OnBehalfForm


@bp.get("/slots/<public_id>/book")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
def new(public_id: str) -> Response:
    """The form, as it was left, or why the slot cannot be booked and what can be instead."""
    actor, slot = current_actor(), _slot(public_id)
    kept = find_draft(slot.id, actor.enterprises()) if actor.enterprises() else None
    form = _form(slot, actor, kept.draft if kept else {})
    if isinstance(form, OnBehalfForm):
        chosen = _find_enterprise(request.args.get("enterprise", ""))
        form.offer([chosen] if chosen else [])
    blocked = _blocked(slot, actor)
    ended = kept is not None and blocked is None and _is_over(kept)
    return _page(slot, form, Conflict("hold_expired") if ended else None, blocked=blocked, asked=True)


@bp.post("/slots/<public_id>/book")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
def book(public_id: str) -> Response:
    """Book or wait; or find an enterprise, or show one more row, and ask again. What was typed stays with the hold."""
    actor, slot = current_actor(), _slot(public_id)
    form = _form(slot, actor)
    found = _offer_found(form)
    action = request.form.get("action", "")
    if action in REDRAW:
        if action == "add_row":
            form.add_row()
            _keep(slot, form, actor)
        return _page(slot, form, found=found)
    is_complete = form.validate()
    try:
        enterprise = _enterprise(form, actor)
        command = form.to_command(public_id, enterprise.id, waits=action == "wait")
    except Invalid as error:
        return _page(slot, form, error, found=found)
    if not is_complete:
        _keep(slot, form, actor)
        return _page(slot, form, found=found)
    try:
        with unit_of_work():
            if action == "exception":
                grant_exception(public_id, enterprise.id, command.on_behalf_reason, actor=actor)
            booked = book_slot(command, actor=actor)
    except Refusal as error:
        return _refused(public_id, form, error, command.enterprise)
    assert booked.booking is not None
    flash(_said(booked.booking.state, booked.place_in_queue), "success")
    return redirect(url_for("bookings.detail", public_id=booked.booking.public_id), 303)


def _slot(public_id: str) -> Slot:
    slot = get_visible_slot(public_id, current_actor())
    correct_counts(slot)
    return slot


def _said(state: BookingState, place: int | None) -> str:
    if state is BookingState.PENDING:
        return str(gettext("Sent to the department. The place is kept until it answers."))
    if state is BookingState.WAITLISTED and place is None:
        return str(gettext("Registered for the draw."))
    if state is BookingState.WAITLISTED:
        return str(gettext("You are number %(place)s on the waiting list.", place=place))
    return str(gettext("Booked. The codes are below."))


def _form(slot: Slot, actor: Actor, draft: dict[str, Any] | None = None) -> BookingForms:
    """The contact's form, or the clerk's of this department; NotAllowed for anybody else."""
    may_on_behalf = is_allowed(actor, Permission.BOOK_ON_BEHALF, slot.scope)
    on_behalf = may_on_behalf and (not actor.enterprises() or "on_behalf" in request.args)
    if not on_behalf and not actor.enterprises():
        raise NotAllowed()
    kind = booking_form(slot, on_behalf=on_behalf)
    form = kind.of_draft(draft) if draft else kind()
    if isinstance(form, OwnBookingForm):
        form.offer(list_own_enterprises(actor))
    return form


def _keep(slot: Slot, form: BookingForms, actor: Actor) -> None:
    """Keep what was typed with the enterprise's hold, if it has one."""
    own = actor.enterprises()
    if isinstance(form, OwnBookingForm) and len(own) == 1 and find_active_booking(slot.id, own) is not None:
        with unit_of_work():
            save_draft(slot.public_id, next(iter(own)), form.draft(), actor=actor)


def _is_over(hold: Booking) -> bool:
    return hold.state is BookingState.EXPIRED or (hold.lapses_at is not None and hold.lapses_at <= now())


def _offer_found(form: BookingForms) -> bool | None:
    """Offer the clerk what the search finds, and what was chosen before; whether there is anything."""
    if not isinstance(form, OnBehalfForm):
        return None
    words = "".join(c if c.isprintable() else " " for c in form.search.data or "").strip()
    offered = list(list_enterprises(words, size=FOUND_MAX).items) if words else []
    chosen = _find_enterprise(form.enterprise.data or "")
    if chosen and chosen not in offered and request.form.get("action") != "find":
        offered.insert(0, chosen)
    form.offer(offered)
    return bool(offered)


def _find_enterprise(public_id: str) -> Enterprise | None:
    return find_enterprise(public_id) if is_public_id(public_id) else None


def _enterprise(form: BookingForms, actor: Actor) -> Enterprise:
    """For whom; NotFound for another's when a contact books."""
    own = list_own_enterprises(actor)
    if isinstance(form, OwnBookingForm) and len(own) == 1 and not form.enterprise.data:
        return own[0]
    typed = request.form.get("enterprise", "")  # not what a search with one result has chosen: nobody saw that yet
    chosen = _find_enterprise(typed)
    if isinstance(form, OwnBookingForm) and (chosen is None or chosen not in own):
        raise NotFound() if typed else Invalid("choose_enterprise", field="enterprise")
    if chosen is None:
        raise Invalid("choose_enterprise", field="enterprise" if form.enterprise.choices else "search")
    return chosen


def _refused(public_id: str, form: BookingForms, error: Refusal, enterprise: int) -> Response:
    """The form again with the rule that said no; a second press leads to the booking of the first."""
    if isinstance(error, NotFound):
        raise error
    actor = current_actor()
    slot = _slot(public_id)
    existing = find_active_booking(slot.id, [enterprise]) if error.code == "already_booked" else None
    if existing and existing.contact_name == actor.name[:60] and now() - existing.changed_at < JUST_NOW:
        flash(_said(existing.state, place_in_queue(existing)), "success")
        return redirect(url_for("bookings.detail", public_id=existing.public_id), 303)
    return _page(slot, form, error, existing=existing)


def _blocked(slot: Slot, actor: Actor) -> Refusal | None:
    """Why nobody of the actor's could book the slot or wait for it now, whatever they type."""
    own = actor.enterprises()
    facts = facts_of(slot)
    found = refusal(facts, 1, now(), on_behalf=not own)
    if found is None and facts.places_left < 1 and now() >= slot.queue_until:
        found = Conflict("slot_full", wording="slot_full_for_good")
    existing = find_active_booking(slot.id, own) if len(own) == 1 else None
    if existing is not None and existing.state is not BookingState.HELD:
        return Conflict("already_booked", name=existing.contact_name, existing=existing)
    if found is not None:
        found.fields |= {"nearest": nearest_slots(slot, 1), "phone": slot.department.phone}
    return found


def _page(
    slot: Slot,
    form: BookingForms,
    error: Refusal | None = None,
    *,
    blocked: Refusal | None = None,
    existing: Booking | None = None,
    found: bool | None = None,
    asked: bool = False,
) -> Response:
    form.show_rows(min(ROWS_SHOWN, slot.party_max or ROWS_SHOWN))
    own, facts = current_actor().enterprises(), facts_of(slot)
    mine = find_active_booking(slot.id, own) if own else None
    held = mine if mine is not None and mine.state is BookingState.HELD and not _is_over(mine) else None
    needs_queue = held is None and (facts.places_left < 1 or facts.has_queue(now()))
    context: dict[str, Any] = {
        "slot": slot,
        "on_behalf": isinstance(form, OnBehalfForm),
        "found": found,
        "existing": existing or (blocked.fields.get("existing") if blocked else None),
        "blocked": blocked,
        "held": held,
        "seconds_held": max(0, int((held.lapses_at - now()).total_seconds())) if held and held.lapses_at else 0,
        "draws": facts.awaits_draw,
        "only_waits": needs_queue and not facts.awaits_draw,
        "may_wait": not facts.awaits_draw and now() < slot.queue_until and (needs_queue or _is_full(error)),
        "others": nearest_slots(slot, 1) if needs_queue and error is None and blocked is None else [],
        "receives_others": _receives_others(slot, own),
        "may_except": is_allowed(current_actor(), Permission.GRANT_EXCEPTION, slot.scope),
    }
    page = show_form("bookings/new.html", form, error, **context)
    if asked:
        page.status_code = 200
    return page


def _receives_others(slot: Slot, own: Collection[int]) -> bool:
    """Whether a contact is told that the enterprise receives visits enough: it may have one more if it wants to."""
    is_visit = slot.format is SlotFormat.VISIT and len(own) == 1
    return is_visit and find_too_many(next(iter(own)), slot.starts_at) is not None


def _is_full(error: Refusal | None) -> bool:
    return error is not None and error.code in FULL
