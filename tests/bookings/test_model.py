"""Holds, bookings, waiting list, offers, approvals, moves and quotas against a model in plain Python."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from datetime import date, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from eventsys.bookings import services
from eventsys.bookings.keys import code_of
from eventsys.bookings.rules import NewAttendee
from eventsys.checkin.rules import CheckIn
from eventsys.checkin.services import check_in
from eventsys.core import db as core_db
from eventsys.core.db import db, unit_of_work
from eventsys.core.ids import new_public_id
from eventsys.directory.models import Enterprise
from eventsys.slots.models import Edition, Series
from tests import cast
from tests.bookings.model_world import Group, Room, Wish
from tests.bookings.programme import (
    EDITION,
    ENTERPRISES,
    STAFF,
    Programme,
    command_of,
    contact,
    parties,
    some,
    which,
    who,
    wishes,
)

FULL = bool(os.environ.get("EVENTSYS_SOAK"))
EXAMPLES, STEPS = (1_000, 60) if FULL else (30, 25)
NONCES = itertools.count()
LATE_IN_THE_DAY = 15


class Booking(Programme):
    """What people of enterprises and departments do."""

    @rule(who=who, which=which, party=parties, colleague=st.booleans())
    def press(self, who: int, which: int, party: int, colleague: bool) -> None:
        self.press_for(who, which, party, colleague=colleague)

    def press_for(self, who: int, which: int, party: int, *, colleague: bool = False) -> None:
        room, actor = self.model.rooms[which], contact(who, colleague=colleague)
        expected = self.model.hold(who, room, party)
        held = self.act(expected, lambda: services.hold_slot(room.id, who, party, actor=actor))
        if held:
            self.name_last(held.public_id)

    @precondition(lambda self: self.bookings("held"))
    @rule(n=some)
    def give_up(self, n: int) -> None:
        group = self.one_of(n, "held")
        who, room = group.enterprise, group.room
        expected = self.model.give_up(who, room)
        self.act(expected, lambda: services.give_up_hold(room.id, who, actor=contact(who)))

    @rule(
        who=who, which=which, party=parties, named=st.integers(0, 4), colleague=st.booleans(), on_behalf=st.booleans()
    )
    def book(self, who: int, which: int, party: int, named: int, colleague: bool, on_behalf: bool) -> None:
        wish = Wish(party, party, named=min(named, party))
        self.ask_for(wish, who, which, colleague=colleague, on_behalf=on_behalf)

    @precondition(lambda self: self.bookings("held", "waitlisted"))
    @rule(n=some, wish=wishes, waits=st.booleans())
    def go_on(self, n: int, wish: Wish, waits: bool) -> None:
        group = self.one_of(n, "held", "waitlisted")
        which = self.model.rooms.index(group.room)
        self.ask_for(replace(wish, waits=waits), group.enterprise, which, colleague=True)

    @rule(who=who, which=which, wish=wishes)
    def wait_in_line(self, who: int, which: int, wish: Wish) -> None:
        self.ask_for(wish, who, which)

    @precondition(lambda self: self.bookings())
    @rule(n=some, by_staff=st.booleans())
    def cancel(self, n: int, by_staff: bool) -> None:
        group = self.one_of(n)
        actor = STAFF[group.room.department] if by_staff else contact(group.enterprise)
        self.act(self.model.cancel(group), lambda: services.cancel_booking(group.id, actor=actor))

    @precondition(lambda self: self.bookings())
    @rule(n=some, party=parties, by_staff=st.booleans())
    def resize(self, n: int, party: int, by_staff: bool) -> None:
        group = self.one_of(n)
        actor = STAFF[group.room.department] if by_staff else contact(group.enterprise)
        tickets = [ticket for ticket in self.ledger.tickets[group.id] if ticket.state == "valid"]
        people = tuple((ticket.public_id, NewAttendee(ticket.name)) for ticket in tickets[:party])
        expected = self.model.resize(group, party, by_staff=by_staff)
        self.act(expected, lambda: services.name_attendees(group.id, people, actor=actor, party=party))

    @precondition(lambda self: self.bookings())
    @rule(n=some, further=st.integers(1, 2), by_staff=st.booleans())
    def move(self, n: int, further: int, by_staff: bool) -> None:
        group, rooms = self.one_of(n), self.model.rooms
        room = rooms[(rooms.index(group.room) + further) % len(rooms)]
        actor = cast.COORDINATOR.actor if by_staff else contact(group.enterprise)
        expected = self.model.move(group, room, on_behalf=by_staff)
        moved = self.act(expected, lambda: services.move_booking(group.id, room.id, actor=actor))
        if moved:
            self.name_last(moved.public_id)

    @precondition(lambda self: self.bookings("offered"))
    @rule(n=some, takes=st.booleans())
    def answer_offer(self, n: int, takes: bool) -> None:
        group = self.one_of(n, "offered")
        actor = contact(group.enterprise)
        if takes:
            expected = self.model.confirm(group, by_staff=False)
            self.act(expected, lambda: services.confirm_booking(group.id, actor=actor))
        else:
            self.act(self.model.rejoin(group), lambda: services.rejoin(group.id, actor=actor))

    # What seldom comes about by chance.

    @precondition(lambda self: self.in_the_way_of_who_asks())
    @rule(n=some, seconds=st.sampled_from((None, -1, 0, 1)), is_rushed=st.booleans())
    def a_place_is_offered(self, n: int, seconds: int | None, is_rushed: bool) -> None:
        """It becomes free, late in the day perhaps and the slot is moved to tomorrow, and the offer is answered about
        the end of its time."""
        groups = self.in_the_way_of_who_asks()
        group = groups[n % len(groups)]
        if is_rushed:
            self.travel(self.model.now.replace(hour=LATE_IN_THE_DAY, minute=0))
        self.withdraw(group)
        offered = [other for other in self.bookings("offered") if other.room is group.room]
        days = (self.model.now.date() - group.room.starts_at.date()).days + 1
        if offered and is_rushed and days < 0:
            self.reschedule_by(group.room, days)
        if offered and seconds is not None and offered[0].lapses_at is not None and offered[0].state == "offered":
            self.travel(offered[0].lapses_at + timedelta(seconds=seconds))
            expected, actor = self.model.confirm(offered[0], by_staff=False), contact(offered[0].enterprise)
            self.act(expected, lambda: services.confirm_booking(offered[0].id, actor=actor))

    def in_the_way_of_who_asks(self) -> list[Group]:
        """Who has a place in a slot for which somebody waits that wants to be asked."""
        rooms = [group.room for group in self.bookings("waitlisted") if group.asks_first]
        return [group for group in self.bookings("confirmed") if any(group.room is room for room in rooms)]

    def withdraw(self, group: Group) -> None:
        actor = STAFF[group.room.department]
        self.act(self.model.cancel(group), lambda: services.cancel_booking(group.id, actor=actor))

    @precondition(lambda self: self.bookings("waitlisted"))
    @rule(n=some, party=parties)
    def who_waits_books_when_the_queue_orders_no_more(self, n: int, party: int) -> None:
        group = self.one_of(n, "waitlisted")
        self.travel(group.room.queue_until)
        for other in [other for other in self.bookings("confirmed") if other.room is group.room][:1]:
            self.withdraw(other)
        which = self.model.rooms.index(group.room)
        self.ask_for(Wish(party, party, named=party), group.enterprise, which)

    @rule(who=who, rival=who, which=which, party=parties, more=st.integers(0, 2), waits=st.booleans())
    def press_and_book(self, who: int, rival: int, which: int, party: int, more: int, waits: bool) -> None:
        """A hold goes on as a booking, often for more than it was for, when somebody else waits by then."""
        self.press_for(who, which, party)
        self.ask_for(Wish(1, 1, waits=True, asks_first=True, named=1), rival, which)
        self.ask_for(Wish(party + more, party, waits=waits, named=party), who, which)

    @precondition(lambda self: self.bookings("pending"))
    @rule(n=some, yes=st.booleans())
    def decide(self, n: int, yes: bool) -> None:
        group = self.one_of(n, "pending", "pending", "confirmed")
        actor = STAFF[group.room.department]
        if yes:
            expected = self.model.confirm(group, by_staff=True)
            self.act(expected, lambda: services.confirm_booking(group.id, actor=actor))
        else:
            self.act(self.model.decline(group), lambda: services.decline_booking(group.id, "人员不足", actor=actor))

    @precondition(lambda self: any(group.is_late or group.state == "waitlisted" for group in self.model.groups))
    @rule(who=who, which=which)
    def grant_exception(self, who: int, which: int) -> None:
        room, actor = self.model.rooms[which], cast.COORDINATOR.actor
        room.exceptions.add(who)
        self.act("ok", lambda: services.grant_exception(room.id, who, "重点企业", actor=actor) or True)

    @rule(which=which, capacity=st.integers(1, 4), people=st.one_of(st.none(), st.integers(2, 6)))
    def resize_room(self, which: int, capacity: int, people: int | None) -> None:
        room = self.model.rooms[which]
        command, actor = command_of(room, capacity=capacity, people=people), STAFF[room.department]
        expected = self.model.resize_room(room, capacity, people)
        self.act(expected, lambda: services.change_slot(room.id, command, version=None, actor=actor))

    @precondition(lambda self: self.bookings("confirmed", "pending", "offered"))
    @rule(n=some, chosen=st.integers(1, 15), capacity=st.integers(1, 3), people=st.one_of(st.none(), st.integers(2, 6)))
    def shrink_room(self, n: int, chosen: int, capacity: int, people: int | None) -> None:
        """Some of those who have places wait again: those whose bit is set."""
        room = self.one_of(n, "confirmed", "pending", "offered").room
        placed = [group for group in self.model.takers(room) if group.state != "held"]
        placed.sort(key=lambda group: self.ledger.bookings[group.id].id)
        waits = [group for position, group in enumerate(placed) if chosen >> position & 1]
        command, actor = command_of(room, capacity=capacity, people=people), STAFF[room.department]
        expected = self.model.shrink(room, capacity, people, waits)
        told = services.Told("场地变小", [group.id for group in waits])
        self.act(expected, lambda: services.change_slot(room.id, command, version=None, actor=actor, told=told))

    @precondition(lambda self: any(group.moved_from for group in self.model.groups))
    @rule(n=some, by_staff=st.booleans())
    def agree_to_the_new_time(self, n: int, by_staff: bool) -> None:
        moved = [group for group in self.model.groups if group.moved_from]
        group = moved[n % len(moved)]
        actor = STAFF[group.room.department] if by_staff else contact(group.enterprise)
        expected = self.model.confirm(group, by_staff=by_staff)
        self.act(expected, lambda: services.confirm_booking(group.id, actor=actor))

    @rule(which=which, days=st.integers(-3, 8).filter(bool))
    def reschedule(self, which: int, days: int) -> None:
        self.reschedule_by(self.model.rooms[which], days)

    def reschedule_by(self, room: Room, days: int) -> None:
        delay = timedelta(days=days)
        if room.opens_at and room.closes_at + delay <= room.opens_at:
            return
        command, actor = command_of(room, starts_at=room.starts_at + delay), STAFF[room.department]
        expected = self.model.reschedule(room, delay)
        self.act(expected, lambda: services.change_slot(room.id, command, version=None, actor=actor))

    @precondition(lambda self: len(self.model.groups) > 11)
    @rule(which=which)
    def call_off(self, which: int) -> None:
        room = self.model.rooms[which]
        actor = STAFF[room.department]
        self.act(self.model.call_off(room), lambda: services.call_off_slot(room.id, "台风", actor=actor))

    @precondition(lambda self: any(self.ledger.tickets.values()))
    @rule(n=some)
    def scan(self, n: int) -> None:
        tickets = [(group, ticket) for group in self.model.groups for ticket in self.ledger.tickets[group.id]]
        group, ticket = tickets[n % len(tickets)]
        room = group.room
        expected = self.model.scan(group, is_valid=ticket.state == "valid", is_inside=ticket.public_id in self.inside)
        command = CheckIn(code_of(ticket, room.id), f"programme-{next(NONCES)}")
        with unit_of_work():
            assert check_in(command, actor=STAFF[room.department]).result == expected
        self.inside |= {ticket.public_id} if expected == "admitted" else set()


@pytest.fixture
def world(app, monkeypatch):
    """Five enterprises and an edition; what fails after a commit fails the test."""
    monkeypatch.setattr(core_db, "_run", lambda hook: hook())
    with unit_of_work():
        for number in ENTERPRISES[3:]:
            code = f"91350299MA00000{number}"
            db.session.add(Enterprise(id=number, public_id=new_public_id(), credit_code=code, name=f"{number}号企业"))
        series = Series(public_id=new_public_id(), name="党企面对面")
        days = {"starts_on": date(2026, 9, 1), "ends_on": date(2026, 10, 31)}
        db.session.add(Edition(id=EDITION, public_id=new_public_id(), series=series, number=9, **days))


@pytest.mark.soak
@pytest.mark.usefixtures("world")
def test_booking_does_what_the_model_says() -> None:
    sizes = {"max_examples": EXAMPLES, "stateful_step_count": STEPS}
    run_state_machine_as_test(
        Booking, settings=settings(**sizes, deadline=None, suppress_health_check=list(HealthCheck))
    )
