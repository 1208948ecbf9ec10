"""The daily sweep: exactly the sets whose text changes are raised, and only then."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from eventsys.bookings.rules import BookingState
from eventsys.calendars.tasks import sweep_feeds
from eventsys.core.db import db
from eventsys.directory.models import Department, District, Enterprise, Park
from eventsys.slots.rules import AudienceKind, SlotState
from tests import cast
from tests.calendars.conftest import FEED_DAY, add_booking, add_link, add_slot, on, read

SETS = {"district": District, "department": Department, "park": Park, "enterprise": Enterprise}
NOTHING: set[tuple[str, int]] = set()
TAX, SCIENCE = ("department", cast.TAX), ("department", cast.SCIENCE)
PUBLIC = {("district", 1), TAX, ("park", cast.SOFTWARE_PARK)}


def _revisions():
    db.session.rollback()
    return {
        (name, key): revision
        for name, model in SETS.items()
        for key, revision in db.session.execute(select(model.id, model.feed_revision))
    }


def _raised(days=1):
    before = _revisions()
    sweep_feeds(FEED_DAY + timedelta(days=days))
    after = _revisions()
    assert all(after[key] - before[key] in (0, 1) for key in after)
    return {key for key in after if after[key] != before[key]}


def _feed_day():
    db.session.rollback()
    return db.session.scalar(select(District.feed_day))


def test_a_day_on_which_nothing_changes_raises_nothing(app):
    add_booking(add_slot())
    assert _raised() == NOTHING
    assert _feed_day() == FEED_DAY + timedelta(days=1)


def test_a_called_off_event_drops_after_thirty_days(app):
    add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-30), supporting=[cast.SCIENCE])
    add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-29), department_id=cast.SCIENCE, park_id=cast.HILL_PARK)
    add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-40))  # gone already
    assert _raised() == {*PUBLIC, SCIENCE}


@pytest.mark.parametrize("start", [on(-90), on(401)])
def test_an_event_comes_or_goes_at_the_window_s_edge(app, start):
    add_slot(start)
    add_slot(start, state=SlotState.DRAFT, department_id=cast.SCIENCE, park_id=cast.HILL_PARK)
    assert _raised() == PUBLIC


def test_a_hidden_event_changes_its_departments_own_feed_alone(app):
    add_slot(on(-90), audience_kind=AudienceKind.NAMED)
    assert _raised() == {TAX}


def test_an_enterprises_cancelled_booking_drops_after_thirty_days(app):
    slot, again = add_slot(), add_slot()
    add_booking(slot, BookingState.CANCELLED, ended_at=on(-30))
    add_booking(again, BookingState.CANCELLED, ended_at=on(-30))  # booked again since, so the event stays
    add_booking(again, enterprise_id=cast.ACME)
    add_booking(again, BookingState.CANCELLED, ended_at=on(-30), enterprise_id=cast.OTHER)
    add_booking(slot, BookingState.CANCELLED, ended_at=on(-10), enterprise_id=cast.THIRD)
    assert _raised() == {("enterprise", cast.ACME), ("enterprise", cast.OTHER)}


def test_an_enterprises_feed_moves_with_the_window(app):
    add_booking(add_slot(on(-90), is_hidden=True))
    assert _raised() == {TAX, ("enterprise", cast.ACME)}


def test_several_days_at_once_after_the_worker_stood_still(app):
    add_slot(on(-90))
    add_slot(on(-85), department_id=cast.SCIENCE, park_id=cast.HILL_PARK)
    assert _raised(5) == PUBLIC
    assert _feed_day() == FEED_DAY + timedelta(days=5)
    assert _raised(6) == {("district", 1), SCIENCE, ("park", cast.HILL_PARK)}


@pytest.mark.parametrize("days", [0, -1, -400])
def test_it_never_goes_back_and_a_second_time_changes_nothing(app, days):
    add_slot(on(-90))
    assert _raised(days) == NOTHING
    assert _feed_day() == FEED_DAY


def test_by_default_it_sweeps_to_the_districts_today(app):
    import time_machine

    with time_machine.travel(on(3).replace(hour=0, minute=30), tick=False):  # still yesterday in UTC
        sweep_feeds()
    assert _feed_day() == on(3).date()


def test_what_clients_see_changes_exactly_where_the_sweep_says(client):
    """For every kind of feed and event: the bytes change with the day if, and only if, its set is raised."""
    ids = {name: cast.fixed_id("k", key) for name, key in (("soft", cast.SOFTWARE_PARK), ("hill", cast.HILL_PARK))}
    feeds = {
        ("district", 1): "/feeds/all.ics",
        TAX: add_link(cast.CLERK)[1],
        SCIENCE: add_link(cast.STRANGER_CLERK)[1],
        ("park", cast.SOFTWARE_PARK): f"/feeds/parks/{ids['soft']}.ics",
        ("park", cast.HILL_PARK): f"/feeds/parks/{ids['hill']}.ics",
        ("enterprise", cast.ACME): add_link(cast.CONTACT)[1],
        ("enterprise", cast.OTHER): add_link(cast.STRANGER)[1],
    }
    hill = {"department_id": cast.SCIENCE, "park_id": cast.HILL_PARK}
    add_booking(add_slot(on(-88)))
    add_booking(add_slot(on(403), is_hidden=True), enterprise_id=cast.OTHER)
    add_booking(add_slot(**hill), BookingState.CANCELLED, ended_at=on(-27))
    add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-26), **hill)
    add_booking(add_slot(state=SlotState.CALLED_OFF, called_off_at=on(-25)), BookingState.CANCELLED, ended_at=on(-25))
    bodies, moved = {key: client.get(path).data for key, path in feeds.items()}, 0
    for day in range(1, 8):
        raised = _raised(day)
        now_is = {key: client.get(path).data for key, path in feeds.items()}
        assert {key for key in feeds if now_is[key] != bodies[key]} == raised - {("enterprise", cast.THIRD)}
        moved += len(raised)
        bodies = now_is
    assert moved > 8
    assert read(client.get(feeds["district", 1])) is not None
