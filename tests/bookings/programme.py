"""The stage of the stateful test: some slots, enterprises with two contacts each, the clock, and the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import time_machine
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import update

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import NewAttendee, NewBooking
from eventsys.bookings.services import book_slot
from eventsys.bookings.tasks import keep_queues
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Refusal
from eventsys.slots.models import Slot
from eventsys.slots.rules import NewSlot
from eventsys.slots.services import create_slot
from tests import cast
from tests.bookings.ledger import Ledger
from tests.bookings.model import Model
from tests.bookings.model_world import ACTIVE, BASE, Group, Room, Wish
from tests.factories import new_slot

NAMES = ("赵一", "钱二", "孙三", "李四")
DAYS = (4, 5, 6, 15, 16)  # Monday to Wednesday at the end of September, Friday and a Saturday worked after the holidays
ENTERPRISES = (cast.ACME, cast.OTHER, cast.THIRD, 104, 105)
EDITION = 1
STAFF = {cast.TAX: cast.CLERK.actor, cast.SCIENCE: cast.STRANGER_CLERK.actor}

who, which, parties = st.sampled_from(ENTERPRISES), st.sampled_from((0, 0, 0, 1, 1, 2)), st.integers(1, 3)
some = st.integers(0, 20)  # one of the bookings there are
_limits = st.sampled_from((None, None, None, 1, 2))
_starts = st.builds(lambda day, hour: BASE + timedelta(days=day, hours=hour), st.sampled_from(DAYS), st.integers(0, 8))
wishes = st.builds(
    lambda party, least, asks_first: Wish(party, min(party, least), waits=True, asks_first=asks_first, named=party),
    parties,
    parties,
    st.sampled_from((True, True, False)),
)
kinds_of_room = st.fixed_dictionaries(
    {
        "department": st.sampled_from((cast.TAX, cast.TAX, cast.SCIENCE)),
        "starts_at": _starts,
        "capacity": st.sampled_from((1, 1, 2, 3)),
        "people": st.one_of(st.none(), st.integers(3, 6)),
        "opens_at": st.sampled_from((None, None, None, None, None, BASE + timedelta(hours=1))),
        "needs_approval": st.sampled_from((False, False, True)),
        "quota_month": _limits,
        "quota_edition": _limits,
        "quota_open": _limits,
        "edition": st.sampled_from((None, EDITION)),
    }
)


def contact(enterprise: int, *, colleague: bool = False) -> Actor:
    """One of the two contacts of an enterprise."""
    if enterprise == cast.ACME:
        return (cast.COLLEAGUE if colleague else cast.CONTACT).actor
    name = f"{enterprise}号企业{'同事' if colleague else '联系人'}"
    return Actor(name=name, grants=frozenset({Grant(Role.CONTACT, enterprise=enterprise)}))


def command_of(room: Room, **changes: Any) -> NewSlot:
    """The command that makes the slot, or changes it to be so."""
    room = replace(room, **changes)
    return new_slot(
        department=room.department,
        starts_at=room.starts_at,
        ends_at=room.ends_at,
        opens_at=room.opens_at,
        closes_at=room.closes_at,
        cancel_until=room.cancel_until,
        names_until=room.names_until,
        capacity=room.capacity,
        attendee_capacity=room.people,
        party_max=None,
        needs_approval=room.needs_approval,
        quota_month=room.quota_month,
        quota_edition=room.quota_edition,
        quota_open=room.quota_open,
        edition=room.edition,
    )


class Programme(RuleBasedStateMachine):
    """Everything but what people do: that is for a subclass."""

    model: Model

    @initialize(
        kinds=st.lists(kinds_of_room, min_size=3, max_size=3),
        crowd=st.lists(st.tuples(wishes, who, which), min_size=7, max_size=12, unique_by=lambda one: one[1:]),
    )
    def publish(self, kinds: list[dict[str, Any]], crowd: list[tuple[Wish, int, int]]) -> None:
        self.clock = time_machine.travel(BASE, tick=False)
        self.traveller = self.clock.start()
        self.inside: set[str] = set()
        with unit_of_work():  # what former examples left is over
            over = {"state": "expired", "is_late_cancellation": False, "lapses_at": None, "cancelled_at": None}
            db.session.execute(update(Booking).values(over))
            db.session.execute(update(Slot).values(waiting=0, lapses_at=None))
        model = Model([Room(**kind) for kind in kinds], BASE)
        for room in model.rooms:
            room.settle_queue(BASE)
            with unit_of_work():
                room.id = create_slot(command_of(room), actor=STAFF[room.department], publish=True).public_id
        self.ledger = Ledger([room.id for room in model.rooms])
        self.model = model
        for wish, enterprise, number in crowd:
            self.ask_for(wish, enterprise, number)

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            self.clock.stop()

    # Time.

    @rule(minutes=st.sampled_from((1, 9, 10, 11, 60, 240, 720, 1440)))
    def time_passes(self, minutes: int) -> None:
        self.travel(self.model.now + timedelta(minutes=minutes))

    @rule(n=st.sampled_from((0, 0, 0, 1, 2, 4)))
    def the_next_moment_comes(self, n: int) -> None:
        """One of the moments from which something is different, to the second."""
        points = ("queue_until", "cancel_until", "names_until", "closes_at", "starts_at", "ends_at", "opens_at")
        moments = {getattr(room, point) or BASE for room in self.model.rooms for point in points}
        moments |= {group.lapses_at for group in self.model.groups if group.lapses_at}
        to_come = sorted(moment for moment in moments if moment > self.model.now)
        self.travel(to_come[min(n, len(to_come) - 1)] if to_come else self.model.now)

    def travel(self, to: datetime) -> None:
        if to > self.model.now:
            self.model.travel(to)
            self.traveller.move_to(to)

    @rule()
    def the_worker_comes(self) -> None:
        keep_queues()
        self.model.keep_queues()
        for room in self.model.rooms:
            is_free = not room.is_called_off and self.model.now < room.queue_until and self.model.places_left(room)
            assert not is_free or self.model.turn(room) is None, "a place stays idle"

    # What a subclass needs.

    def ask_for(self, wish: Wish, who: int, which: int, *, colleague: bool = False, on_behalf: bool = False) -> None:
        room = self.model.rooms[which]
        command = NewBooking(
            room.id,
            who,
            party=wish.party,
            attendees=tuple(NewAttendee(name) for name in NAMES[: wish.named]),
            waits=wish.waits,
            party_min=wish.party_min,
            asks_first=wish.asks_first,
        )
        actor = STAFF[room.department] if on_behalf else contact(who, colleague=colleague)
        expected = self.model.book(who, room, wish, on_behalf=on_behalf)
        booked = self.act(expected, lambda: book_slot(command, actor=actor))
        if booked:
            self.name_last(booked.booking.public_id)

    def bookings(self, *states: str) -> list[Group]:
        """The bookings in these states; without states the active ones and the last that ended. A hold that is over is
        none of them while the tables have not noticed."""
        if states:
            return [group for group in self.model.groups if group.state in states]
        ended = [group for group in self.model.groups if group.state not in ACTIVE]
        noticed = [group for group in ended if self.ledger.bookings[group.id].state != "held"]
        return [group for group in self.model.groups if group.state in ACTIVE] + noticed[-2:]

    def one_of(self, n: int, *states: str) -> Group:
        groups = self.bookings(*states)
        return groups[n % len(groups)]

    def act(self, expected: str, deed: Callable[[], Any]) -> Any:
        """Do it; the outcome is as the model says. None when it was refused."""
        outcome, made = "ok", None
        try:
            with unit_of_work():
                made = deed()
        except Refusal as refusal:
            outcome = refusal.code
        assert outcome == expected
        return made if outcome == "ok" else None

    def name_last(self, public_id: str) -> None:
        """The model's last group is this booking. It may have gone on with a hold that is over: then they are one."""
        last = self.model.last
        lapsed = [group for group in self.model.groups if group.id == public_id and group is not last]
        assert all(group.state == "expired" for group in lapsed)
        self.model.groups = [group for group in self.model.groups if group not in lapsed]
        last.id = public_id

    # The comparison, after every step.

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def the_tables_say_the_same(self) -> None:
        self.ledger.read()
        self.ledger.check()
        assert self.ledger.bookings.keys() == {group.id for group in self.model.groups}
        for group in self.model.groups:
            self.compare(group)
        for room in self.model.rooms:
            slot = self.ledger.slots[room.id]
            told = (slot.state == "called_off", slot.queue_until, slot.capacity, slot.attendee_capacity)
            assert told == (room.is_called_off, room.queue_until, room.capacity, room.people)

    def compare(self, group: Group) -> None:
        row = self.ledger.bookings[group.id]
        is_over = row.state == "held" and row.lapses_at is not None and row.lapses_at <= self.model.now
        state = "expired" if is_over else row.state.value
        assert (state, row.party, row.is_late_cancellation) == (group.state, group.party, group.is_late)
        assert row.moved_from == group.moved_from
        if state in {"held", "offered"}:
            assert row.lapses_at == group.lapses_at
        if state == "waitlisted":
            waiting = (row.queue_number, row.party_min, row.passed_over, row.passed_since)
            assert waiting == (group.number, group.party_min, group.passed, group.passed_since)
        names = [ticket.name for ticket in self.ledger.tickets[group.id] if ticket.state == "valid"]
        assert tuple(sorted(names)) == tuple(sorted(NAMES[: group.named]))
