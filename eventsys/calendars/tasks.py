"""What calendars need done: the daily sweep, in which the window of all feeds moves on and exactly the sets that
thereby change are raised; reading the calendars of staff, and the answers to invitations."""

from __future__ import annotations

from datetime import date

import structlog
from cryptography.fernet import InvalidToken
from sqlalchemy import update

from eventsys.calendars.answers import read_reply
from eventsys.calendars.mailbox import NoMailbox, unread_mails
from eventsys.calendars.queries import find_concerned
from eventsys.calendars.rules import window_of
from eventsys.calendars.services import (
    claim_busy_calendar,
    etag_of,
    look_up_busy,
    record_answer,
    settle_busy_calendar,
    url_of,
)
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Invalid
from eventsys.core.installation import installation
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.models import District
from eventsys.directory.queries import get_district

log = structlog.get_logger(__name__)


def read_busy_calendars() -> bool:
    """Read one calendar of somebody of the staff that is due; whether there was one."""
    with unit_of_work():
        row = claim_busy_calendar()
    if row is None:
        return False
    busy, error = None, ""
    try:
        busy = look_up_busy(url_of(row), etag_of(row))
    except Invalid as refusal:
        error = f"{refusal.code} {refusal.fields.get('status', '')}".strip()
    except InvalidToken:  # sealed under another secret key
        error = "url_scheme"
    with unit_of_work():
        settle_busy_calendar(row.id, busy, error)
    return True


def read_answers() -> bool:
    """Read the answers to invitations out of the mailbox, when one is set; False, for the next look is soon enough."""
    url = installation().answers_url
    if not url:
        return False
    try:
        with unread_mails(url) as mails:
            for raw in mails:
                reply = read_reply(raw)
                if reply is not None:
                    with unit_of_work():
                        record_answer(reply)
    except NoMailbox as error:
        log.warning("answers_not_read", error=str(error))
    return False


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
