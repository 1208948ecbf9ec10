"""The department's desk: a month of slots, what is booked, who comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template, request

from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.permissions import Permission, is_allowed, may_somewhere
from eventsys.directory.models import Department
from eventsys.directory.queries import all_departments
from eventsys.pages.forms.search import Month, read_month
from eventsys.pages.queries import list_next_bookings, list_pending
from eventsys.pages.views.blueprint import bp
from eventsys.pages.views.home import by_day
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING, list_desk_slots
from eventsys.slots.rules import SlotState
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import zone


@dataclass(frozen=True, slots=True)
class Numbers:
    """A month in numbers; `booked` are enterprises, `free` are places of published slots."""

    slots: int
    drafts: int
    booked: int
    free: int


@bp.get("/desk")
@requires(Permission.SEE_DESK)
def desk() -> str:
    """A month of the departments at whose desk the actor sits; all of them for the coordinator, with a filter."""
    actor = current_actor()
    month = read_month(request.args.get("month", "")) or Month(now().astimezone(zone()).date().replace(day=1))
    sees_everything = actor.has(*EVERYTHING)
    chosen = request.args.get("department", "") if sees_everything else ""
    slots = list_desk_slots(actor, month.start(zone()), month.end(zone()))
    if chosen:
        slots = [slot for slot in slots if chosen in {slot.department.public_id, slot.department.code}]
    departments = all_departments()
    return render_template(
        "pages/desk.html",
        month=month,
        days=by_day(slots),
        numbers=_numbers(slots),
        next_bookings=list_next_bookings(actor),
        pending=list_pending(actor),
        departments=departments if sees_everything else [],
        settings_of=_department_to_set(departments, actor, chosen),
        chosen=chosen,
        may_edit=lambda slot: is_allowed(actor, Permission.EDIT_SLOT, slot.scope),
        may_share=lambda slot: is_allowed(actor, Permission.SEE_DESK, slot.scope),
        may_see_roster=lambda slot: is_allowed(actor, Permission.SEE_ROSTER, slot.scope),
        may_create=may_somewhere(actor, Permission.CREATE_SLOT),
        may_manage_gates=may_somewhere(actor, Permission.MANAGE_GATES),
        sees_everything=sees_everything,
    )


def _department_to_set(departments: Sequence[Department], actor: Actor, chosen: str) -> Department | None:
    """The department whose settings the desk leads to: the chosen one, or the only one that is the actor's."""
    found = [item for item in departments if is_allowed(actor, Permission.CHANGE_DEPARTMENT_SETTINGS, item.scope)]
    if chosen:
        found = [item for item in found if chosen in {item.public_id, item.code}]
    return found[0] if len(found) == 1 else None


def _numbers(slots: Sequence[Slot]) -> Numbers:
    published = [slot for slot in slots if slot.state is SlotState.PUBLISHED]
    return Numbers(
        slots=len(published),
        drafts=sum(slot.state is SlotState.DRAFT for slot in slots),
        booked=sum(slot.places_taken for slot in published),
        free=sum(slot.places_left for slot in published),
    )
