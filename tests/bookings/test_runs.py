"""Changing one slot of a run, those that follow, or all: against a model, and who is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from eventsys.bookings.services import RunChange, call_off_slot, change_run
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of, get_run, list_run_slots
from eventsys.slots.recurrence import Every, OnHoliday
from eventsys.slots.rules import SlotState
from eventsys.slots.scopes import RunScope
from eventsys.slots.services import publish_slot
from tests import cast
from tests.factories import ZONE, make_booking, make_slot, new_run, tomorrow
from tests.slots.test_runs import make_run
from tests.support import counted_statements

CLERK = cast.CLERK.actor
SIZE = 5
FULL = bool(os.environ.get("EVENTSYS_SOAK"))
EXAMPLES, STEPS = (200, 40) if FULL else (8, 12)


@dataclass
class Row:
    """A slot of the run as the model has it."""

    id: str
    at: datetime
    minutes: int = 90
    title: str = "旧"
    capacity: int = 3
    place_text: str = ""
    state: str = "draft"
    booked: int = 0

    def with_(self, changes):
        clock = changes.get("clock", self.at.time())
        kept = {name: value for name, value in changes.items() if name not in {"clock", "days"}}
        return replace(self, at=datetime.combine(self.at.date(), clock, ZONE), **kept)


changes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["旧", "新", "更新 𠮷"]),
        "capacity": st.integers(1, 3),
        "minutes": st.sampled_from([30, 90]),
        "clock": st.sampled_from([time(9), time(14), time(20, 30)]),
        "place_text": st.sampled_from(["", "5楼"]),
        "days": st.integers(-2, 2),
    },
)
some = st.integers(0, SIZE - 1)
scopes = st.sampled_from(RunScope)


class Scopes(RuleBasedStateMachine):
    """A clerk edits slots of a run while enterprises book them."""

    @initialize(publish=st.booleans())
    def make(self, publish):
        pattern = {"title": "旧", "place_text": "", "attendee_capacity": None}
        rule = {"starts_on": tomorrow(20), "every": Every.WEEK, "count": SIZE, "on_holiday": OnHoliday.KEEP}
        self.run = make_run(new_run(slot=pattern, **rule), publish=publish).public_id
        state = "published" if publish else "draft"
        self.rows = [
            Row(slot.public_id, slot.starts_at.astimezone(ZONE), state=state)
            for slot in list_run_slots(get_run(self.run, CLERK))
        ]
        db.session.rollback()

    def act(self, what):
        """The code of the refusal, or None; each act in a session of its own, as requests are."""
        db.session.remove()
        try:
            with unit_of_work():
                what()
        except Refusal as error:
            return error
        return None

    @rule(
        n=some, changed=changes, scope=st.sampled_from(RunScope), shown=st.frozensets(some), agreed=st.frozensets(some)
    )
    def edit(self, n, changed, scope, shown, agreed):
        target = self.rows[n]
        db.session.remove()
        command = command_of(db.session.scalars(select(Slot).where(Slot.public_id == target.id)).one())
        start = target.with_(changed).at + timedelta(days=changed.get("days", 0))
        minutes = changed.get("minutes", target.minutes)
        texts = {name: value for name, value in changed.items() if name in {"title", "capacity", "place_text"}}
        windows = dict.fromkeys(("closes_at", "cancel_until", "names_until"))
        command = replace(command, starts_at=start, ends_at=start + timedelta(minutes=minutes), **texts, **windows)
        ids = [frozenset(self.rows[key].id for key in keys) for keys in (shown, agreed)]
        change = RunChange(target.id, command, None, scope, *ids)
        expected, rows = self.expected(target, changed, scope, *ids)
        error = self.act(lambda: change_run(change, actor=CLERK))
        assert (error.code if error else None) == expected
        if error is None:
            rows[n] = replace(rows[n], at=start)
            self.rows = rows
        elif error.code == "run_booked":
            assert {item[0] for item in error.fields["slots"]} == {row.id for row in rows}

    def expected(self, target, changed, scope, shown, agreed):
        """(refusal, rows afterwards); for `run_booked` the rows that are to be named."""
        if target.state == "called_off":
            return "already_called_off", self.rows
        after = target.with_(changed)
        if after.capacity < target.booked:
            return "capacity_below_booked", self.rows
        differing = {name: value for name, value in changed.items() if name != "days"}
        differing = {name: value for name, value in differing.items() if self.value(target, name) != value}
        reached = [
            row
            for row in self.rows
            if row is not target and row.state != "called_off" and scope is not RunScope.THIS
            and (scope is RunScope.ALL or row.at > target.at) and row.with_(differing) != row
        ]  # fmt: skip
        booked = [row for row in reached if row.booked]
        if any(row.id not in shown for row in booked):
            return "run_booked", booked
        changing = [row for row in reached if not row.booked or row.id in agreed]
        if any(row.with_(differing).capacity < row.booked for row in changing):
            return "run_refused", self.rows
        ids = {row.id for row in changing}
        rows = [row.with_(differing) if row.id in ids else row for row in self.rows]
        rows[self.rows.index(target)] = after
        return None, rows

    @staticmethod
    def value(row, name):
        return row.at.time() if name == "clock" else getattr(row, name)

    @rule(n=some)
    def publish(self, n):
        if self.rows[n].state == "draft":
            assert self.act(lambda: publish_slot(self.rows[n].id, actor=CLERK)) is None
            self.rows[n].state = "published"

    @rule(n=some)
    def book(self, n):
        row = self.rows[n]
        members = (cast.CONTACT, cast.STRANGER)
        if row.state == "published" and row.booked < min(len(members), row.capacity):
            db.session.remove()
            slot = db.session.scalars(select(Slot).where(Slot.public_id == row.id)).one()
            make_booking(slot, members[row.booked], names=(f"人{row.booked}{n}",))
            row.booked += 1

    @rule(n=some)
    def call_off(self, n):
        row = self.rows[n]
        if row.state == "published" and sum(row.state == "called_off" for row in self.rows) < 2:
            assert self.act(lambda: call_off_slot(row.id, "台风", actor=CLERK)) is None
            row.state = "called_off"

    @invariant()
    def is_as_the_model_says(self):
        if not hasattr(self, "rows"):
            return
        db.session.remove()
        slots = {slot.public_id: slot for slot in list_run_slots(get_run(self.run, CLERK))}
        assert len(slots) == SIZE
        for row in self.rows:
            slot = slots[row.id]
            found = (slot.starts_at, slot.ends_at, slot.title, slot.capacity, slot.place_text, slot.state)
            ends_at = row.at + timedelta(minutes=row.minutes)
            assert found == (row.at, ends_at, row.title, row.capacity, row.place_text, row.state)
            assert max(slot.closes_at, slot.cancel_until, slot.names_until) <= slot.starts_at
            assert row.state == "called_off" or slot.places_taken == row.booked


@pytest.mark.soak
@pytest.mark.usefixtures("app")
def test_scopes_do_what_the_model_says():
    sizes = {"max_examples": EXAMPLES, "stateful_step_count": STEPS}
    run_state_machine_as_test(
        Scopes,
        settings=settings(**sizes, deadline=None, suppress_health_check=list(HealthCheck)),
    )


@pytest.fixture
def slots(app):
    """Five published slots, a week apart."""
    rule = {"starts_on": tomorrow(20), "every": Every.WEEK, "count": SIZE, "on_holiday": OnHoliday.KEEP}
    run = make_run(new_run(slot={"opens_at": None}, **rule), publish=True)
    return list(list_run_slots(run))


def edit(slot, scope=RunScope.ALL, *, shown=(), agreed=(), actor=CLERK, **changed):
    """Change the slot as the clerk's form does."""
    with unit_of_work():
        ids = [frozenset(item.public_id for item in some) for some in (shown, agreed)]
        command = replace(command_of(slot), **changed)
        return change_run(RunChange(slot.public_id, command, None, scope, *ids), actor=actor)


def fresh(slots):
    db.session.rollback()
    db.session.expire_all()
    return [db.session.get(Slot, slot.id) for slot in slots]


def told(kind="slot_moved"):
    return db.session.scalar(select(func.count()).where(Message.kind == kind))


def test_this_and_following_leaves_what_was_before(slots):
    assert edit(slots[2], RunScope.FOLLOWING, title="改").others == 2
    assert [slot.title == "改" for slot in fresh(slots)] == [False, False, True, True, True]


def test_this_one_alone_is_the_usual_edit(slots):
    make_booking(slots[0])
    assert edit(slots[2], RunScope.THIS, title="改").others == 0
    assert [slot.title == "改" for slot in fresh(slots)] == [False, False, True, False, False]


def test_booked_ones_are_named_first_and_who_booked_is_told(slots):
    for slot in slots[1:3]:
        make_booking(slot)
    with pytest.raises(Conflict) as caught:
        edit(slots[0], place_text="5楼")
    assert [item[0] for item in caught.value.fields["slots"]] == [slot.public_id for slot in slots[1:3]]
    assert [slot.place_text for slot in fresh(slots)] == [""] * 5
    done = edit(slots[0], place_text="5楼", shown=slots[1:3], agreed=slots[1:2])
    assert (done.others, done.left) == (3, 1)
    assert [slot.place_text for slot in fresh(slots)] == ["5楼", "5楼", "", "5楼", "5楼"]
    assert told() == 2  # both contacts of the one enterprise, of one slot


def test_booked_ones_that_would_not_change_are_not_asked_about(slots):
    make_booking(slots[1])
    edit(slots[1], RunScope.THIS, title="改")
    assert edit(slots[0], title="改").others == 3


def test_who_books_after_the_question_is_asked_about_again(slots):
    make_booking(slots[1])
    make_booking(slots[3])
    with pytest.raises(Conflict):
        edit(slots[0], title="改", shown=slots[1:2], agreed=slots[1:2])
    assert {slot.title == "改" for slot in fresh(slots)} == {False}


def test_one_that_refuses_says_which_and_nothing_is_changed(slots):
    make_booking(slots[3])
    make_booking(slots[3], cast.STRANGER)
    with pytest.raises(Conflict) as caught:
        edit(slots[0], capacity=1, shown=slots, agreed=slots)
    assert (caught.value.code, caught.value.fields["occurrence"]) == ("run_refused", slots[3].starts_at)
    assert caught.value.fields["because"].code == "capacity_below_booked"
    assert {slot.capacity for slot in fresh(slots)} == {3}


def test_the_hour_changes_on_each_ones_own_date(slots):
    days = [slot.starts_at.astimezone(ZONE).date() for slot in slots]
    start = datetime.combine(days[1], time(9), ZONE)
    windows = {"closes_at": start, "cancel_until": start, "names_until": start}
    edit(slots[1], starts_at=start, ends_at=start + timedelta(hours=1), **windows)
    changed = fresh(slots)
    assert [slot.starts_at for slot in changed] == [datetime.combine(day, time(9), ZONE) for day in days]
    assert {slot.ends_at - slot.starts_at for slot in changed} == {timedelta(hours=1)}
    assert all(slot.closes_at == slot.starts_at for slot in changed)
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "slot.changed")) == 5


def test_another_day_is_for_this_one_only(slots):
    start = slots[1].starts_at + timedelta(days=1)
    edit(slots[1], starts_at=start, ends_at=start + timedelta(minutes=90), title="改")
    changed = fresh(slots)
    moved = [after.starts_at - before for before, after in zip([s.starts_at for s in slots], changed, strict=True)]
    assert {slot.title for slot in changed} == {"改"}
    days = [slot.starts_at.astimezone(ZONE).weekday() for slot in changed]
    assert days[1] != days[0] == days[2] == days[3]
    assert len(moved) == SIZE


def test_an_opening_they_share_moves_for_all_and_a_closing_by_the_day(slots):
    opening = tomorrow(10)
    at = datetime.combine(opening, time(10), ZONE)
    closing = slots[0].starts_at - timedelta(days=3)
    edit(slots[0], opens_at=at, closes_at=closing)
    changed = fresh(slots)
    assert {slot.opens_at for slot in changed} == {at}
    assert {slot.starts_at - slot.closes_at for slot in changed} == {timedelta(days=3)}


def test_a_hundred_unbooked_ones_cost_few_statements(app):
    rule = {"starts_on": tomorrow(20), "count": 100}
    made = list(list_run_slots(make_run(new_run(slot={"supporting": (cast.SCIENCE,)}, **rule), publish=True)))
    with counted_statements() as seen:
        assert edit(made[0], title="改", place=cast.BASE).others == 99
    assert len(seen) < 60 + 2 * 99, len(seen)  # the row and its entry of the trail


def test_called_off_ones_stay_as_they_are(slots):
    with unit_of_work():
        call_off_slot(slots[4].public_id, "台风", actor=CLERK)
    assert edit(slots[0], title="改").others == 3
    assert fresh(slots)[4].title != "改"
    assert fresh(slots)[4].state is SlotState.CALLED_OFF


def test_a_stale_or_wrong_edit_changes_none(slots):
    with pytest.raises(Conflict, match="stale_edit"), unit_of_work():
        change_run(RunChange(slots[0].public_id, command_of(slots[0]), 0, RunScope.ALL), actor=CLERK)
    with pytest.raises(Invalid):
        edit(slots[0], title=" ")
    with pytest.raises(NotFound):
        edit(slots[0], title="改", actor=cast.STRANGER_CLERK.actor)
    assert {slot.title == "改" for slot in fresh(slots)} == {False}


def test_a_slot_of_no_run_has_no_others(app):
    alone, other = make_slot(), make_slot()
    assert edit(alone, title="改").others == 0
    assert fresh([other])[0].title != "改"
