"""The daily sweep: the window of all feeds moves on, and exactly the sets that thereby change are raised."""

from __future__ import annotations

from datetime import date

from sqlalchemy import update

from eventsys.calendars.queries import find_concerned
from eventsys.calendars.rules import window_of
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.installation import installation
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.models import District
from eventsys.directory.queries import get_district


def sweep_feeds(today: date | None = None) -> None:
    """Move District.feed_day on to `today` (the district's, by default). Never back; a second time changes nothing."""
    zone = installation().zone
    today = today or now().astimezone(zone).date()
    with unit_of_work():
        swept = get_district().feed_day
        if today <= swept:
            return
        concerned = find_concerned(window_of(swept, zone), window_of(today, zone))
        bump_feed_sets(
            district=concerned.district,
            departments=concerned.departments,
            parks=concerned.parks,
            enterprises=concerned.enterprises,
            staff=concerned.staff,
        )
        moved = update(District).where(District.feed_day < today).values(feed_day=today)
        db.session.execute(moved.execution_options(synchronize_session=False))
