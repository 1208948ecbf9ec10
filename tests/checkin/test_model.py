"""Slots, bookings and check-ins against a model in plain Python, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

import hypothesis.strategies as st
import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from eventsys.bookings.keys import code_of
from eventsys.bookings.models import Booking
from eventsys.bookings.rules import TAKES_PLACES, NewAttendee, NewBooking
from eventsys.bookings.services import book_slot, call_off_slot, cancel_booking, replace_attendee
from eventsys.checkin.queries import list_roster
from eventsys.checkin.rules import CheckIn
from eventsys.checkin.services import annul, check_in
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Refusal
from eventsys.slots.models import Slot
from eventsys.slots.services import publish_slot
from tests import cast
from tests.factories import make_slot

NONCES = itertools.count()
MEMBERS = (cast.CONTACT, cast.STRANGER)


@dataclass
class Person:
    """An attendee of the model."""

    ticket: str
    code: str
    is_valid: bool = True
    scan: str | None = None  # of the admission that stands


@dataclass
class Group:
    """A booking of the model."""

    public_id: str
    enterprise: int
    party: int
    people: list[Person]
    is_active: bool = True


@dataclass
class World:
    """The slot of the model."""

    public_id: str
    capacity: int
    people: int
    state: str = "draft"
    groups: list[Group] = field(default_factory=list)

    @property
    def active(self) -> list[Group]:
        return [group for group in self.groups if group.is_active]

    @property
    def heads(self) -> int:
        return sum(group.party for group in self.active)


class Chain(RuleBasedStateMachine):
    """People do what they like with one slot; the services must say what the model says."""

    groups = Bundle("groups")

    @initialize(capacity=st.integers(1, 3), people=st.integers(1, 6))
    def a_draft(self, capacity: int, people: int) -> None:
        self.slot = make_slot(publish=False, capacity=capacity, attendee_capacity=people, party_max=None)
        self.world = World(self.slot.public_id, capacity, people)
        self.clock = time_machine.travel(self.slot.starts_at - timedelta(minutes=30), tick=False)
        self.clock.start()

    @rule()
    def publish(self) -> None:
        expected = "ok" if self.world.state == "draft" else "not_a_draft"
        assert self.outcome(lambda: publish_slot(self.world.public_id, actor=cast.CLERK.actor)) == expected
        if expected == "ok":
            self.world.state = "published"

    @rule(target=groups, member=st.sampled_from(MEMBERS), party=st.integers(1, 4), named=st.integers(0, 4))
    def book(self, member: cast.Member, party: int, named: int) -> object:
        named = min(named, party)
        expected = self.expected_of_booking(member, party)
        attendees = tuple(NewAttendee(f"人{n}") for n in range(named))
        command = NewBooking(self.world.public_id, member.enterprise or 0, party=party, attendees=attendees)
        made: list[Booking] = []
        outcome = self.outcome(lambda: made.append(book_slot(command, actor=member.actor).booking))  # type: ignore[arg-type]
        assert outcome == expected
        if outcome != "ok":
            return multiple()
        people = [Person(a.public_id, code_of(a, self.world.public_id)) for a in made[0].attendees]
        group = Group(made[0].public_id, member.enterprise or 0, party, people)
        self.world.groups.append(group)
        return group

    def expected_of_booking(self, member: cast.Member, party: int) -> str:
        if self.world.state == "draft":
            return "not_found"
        if any(group.enterprise == member.enterprise for group in self.world.active):
            return "already_booked"
        if self.world.state == "called_off":
            return "slot_called_off"
        if party > self.world.people:
            return "party_too_large"
        if len(self.world.active) >= self.world.capacity or self.world.heads + party > self.world.people:
            return "slot_full"
        return "ok"

    @rule(group=groups)
    def cancel(self, group: Group) -> None:
        member = next(m for m in MEMBERS if m.enterprise == group.enterprise)
        expected = "ok" if group.is_active else "booking_not_active"
        assert self.outcome(lambda: cancel_booking(group.public_id, actor=member.actor)) == expected
        group.is_active = False

    @rule(group=groups, n=st.integers(0, 3))
    def someone_else_comes(self, group: Group, n: int) -> None:
        if n >= len(group.people):
            return
        person = group.people[n]
        expected = "booking_not_active" if not group.is_active else "ok" if person.is_valid else "ticket_not_valid"
        made = []
        assert self.outcome(lambda: made.append(replace_attendee(person.ticket, NewAttendee("替")))) == expected
        if made:
            person.is_valid = False
            group.people.append(Person(made[0].public_id, code_of(made[0], self.world.public_id)))

    @rule(group=groups, n=st.integers(0, 3))
    def scan(self, group: Group, n: int) -> None:
        if n >= len(group.people):
            return
        person = group.people[n]
        expected = (
            "revoked"
            if not person.is_valid
            else "cancelled"
            if not group.is_active
            else "already_admitted"
            if person.scan
            else "admitted"
        )
        with unit_of_work():
            answer = check_in(CheckIn(person.code, f"model-{next(NONCES)}"), actor=cast.STEWARD.actor)
            scan = answer.scan.public_id if answer.scan else None
        assert answer.result == expected
        if expected == "admitted":
            person.scan = scan

    @rule(group=groups, n=st.integers(0, 3))
    def take_back(self, group: Group, n: int) -> None:
        if n < len(group.people) and group.people[n].scan:
            with unit_of_work():
                annul(group.people[n].scan or "", actor=cast.STEWARD.actor)
            group.people[n].scan = None

    @rule()
    def call_off(self) -> None:
        expected = "ok" if self.world.state == "published" else "not_published"
        assert self.outcome(lambda: call_off_slot(self.world.public_id, "停电", actor=cast.CLERK.actor)) == expected
        if expected == "ok":
            self.world.state = "called_off"
            for group in self.world.active:
                group.is_active = False

    @invariant()
    def the_tables_say_the_same(self) -> None:
        if not hasattr(self, "world"):
            return
        db.session.rollback()
        db.session.expire_all()
        slot = db.session.get(Slot, self.slot.id)
        assert slot is not None
        assert (slot.state, slot.places_taken, slot.people_taken) == (
            self.world.state,
            len(self.world.active),
            self.world.heads,
        )
        counted = db.session.execute(
            select(func.count(), func.coalesce(func.sum(Booking.party), 0)).where(
                Booking.slot_id == slot.id, Booking.state.in_(TAKES_PLACES)
            )
        ).one()
        assert tuple(counted) == (slot.places_taken, slot.people_taken)
        admitted = {attendee.public_id for attendee, inside in list_roster(slot.id) if inside}
        assert admitted == {p.ticket for g in self.world.active for p in g.people if p.is_valid and p.scan}

    def outcome(self, act: object) -> str:
        try:
            with unit_of_work():
                act()  # type: ignore[operator]
        except Refusal as refusal:
            return refusal.code
        return "ok"

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            self.clock.stop()


@pytest.mark.usefixtures("app")
def test_the_chain_does_what_the_model_says() -> None:
    run_state_machine_as_test(
        Chain,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
