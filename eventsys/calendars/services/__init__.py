"""The verbs of calendars."""

from eventsys.calendars.services.answers import record_answer
from eventsys.calendars.services.busy import (
    Busy,
    add_busy_calendar,
    claim_busy_calendar,
    etag_of,
    look_up_busy,
    remove_busy_calendar,
    settle_busy_calendar,
    url_of,
)
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
    "Busy",
    "add_busy_calendar",
    "change_feed_link",
    "claim_busy_calendar",
    "create_feed_link",
    "draft_sheet",
    "etag_of",
    "fetch_calendar",
    "look_up_busy",
    "may_have_calendar_of",
    "note_fetch",
    "read_apart",
    "record_answer",
    "remove_busy_calendar",
    "renew_feed_link",
    "revoke_feed_link",
    "settle_busy_calendar",
    "url_of",
]
