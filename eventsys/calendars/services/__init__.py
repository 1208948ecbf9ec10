"""The verbs of calendars."""

from eventsys.calendars.services.imports import draft_sheet, fetch_calendar, read_apart
from eventsys.calendars.services.links import (
    change_feed_link,
    create_feed_link,
    may_have_calendar_of,
    note_fetch,
    renew_feed_link,
    revoke_feed_link,
)

__all__ = [
    "change_feed_link",
    "create_feed_link",
    "draft_sheet",
    "fetch_calendar",
    "may_have_calendar_of",
    "note_fetch",
    "read_apart",
    "renew_feed_link",
    "revoke_feed_link",
]
