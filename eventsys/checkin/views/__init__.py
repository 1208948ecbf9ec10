"""Pages at the door, by what they are about."""

from eventsys.checkin.views import (
    after,
    badges,
    devices,
    door,
    gates,
    joining,
    live,
    roster,
    sign_in,
    venue,
    visit_photos,
    visit_team,
    visits,
    walk_ins,
)
from eventsys.checkin.views.blueprint import bp

__all__ = [
    "after",
    "badges",
    "bp",
    "devices",
    "door",
    "gates",
    "joining",
    "live",
    "roster",
    "sign_in",
    "venue",
    "visit_photos",
    "visit_team",
    "visits",
    "walk_ins",
]
