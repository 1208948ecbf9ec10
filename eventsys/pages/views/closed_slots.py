"""Slots that lie on days off: the list with proposals, and moving those chosen."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Refusal
from eventsys.core.permissions import Permission
from eventsys.pages.closed_days import SLOTS_SHOWN, find_hits, move_slot, special_days_off
from eventsys.pages.forms.workdays import MoveForm, chosen_moves, local_instant
from eventsys.pages.views.blueprint import get_slot_for, workdays_bp
from eventsys.slots.models import Slot
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence
from eventsys.workdays.queries import working_calendar
from eventsys.workdays.rules import YEARS

DAYS_MAX = 427  # that a notice may speak of


@workdays_bp.get("/slots")
@requires(Permission.SEE_WORKDAYS)
def slots() -> str:
    """The slots on the days the address names, or on all special days off to come."""
    return _page()


@workdays_bp.post("/slots")
@requires(Permission.EDIT_SLOT)
def move() -> str | Response | tuple[str, int]:
    """Move the slots chosen, each for itself; what became of each is told."""
    form = MoveForm()
    if not form.validate():
        return _page(form), 422
    moved: list[Slot] = []
    refused: list[tuple[Slot, str]] = []
    chosen = chosen_moves(request.form, SLOTS_SHOWN)
    for public_id, _to, _version in chosen:
        get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    for public_id, to, version in chosen:
        try:
            with unit_of_work():
                moved.append(move_slot(public_id, local_instant(to), version=version, actor=current_actor()))
        except Refusal as error:
            db.session.rollback()
            slot = get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
            refused.append((slot, sentence(error.code, error.fields)))
    page = _page(moved=moved, refused=refused, is_moved=True)
    return (page, 409) if refused and not moved else page


def _page(form: MoveForm | None = None, **outcome: Any) -> str:
    calendar, named = working_calendar(), _days()
    hits = find_hits(calendar, named or special_days_off(calendar), current_actor())
    return render_template(
        "workdays/slots.html",
        form=form or MoveForm(),
        action=url_for("workdays.slots", day=[day.isoformat() for day in named]),
        hits=hits,
        days=[(day, calendar.day(day)) for day in named],
        **outcome,
    )


def _days() -> list[date]:
    """The days the address names; what is none is left out."""
    found = set()
    for text in request.args.getlist("day")[:DAYS_MAX]:
        try:
            found.add(date.fromisoformat(text))
        except ValueError:
            continue
    return sorted(day for day in found if day.year in YEARS)
