"""What the desk's calendar asks of the server: the slots of a span, moving one, taking a change back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from eventsys.bookings.services import Rescheduled, reschedule_slot, undo_change
from eventsys.bookings.services.rescheduling import BOOKED, DAY_OFF, TAKEN
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.queries import all_departments
from eventsys.pages.forms.search import read_span
from eventsys.pages.forms.selection import RescheduleForm
from eventsys.pages.queries import list_last_changes
from eventsys.pages.views.blueprint import bp, get_slot_for, slots_bp
from eventsys.pages.views.workdays import workday_note
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING, list_desk_slots
from eventsys.slots.rules import SlotState
from eventsys.web.errors import problem, status_of, wants_json
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import format_moment, format_span, local_name, zone
from eventsys.web.wording import sentence
from eventsys.workdays.queries import working_calendar


@bp.get("/desk/slots.json")
@requires(Permission.SEE_DESK)
def desk_slots() -> Response:
    """The desk's slots of a span as events of the calendar, and its days off."""
    actor, wanted = current_actor(), request.args.get("department", "")
    start, end = read_span(request.args, zone())
    named = [item.id for item in all_departments() if wanted in {item.public_id, item.code}]
    lead = named[0] if named and actor.has(*EVERYTHING) else None
    slots = list_desk_slots(actor, start, end, lead)
    is_mixed = actor.has(*EVERYTHING) and lead is None
    events = [_event(slot, actor, of_many=is_mixed) for slot in slots]
    return jsonify({"items": [*events, *_days_off(start, end)]})


@slots_bp.post("/desk/slots/<public_id>/move")
@requires(Permission.EDIT_SLOT)
def move(public_id: str) -> Response:
    """Let a slot run at another time. What has to be agreed to first comes back as questions."""
    actor, form = current_actor(), RescheduleForm()
    get_slot_for(public_id, actor, Permission.EDIT_SLOT)
    if not form.validate():
        raise Invalid("bad_time", field=next(iter(form.errors)))
    command = form.to_command(public_id, request.form.getlist("agreed"))
    try:
        with unit_of_work():
            moved = reschedule_slot(command, actor=actor)
    except Conflict as error:
        db.session.rollback()
        return _refused(public_id, error, command.version, actor)
    said = _said(moved)
    if wants_json():
        undo = url_for("slots.undo_moves", public_id=moved.change) if moved.change else None
        return jsonify({**_event(moved.slot, actor), "said": said, "undo": undo})
    flash(said, f"undo:{moved.change}" if moved.change else "success")
    return redirect(url_for("slots.detail", public_id=public_id), 303)


@slots_bp.post("/desk/changes/<public_id>/undo")
@requires(Permission.EDIT_SLOT)
def undo_moves(public_id: str) -> Response:
    """Give slots back what they were before a change of one's own."""
    try:
        with unit_of_work():
            count = undo_change(public_id, actor=current_actor())
    except Conflict as error:
        if wants_json():
            raise
        flash(sentence(error.code, error.fields), "error")
        return redirect(url_for("pages.desk"), 303)
    said = ngettext("Undone: %(num)s slot is as it was.", "Undone: %(num)s slots are as they were.", count)
    if wants_json():
        return jsonify({"said": said})
    flash(said, "success")
    return redirect(url_for("pages.desk"), 303)


def _event(slot: Slot, actor: Actor, *, of_many: bool = False) -> dict[str, Any]:
    is_to_come = slot.state is not SlotState.CALLED_OFF and slot.starts_at > now()
    may_move = is_to_come and is_allowed(actor, Permission.EDIT_SLOT, slot.scope)
    return {
        "id": slot.public_id,
        "title": f"{slot.department.short_name} {local_name(slot)}" if of_many else local_name(slot),
        "start": slot.starts_at.astimezone(zone()).isoformat(),
        "end": slot.ends_at.astimezone(zone()).isoformat(),
        "page": url_for("slots.detail", public_id=slot.public_id),
        "color": f"dept-c{slot.department.colour}",
        "muted": slot.state is not SlotState.PUBLISHED,
        "state": slot.state.value,
        "taken": slot.places_taken,
        "places": slot.capacity,
        "version": slot.version,
        "editable": may_move,
        "movable": may_move,
    }


def _days_off(start: datetime, end: datetime) -> list[dict[str, Any]]:
    calendar, first = working_calendar(), start.astimezone(zone()).date()
    days = [first + timedelta(days=number) for number in range((end - start).days + 1)]
    return [_day_off(day, calendar.day(day).name) for day in days if not calendar.is_workday(day)]


def _day_off(day: date, name: str) -> dict[str, Any]:
    return {"start": day.isoformat(), "allDay": True, "display": "background", "title": name, "editable": False}


def _said(moved: Rescheduled) -> str:
    slot = moved.slot
    told = {"title": local_name(slot), "span": format_span(slot.starts_at, slot.ends_at)}
    return str(gettext("“%(title)s” is now at %(span)s.", **told))


def _refused(public_id: str, error: Conflict, seen: int, actor: Actor) -> Response:
    """A problem that says what stands against it, who changed the slot, or what to agree to."""
    if not wants_json():
        raise error
    detail, fields = sentence(error.code, error.fields), {}
    if error.code == "stale_edit":
        detail = _who_changed(get_slot_for(public_id, actor, Permission.EDIT_SLOT), seen)
    if error.code == "move_unconfirmed":
        fields = {"asks": error.fields["asks"], "questions": _questions(public_id, error, actor)}
    return problem(status_of(error), error.code, detail, **fields)


def _who_changed(slot: Slot, seen: int) -> str:
    told = [
        gettext("%(name)s changed this slot at %(time)s", name=entry.actor_name or "–", time=format_moment(entry.at))
        for entry in list_last_changes(slot, seen)
    ]
    now_at: str = gettext(
        "It is now at %(span)s. Look, then move it again.", span=format_span(slot.starts_at, slot.ends_at)
    )
    return "; ".join(told) + ". " + now_at if told else now_at


def _questions(public_id: str, error: Conflict, actor: Actor) -> list[str]:
    asks, booked, starts_at = (error.fields[name] for name in ("asks", "booked", "starts_at"))
    found = []
    if BOOKED in asks:
        found.append(
            ngettext(
                "%(num)s enterprise has booked. It is told the new time.",
                "%(num)s enterprises have booked. They are told the new time.",
                booked,
            )
        )
    if DAY_OFF in asks:
        found.append(workday_note(starts_at) or gettext("It is not in working time."))
    if TAKEN in asks:
        found.append(gettext("Department or place have another slot at that time."))
    return found
