"""Reads of feeds and links."""

from eventsys.calendars.queries.events import get_event, list_events
from eventsys.calendars.queries.feeds import (
    Feed,
    FeedKind,
    find_department_feed,
    find_district_feed,
    find_park_feed,
    find_private_feed,
)
from eventsys.calendars.queries.links import (
    find_my_link,
    list_my_links,
    list_organisations,
    list_public_sets,
    list_staff_of,
)
from eventsys.calendars.queries.sweep import find_concerned

__all__ = [
    "Feed",
    "FeedKind",
    "find_concerned",
    "find_department_feed",
    "find_district_feed",
    "find_my_link",
    "find_park_feed",
    "find_private_feed",
    "get_event",
    "list_events",
    "list_my_links",
    "list_organisations",
    "list_public_sets",
    "list_staff_of",
]
