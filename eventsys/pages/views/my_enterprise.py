"""An enterprise's own page: what is coming, what was, who else, our calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import render_template, request

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import list_enterprise_bookings, list_visits_to_answer, places_in_queue
from eventsys.bookings.rules import ACTIVE, BookingState
from eventsys.core.clock import now
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission
from eventsys.directory.contact_queries import list_own_enterprises
from eventsys.directory.models import Department
from eventsys.directory.queries import district_settings
from eventsys.directory.settings import Settings
from eventsys.pages.queries import count_admitted, count_open, used_by_department
from eventsys.pages.views.blueprint import bp
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import zone

LOOKS_BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Past:
    """A booking that is over or was ended, and how many people were admitted."""

    booking: Booking
    admitted: int


@dataclass(frozen=True, slots=True)
class Used:
    """What of its quotas an enterprise has used: this month by department, and open bookings."""

    month: date
    by_department: list[tuple[Department, int]]
    open: int
    settings: Settings


@bp.get("/my")
@requires(Permission.BOOK)
def my_enterprise() -> str:
    """The page of the contact's enterprise; one of them is chosen by `enterprise` when there are several."""
    own = list_own_enterprises(current_actor())
    chosen = request.args.get("enterprise", own[0].public_id if own else "")
    enterprise = next((item for item in own if item.public_id == chosen), None)
    if enterprise is None:
        raise NotFound()
    bookings = list_enterprise_bookings(enterprise.id, since=now() - LOOKS_BACK)
    coming = [item for item in bookings if item.state in ACTIVE and item.slot.ends_at > now()]
    visits = list_visits_to_answer(enterprise.id)
    return render_template(
        "pages/my_enterprise.html",
        own=own,
        enterprise=enterprise,
        coming=coming,
        past=_past([item for item in bookings if item not in coming and item.state is not BookingState.EXPIRED]),
        places=places_in_queue(coming),
        visits=visits,
        planned={visit.booking_id: visit.answer for visit in visits},
        used=_used(enterprise.id),
    )


def _used(enterprise: int) -> Used:
    settings, today = district_settings(), now().astimezone(zone()).date()
    by_department = used_by_department(enterprise, today.year * 100 + today.month)
    return Used(today, by_department, count_open(enterprise), settings)


def _past(bookings: Sequence[Booking]) -> list[Past]:
    """Newest first."""
    admitted = count_admitted(bookings)
    return [Past(booking, admitted.get(booking.id, 0)) for booking in reversed(bookings)]
