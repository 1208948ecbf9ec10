"""The blueprints: pages of their own, pages of a slot, which span slots and bookings, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, request

from eventsys.bookings.queries import facts_of
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.contact_queries import list_own_enterprises
from eventsys.directory.models import Enterprise
from eventsys.pages.rules import Standing, standing
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot
from eventsys.web.locale import zone

bp = Blueprint("pages", __name__)
slots_bp = Blueprint("slots", __name__)
no_shows_bp = Blueprint("no_shows", __name__)
requests_bp = Blueprint("requests", __name__)
visits_bp = Blueprint("visits", __name__)
editions_bp = Blueprint("editions", __name__)
workdays_bp = Blueprint("workdays", __name__, url_prefix="/admin/workdays")


@bp.app_template_global("standing_of")
def standing_of(slot: Slot, *, is_invited: bool = False) -> Standing:
    """How the slot stands now, for one of those who may book first or for everybody else."""
    return standing(facts_of(slot), slot.ends_at, now(), is_invited=is_invited)


@bp.app_template_global("opening_of")
def opening_of(slot: Slot) -> datetime | None:
    """From when everybody the slot is for may book; None since it was published."""
    return facts_of(slot).opens_for(is_invited=False)


@bp.app_template_filter("local_day")
def local_day(at: datetime) -> Any:
    """The date of an instant in the district's zone."""
    return at.astimezone(zone()).date()


@bp.app_template_filter("local_input")
def local_input(at: datetime) -> str:
    """An instant in the district's zone as a form sends it: 2026-12-07T14:00:00."""
    return at.astimezone(zone()).replace(tzinfo=None).isoformat()


def own_and_chosen(actor: Actor) -> tuple[Sequence[Enterprise], Enterprise]:
    """The contact's enterprises, and the one the address names (the first without); NotFound for another's."""
    own = list_own_enterprises(actor)
    named = request.args.get("enterprise", own[0].public_id if own else "")
    chosen = next((item for item in own if item.public_id == named), None)
    if chosen is None:
        raise NotFound()
    return own, chosen


def get_slot_for(public_id: str, actor: Actor, permission: Permission) -> Slot:
    """The slot with its details when `actor` has `permission` on it; NotFound otherwise."""
    slot = get_visible_slot(public_id, actor)
    if not is_allowed(actor, permission, slot.scope):
        raise NotFound()
    return slot
