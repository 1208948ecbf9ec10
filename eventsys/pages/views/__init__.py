"""The pages, each in the module of its name."""

from eventsys.pages.views import (
    about,
    ballot,
    calling_off,
    desk,
    home,
    many_slots,
    merging,
    my_enterprise,
    no_shows,
    notice,
    requests,
    runs,
    slot,
    slot_editor,
    window,
)
from eventsys.pages.views.blueprint import bp, no_shows_bp, requests_bp, slots_bp

__all__ = [
    "about",
    "ballot",
    "bp",
    "calling_off",
    "desk",
    "home",
    "many_slots",
    "merging",
    "my_enterprise",
    "no_shows",
    "no_shows_bp",
    "notice",
    "requests",
    "requests_bp",
    "runs",
    "slot",
    "slot_editor",
    "slots_bp",
    "window",
]
