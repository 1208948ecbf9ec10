"""The pages, each in the module of its name."""

from eventsys.pages.views import (
    about,
    ballot,
    calling_off,
    closed_slots,
    desk,
    home,
    merging,
    my_enterprise,
    no_shows,
    notice,
    requests,
    slot,
    slot_editor,
    window,
    working_calendar,
)
from eventsys.pages.views.blueprint import bp, no_shows_bp, requests_bp, slots_bp, workdays_bp

__all__ = [
    "about",
    "ballot",
    "bp",
    "calling_off",
    "closed_slots",
    "desk",
    "home",
    "merging",
    "my_enterprise",
    "no_shows",
    "no_shows_bp",
    "notice",
    "requests",
    "requests_bp",
    "slot",
    "slot_editor",
    "slots_bp",
    "window",
    "workdays_bp",
    "working_calendar",
]
