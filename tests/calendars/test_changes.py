"""Feeds follow what people do: through the services, polled as a client polls."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from eventsys.bookings.rules import NewPlannedVisit
from eventsys.bookings.services import Told, call_off_slot, cancel_booking, change_slot, plan_visit
from eventsys.calendars.tasks import sweep_feeds
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.directory.models import District
from eventsys.slots.models import Slot
from tests import cast, factories
from tests.calendars.conftest import add_link, read


@pytest.fixture(autouse=True)
def _swept_today(app, _swept):
    with unit_of_work():
        db.session.get(District, 1).feed_day = now().astimezone(factories.ZONE).date()


class Poller:
    """A calendar client that sends back both validators it was given."""

    def __init__(self, client, path, *, counts=False):
        self.counts = counts
        self.client, self.path, self.known, self.events = client, path, {}, {}

    def poll(self):
        """The events that differ from the last poll; None for a 304."""
        answer = self.client.get(self.path, headers=self.known)
        for name, value in self.known.items():  # each validator says the same
            if not (self.counts and name == "If-Modified-Since"):  # a time cannot tell two bookings of a second apart
                alone = self.client.get(self.path, headers={name: value})
                assert alone.status_code == answer.status_code
        if answer.status_code == 304:
            return None
        self.known = {"If-None-Match": answer.headers["ETag"], "If-Modified-Since": answer.headers["Last-Modified"]}
        before, self.events = self.events, {key: event.to_ical() for key, event in read(answer).items()}
        return {key for key in before.keys() | self.events.keys() if before.get(key) != self.events.get(key)}


def _pollers(client):
    paths = {
        "all": "/feeds/all.ics",
        "tax": "/feeds/departments/tax.ics",
        "science": "/feeds/departments/kxj.ics",
        "soft": f"/feeds/parks/{cast.fixed_id('k', cast.SOFTWARE_PARK)}.ics",
        "hill": f"/feeds/parks/{cast.fixed_id('k', cast.HILL_PARK)}.ics",
        "mine": add_link(cast.CONTACT)[1],
        "theirs": add_link(cast.STRANGER)[1],
        "desk": add_link(cast.CLERK)[1],
    }
    pollers = {name: Poller(client, path, counts=name == "desk") for name, path in paths.items()}
    for poller in pollers.values():
        assert poller.poll() == set()
    return pollers


def _changed(pollers):
    """Who sees a change, each exactly once: the poll after it is a 304."""
    db.session.remove()
    seen = {name: poller.poll() for name, poller in pollers.items()}
    assert {poller.poll() for poller in pollers.values()} == {None}
    return {name for name, changed in seen.items() if changed}


def _change(slot, **values):
    with unit_of_work():
        change_slot(slot.public_id, factories.new_slot(**values), version=None, actor=cast.CLERK.actor)


def test_a_slot_s_life_is_seen_by_whom_it_concerns_each_change_once(client):
    pollers = _pollers(client)
    slot = factories.make_slot()
    assert _changed(pollers) == {"all", "tax", "soft", "desk"}
    booking = factories.make_booking(slot)
    assert _changed(pollers) == {"mine", "desk"}
    later = slot.starts_at + timedelta(hours=1)
    _change(slot, starts_at=later, place=cast.BASE)
    assert _changed(pollers) == {"all", "tax", "soft", "hill", "desk", "mine"}
    assert slot.public_id not in pollers["soft"].events
    with unit_of_work():
        cancel_booking(booking.public_id, actor=cast.CONTACT.actor)
    assert _changed(pollers) == {"mine", "desk"}
    factories.make_booking(slot)
    assert _changed(pollers) == {"mine", "desk"}
    with unit_of_work():
        call_off_slot(slot.public_id, "台风", actor=cast.CLERK.actor)
    assert _changed(pollers) == {"all", "tax", "hill", "desk", "mine"}
    for name in ("all", "mine"):
        assert b"STATUS:CANCELLED" in pollers[name].events[slot.public_id]
    sweep_feeds(now().astimezone(factories.ZONE).date() + timedelta(days=31))
    assert _changed(pollers) == {"all", "tax", "hill", "desk", "mine"}
    assert not any(poller.events for poller in pollers.values())


def test_a_draft_is_seen_by_nobody(client):
    pollers = _pollers(client)
    slot = factories.make_slot(publish=False)
    _change(slot, title="改过")
    assert _changed(pollers) == set()


@pytest.mark.parametrize(
    "values",
    [
        {"title": "另一个题目"},
        {"description": "另一段说明"},
        {"ends_at": factories.soon() + timedelta(hours=3)},
        {"place": None, "place_text": "市民中心三楼"},
        {"supporting": (cast.SCIENCE,)},
    ],
    ids=lambda values: next(iter(values)),
)
def test_whatever_an_event_shows_raises_its_sets_and_its_sequence(client, values):
    slot = factories.make_slot(starts_at=factories.soon())
    factories.make_booking(slot)
    pollers = _pollers_of(client, ("all", "tax", "mine"))
    before = _sequence(slot)
    _change(slot, starts_at=factories.soon(), **values)
    assert _changed(pollers) == {"all", "tax", "mine"}
    assert _sequence(slot) > before


def _pollers_of(client, names):
    paths = {"all": "/feeds/all.ics", "tax": "/feeds/departments/tax.ics", "mine": add_link(cast.CONTACT)[1]}
    pollers = {name: Poller(client, paths[name]) for name in names}
    for poller in pollers.values():
        assert poller.poll()
    return pollers


def _sequence(slot):
    return db.session.scalar(select(Slot.sequence).where(Slot.id == slot.id))


def test_who_is_put_back_into_the_queue_sees_it_as_a_later_step(app, client):
    slot = factories.make_slot(capacity=2)
    factories.make_booking(slot)
    booking = factories.make_booking(slot, cast.STRANGER)
    path = add_link(cast.STRANGER)[1]
    before = read(client.get(path))[slot.public_id]
    assert before["STATUS"] == "CONFIRMED"
    command = factories.new_slot(capacity=1)
    with unit_of_work():
        told = Told(waits=[booking.public_id])
        change_slot(slot.public_id, command, version=None, actor=cast.CLERK.actor, told=told)
    after = read(client.get(path))[slot.public_id]
    assert after["STATUS"] == "TENTATIVE"
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_planned_visit_waits_for_the_enterprise(app, client):
    with unit_of_work():
        plan_visit(NewPlannedVisit(cast.ACME, factories.new_slot()), actor=cast.CLERK.actor)
    (event,) = read(client.get(add_link(cast.CONTACT)[1])).values()
    assert event["STATUS"] == "TENTATIVE"
    assert "待贵单位答复" in event["DESCRIPTION"]
