"""What follows from time alone: places pass on, queues end, unanswered bookings are chased. The worker calls these."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings.queries import list_slots_over, list_slots_reopened, list_slots_to_serve
from eventsys.bookings.services import chase_approvals, end_queue, serve_queue, tell_reopened
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.installation import installation
from eventsys.directory.queries import get_district
from eventsys.directory.settings import settings_from
from eventsys.workdays.calendar import working_days_before


def keep_queues() -> None:
    """Expire what lapsed, give free places to who waits, open them to all in time, and close the queues of slots that
    are over: until then whoever waits may be let in at the door."""
    for slot in list_slots_to_serve():
        serve_queue(slot)
    for slot in list_slots_reopened():
        with unit_of_work():
            tell_reopened(slot)
    for slot in list_slots_over():
        end_queue(slot)


def remind_departments() -> None:
    """Chase the answers that departments owe."""
    days = settings_from(get_district().settings).approval_reminder_days
    zone = installation().zone
    local = now().astimezone(zone)
    remind_before = datetime.combine(working_days_before(local.date(), days), local.timetz())
    with unit_of_work():
        chase_approvals(remind_before)
