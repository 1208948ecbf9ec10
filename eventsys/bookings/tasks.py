"""What follows from time alone: slots are drawn, places pass on, queues end, unanswered bookings are chased. The worker
calls these."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings.queries import list_slots_over, list_slots_reopened, list_slots_to_serve
from eventsys.bookings.queries.ballot import list_slots_to_draw, list_slots_with_untold
from eventsys.bookings.services import (
    chase_approvals,
    chase_reconfirmations,
    chase_requests,
    chase_visits,
    end_queue,
    hold_draw,
    publish_edition,
    serve_queue,
    tell_drawn,
    tell_reopened,
)
from eventsys.core.actor import system_actor
from eventsys.core.clock import now
from eventsys.core.db import unit_of_work
from eventsys.core.installation import installation
from eventsys.directory.queries import get_district
from eventsys.directory.settings import settings_from
from eventsys.slots.queries.editions import list_editions_to_publish
from eventsys.workdays.queries import working_calendar


def draw_due() -> None:
    """Hold the draws that are due, give the places in the order drawn, and tell who has to wait.

    Each step finds by itself what a crash left undone.
    """
    for slot in list_slots_to_draw():
        with unit_of_work():
            hold_draw(slot)
    for slot in list_slots_with_untold():
        serve_queue(slot)
        is_more = True
        while is_more:
            with unit_of_work():
                is_more = tell_drawn(slot)


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


def publish_editions() -> None:
    """Publish the editions whose opening time has come."""
    for edition in list_editions_to_publish():
        with unit_of_work():
            publish_edition(edition, actor=system_actor("eventsys"))


def remind_departments() -> None:
    """Chase the answers that departments owe, and tell them which enterprises owe one to a planned visit."""
    days = settings_from(get_district().settings).approval_reminder_days
    zone = installation().zone
    local = now().astimezone(zone)
    day = working_calendar().working_days_before(local.date(), days)
    remind_before = datetime.combine(day, local.timetz())
    with unit_of_work():
        chase_approvals(remind_before)
    with unit_of_work():
        chase_requests(remind_before)
    with unit_of_work():
        chase_reconfirmations()
    with unit_of_work():
        chase_visits()
