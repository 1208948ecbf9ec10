"""The department's desk: a month of slots, what is booked, who comes next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from flask import render_template, request, url_for

from eventsys.bookings.models import PlannedVisit
from eventsys.bookings.queries import list_visits_asked, phones_of
from eventsys.bookings.queries.clashes import list_clashes_of
from eventsys.bookings.rules import VisitAnswer
from eventsys.checkin.queries import aftermath
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.permissions import Permission, is_allowed, may_somewhere
from eventsys.directory.models import Department
from eventsys.directory.queries import all_departments
from eventsys.pages.district import district_grid
from eventsys.pages.forms.views import LIST, read_view, view_words
from eventsys.pages.forms.words import short_weekdays
from eventsys.pages.queries import list_next_bookings, list_pending
from eventsys.pages.views.blueprint import bp
from eventsys.pages.views.home import by_day
from eventsys.slots.collection import OWED
from eventsys.slots.models import Edition, Slot
from eventsys.slots.queries import EVERYTHING, SlotCounts, count_by_department, list_desk_slots
from eventsys.slots.queries.editions import list_collecting, list_standings
from eventsys.slots.queries.support import list_offered, list_support_wanted
from eventsys.slots.rules import SlotState
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import zone
from eventsys.web.months import Month, read_month, this_month


@bp.get("/desk")
@requires(Permission.SEE_DESK)
def desk() -> str:
    """A month of the departments at whose desk the actor sits. The coordinator sees how each department stands, and
    the slots of the chosen one."""
    actor, departments = current_actor(), all_departments()
    month = read_month(request.args.get("month", "")) or this_month(now(), zone())
    span = month.start(zone()), month.end(zone())
    sees_everything = actor.has(*EVERYTHING)
    wanted = request.args.get("department", "") if sees_everything else ""
    chosen = next((item for item in departments if wanted in {item.public_id, item.code}), None)
    view = read_view(request.args.get("view", ""), sees_everything=sees_everything)
    is_overview = sees_everything and chosen is None
    lead = chosen.id if chosen else None
    slots = [] if is_overview else list_desk_slots(actor, *span, lead)
    counts = count_by_department(*span) if is_overview else {}
    answering = _answering(actor, chosen)
    return render_template(
        "pages/desk.html",
        month=month,
        view=view,
        views=view_words(sees_everything=sees_everything),
        grid=district_grid(departments, month) if view == "district" else None,
        time_zone=zone().key,
        here=partial(_address, month, chosen, view),
        printed_at=now(),
        weekday_names=short_weekdays,
        is_all_ticked=request.args.get("all") == "1",
        days=by_day(slots),
        numbers=_total(counts.values()) if is_overview else _numbers(slots),
        next_bookings=list_next_bookings(actor, lead),
        pending=list_pending(actor),
        support_wanted=list_support_wanted(answering),
        offered=list_offered(answering),
        visits=_visits_asked(actor),
        collecting=_collecting(actor),
        aftermath=aftermath(actor),
        departments=departments if sees_everything else [],
        overview=[(item, counts.get(item.id, SlotCounts())) for item in departments] if is_overview else [],
        settings_of=_department_to_set(departments, actor, chosen),
        chosen=chosen,
        sees_everything=sees_everything,
        clashing={clash.mine.key for clash in list_clashes_of([slot.id for slot in slots if slot.ends_at > now()])},
        **_allowed(actor),
    )


def _address(month: Month, chosen: Department | None, view: str, /, **changes: str | None) -> str:
    """The address of the desk as it is shown, with `changes` (None takes one out)."""
    values: dict[str, Any] = {"month": month.key, "department": chosen.code if chosen else None}
    values["view"] = None if view == LIST else view
    return url_for("pages.desk", **{**values, **changes})


@dataclass(frozen=True, slots=True)
class VisitAsked:
    """A planned visit that an enterprise has not agreed to, the times it proposes, and whom to call."""

    visit: PlannedVisit
    proposals: list[datetime]
    people: list[tuple[str, str]]
    is_overdue: bool


def _visits_asked(actor: Actor) -> list[VisitAsked]:
    visits = list_visits_asked(actor)
    people = phones_of({visit.booking.enterprise_id for visit in visits})
    return [
        VisitAsked(
            visit,
            [datetime.fromisoformat(at) for at in visit.proposals],
            people.get(visit.booking.enterprise_id, []),
            visit.answer is VisitAnswer.WAITING and (visit.told_at is not None or visit.answer_by <= now()),
        )
        for visit in visits
    ]


@dataclass(frozen=True, slots=True)
class Collecting:
    """An edition that departments submit to, with how many of the actor's have answered."""

    edition: Edition
    done: int
    all: int

    @property
    def owes(self) -> bool:
        """Whether somebody has not."""
        return self.done < self.all


def _collecting(actor: Actor) -> list[Collecting]:
    own = None if actor.has(*EVERYTHING) else sorted(actor.departments(Role.CLERK))
    found = []
    for edition in list_collecting() if own is None or own else ():
        rows = list_standings(edition, own)
        found.append(Collecting(edition, sum(row.state not in OWED for row in rows), len(rows)))
    return found


def _answering(actor: Actor, chosen: Department | None) -> frozenset[int]:
    """The departments for which the desk shows what others ask of them."""
    if chosen is not None:
        return frozenset({chosen.id})
    return actor.departments(Role.CLERK)


def _allowed(actor: Actor) -> dict[str, Any]:
    return {
        "may_edit": lambda slot: is_allowed(actor, Permission.EDIT_SLOT, slot.scope),
        "may_share": lambda slot: is_allowed(actor, Permission.SEE_DESK, slot.scope),
        "may_see_roster": lambda slot: is_allowed(actor, Permission.SEE_ROSTER, slot.scope),
        "may_answer_for": lambda item: is_allowed(actor, Permission.EDIT_SLOT, item.scope),
        "may_create": may_somewhere(actor, Permission.CREATE_SLOT),
        "may_manage_gates": may_somewhere(actor, Permission.MANAGE_GATES),
    }


def _department_to_set(departments: Sequence[Department], actor: Actor, chosen: Department | None) -> Department | None:
    """The department whose settings the desk leads to: the chosen one, or the only one that is the actor's."""
    found = [
        item
        for item in ([chosen] if chosen else departments)
        if is_allowed(actor, Permission.CHANGE_DEPARTMENT_SETTINGS, item.scope)
    ]
    return found[0] if len(found) == 1 else None


def _total(counts: Collection[SlotCounts]) -> SlotCounts:
    return SlotCounts(
        published=sum(item.published for item in counts),
        drafts=sum(item.drafts for item in counts),
        booked=sum(item.booked for item in counts),
        free=sum(item.free for item in counts),
    )


def _numbers(slots: Sequence[Slot]) -> SlotCounts:
    published = [slot for slot in slots if slot.state is SlotState.PUBLISHED]
    return SlotCounts(
        published=len(published),
        drafts=sum(slot.state is SlotState.DRAFT for slot in slots),
        booked=sum(slot.places_taken for slot in published),
        free=sum(slot.places_left for slot in published),
    )
