"""Reads of feeds and links."""

from eventsys.calendars.queries.events import get_event, heading_of, iter_events
from eventsys.calendars.queries.feeds import Feed, find_private_feed, find_public_feed
from eventsys.calendars.queries.filters import arguments_of, filter_from, read_filter
from eventsys.calendars.queries.links import (
    find_my_link,
    get_my_link,
    list_busy_calendars,
    list_my_links,
    list_organisations,
    list_public_sets,
    list_staff_of,
)
from eventsys.calendars.queries.sweep import find_concerned

__all__ = [
    "Feed",
    "arguments_of",
    "filter_from",
    "find_concerned",
    "find_my_link",
    "find_private_feed",
    "find_public_feed",
    "get_event",
    "get_my_link",
    "heading_of",
    "iter_events",
    "list_busy_calendars",
    "list_my_links",
    "list_organisations",
    "list_public_sets",
    "list_staff_of",
    "read_filter",
]
