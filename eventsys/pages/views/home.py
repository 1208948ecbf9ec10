"""What comes this month and next: a list, a calendar, filters and search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from flask import Response, jsonify, render_template, request, url_for

from eventsys.bookings.queries import facts_of
from eventsys.core.clock import now
from eventsys.directory.queries import all_departments, all_parks
from eventsys.pages.forms.search import read_search, read_span
from eventsys.pages.forms.words import format_words, topic_words
from eventsys.pages.queries import own_bookings, page_of_slots
from eventsys.pages.rules import Standing, standing
from eventsys.pages.views.anonymous import same_for_strangers
from eventsys.pages.views.blueprint import bp, local_day
from eventsys.slots.models import Slot
from eventsys.slots.queries import in_brief, list_slots
from eventsys.web.guards import current_actor, public
from eventsys.web.locale import local_name, zone
from eventsys.web.months import Month

CALENDAR_MAX = 1_500


@bp.get("/")
@public
@same_for_strangers
def home() -> str:
    """The list of what comes, by day, or the calendar of it."""
    actor, search = current_actor(), read_search(request.args)
    wanted = search.to_filter(*search.span(zone(), now()))
    page = page_of_slots(wanted, actor, request.args.get("cursor"))
    this_month = Month(now().astimezone(zone()).date().replace(day=1))
    return render_template(
        "pages/home.html",
        search=search,
        days=by_day(page.items),
        next=page.next,
        booked=own_bookings(page.items, actor),
        months=[this_month, this_month.next],
        departments=all_departments(),
        parks=all_parks(),
        topics=topic_words(),
        formats=format_words(),
        is_first=not request.args.get("cursor"),
        time_zone=zone().key,
    )


@bp.get("/calendar.json")
@public
@same_for_strangers
def calendar_data() -> Response:
    """The slots of a span as events of the calendar, under the filters of the home page."""
    actor, search = current_actor(), read_search(request.args)
    slots = list_slots(search.to_filter(*read_span(request.args, zone())), actor, limit=CALENDAR_MAX, loaded=in_brief)
    return jsonify({"items": [_event(slot) for slot in slots]})


def by_day(slots: Sequence[Slot]) -> list[tuple[date, list[Slot]]]:
    """Slots that come by start, in groups of one day of the district."""
    return [(day, list(group)) for day, group in groupby(slots, key=lambda slot: local_day(slot.starts_at))]


def _event(slot: Slot) -> dict[str, Any]:
    bookable = standing(facts_of(slot), slot.ends_at, now()) in {Standing.OPEN, Standing.NOT_OPEN}
    return {
        "id": slot.public_id,
        "title": f"{slot.department.short_name} {local_name(slot)}",
        "start": _local(slot.starts_at),
        "end": _local(slot.ends_at),
        "url": url_for("slots.detail", public_id=slot.public_id),
        "color": f"dept-c{slot.department.colour}",
        "muted": not bookable,
        "place": local_name(slot.place) if slot.place else slot.place_text,
    }


def _local(at: datetime) -> str:
    return at.astimezone(zone()).isoformat()
