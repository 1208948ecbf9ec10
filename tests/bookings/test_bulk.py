"""A selection of slots changed in one go, one slot dragged elsewhere, and both taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from sqlalchemy import select

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.bookings.rules.bulk import BulkAction, BulkChange, Unit
from eventsys.bookings.services import (
    Reschedule,
    apply_bulk,
    preview_bulk,
    reschedule_slot,
    undo_change,
)
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound, Refusal
from eventsys.notifications.models import Message
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotState
from tests import cast
from tests.factories import ZONE, make_booking, make_slot

CLERK = cast.CLERK.actor
THURSDAY = datetime(2026, 12, 3, 14, 0, tzinfo=ZONE)
OPEN = {"closes_at": None, "cancel_until": None, "names_until": None}


@pytest.fixture(autouse=True)
def traveller():
    with time_machine.travel(datetime(2026, 11, 26, 2, 0, tzinfo=UTC), tick=True) as traveller:
        yield traveller


def slot_at(starts_at: datetime = THURSDAY, **changes) -> Slot:
    return make_slot(starts_at=starts_at, **{**OPEN, **changes})


def fresh(slot: Slot) -> Slot:
    db.session.rollback()
    return db.session.scalars(
        select(Slot).where(Slot.public_id == slot.public_id), execution_options={"populate_existing": True}
    ).one()


def change_of(action: BulkAction, *slots: Slot, **values) -> BulkChange:
    return BulkChange(action, tuple((slot.public_id, slot.version) for slot in slots), **values)


def done(change: BulkChange, actor=CLERK):
    db.session.rollback()
    with unit_of_work():
        return apply_bulk(change, actor=actor)


def drag(slot: Slot, days: int = 1, minutes: int = 0, actor=CLERK, **values):
    db.session.rollback()
    now = fresh(slot)
    starts_at = values.pop("starts_at", now.starts_at + timedelta(days=days))
    command = Reschedule(slot.public_id, starts_at, starts_at + timedelta(minutes=90 + minutes), now.version)
    with unit_of_work():
        return reschedule_slot(replace(command, **values), actor=actor)


def told(kind: str) -> list[int | None]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.person_id).where(Message.kind == kind)))


def test_working_days_skip_the_weekend_and_who_booked_is_told_once(app):
    booked, draft = slot_at(), slot_at(THURSDAY + timedelta(days=1), publish=False, place=cast.BASE)
    make_booking(booked)
    made = done(change_of(BulkAction.MOVE, booked, draft, steps=2, reason="场地检修"))
    assert (made.count, bool(made.change)) == (2, True)
    assert fresh(booked).starts_at == datetime(2026, 12, 7, 14, 0, tzinfo=ZONE)
    assert fresh(booked).closes_at == datetime(2026, 12, 4, 17, 0, tzinfo=ZONE)  # still the working day before
    assert fresh(draft).starts_at == datetime(2026, 12, 8, 14, 0, tzinfo=ZONE)
    contacts = told("slot_moved")
    assert contacts.count(cast.CONTACT.id) == 1
    assert cast.STRANGER.id not in contacts


def test_back_by_weeks_and_what_is_undone(app):
    slot = slot_at(THURSDAY + timedelta(weeks=2))
    closes_at = slot.closes_at
    made = done(change_of(BulkAction.MOVE, slot, steps=-1, unit=Unit.WEEKS))
    assert fresh(slot).starts_at == THURSDAY + timedelta(weeks=1)
    with unit_of_work():
        assert undo_change(made.change, actor=CLERK) == 1
    assert (fresh(slot).starts_at, fresh(slot).closes_at) == (THURSDAY + timedelta(weeks=2), closes_at)
    with pytest.raises(Conflict, match="undo_stale"), unit_of_work():
        undo_change(made.change, actor=CLERK)


def test_capacity_place_and_edition_and_their_undoing(app):
    one, other = slot_at(), slot_at(THURSDAY + timedelta(days=1))
    made = done(change_of(BulkAction.CHANGE, one, other, capacity=9, place=cast.BASE))
    assert [(fresh(slot).capacity, fresh(slot).place_id) for slot in (one, other)] == [(9, cast.BASE)] * 2
    assert fresh(one).starts_at == THURSDAY
    with unit_of_work():
        undo_change(made.change, actor=CLERK)
    assert [(fresh(slot).capacity, fresh(slot).place_id) for slot in (one, other)] == [(3, cast.CENTRE)] * 2


def test_one_refusal_stops_all_of_it(app):
    fine, full = slot_at(), slot_at(THURSDAY + timedelta(days=1))
    make_booking(full)
    make_booking(full, cast.STRANGER, names=("赵四",))
    change = change_of(BulkAction.CHANGE, fine, full, capacity=1)
    effects = preview_bulk(change, actor=CLERK)
    assert [effect.refusal.code if effect.refusal else None for effect in effects] == [None, "capacity_below_booked"]
    assert [effect.booked for effect in effects] == [0, 2]
    with pytest.raises(Conflict, match="run_refused") as caught:
        done(change)
    assert caught.value.fields["because"].code == "capacity_below_booked"
    assert fresh(fine).capacity == 3


def test_the_preview_changes_nothing_and_marks_days_off_and_clashes(app):
    moved, other = slot_at(), slot_at(THURSDAY + timedelta(weeks=1), place=cast.BASE)
    for steps, unit in ((1, Unit.WEEKS), (5, Unit.WORKDAYS)):
        effect = preview_bulk(change_of(BulkAction.MOVE, moved, steps=steps, unit=unit), actor=CLERK)[0]
        assert (effect.is_taken, effect.is_day_off) == (True, False)
    together = preview_bulk(change_of(BulkAction.MOVE, moved, other, steps=1, unit=Unit.WEEKS), actor=CLERK)
    assert [effect.is_taken for effect in together] == [False, False]  # the other one goes, too
    saturday = slot_at(datetime(2026, 12, 5, 14, 0, tzinfo=ZONE))
    effect = preview_bulk(change_of(BulkAction.MOVE, saturday, steps=1, unit=Unit.WEEKS), actor=CLERK)[0]
    assert effect.is_day_off
    assert (fresh(moved).version, fresh(moved).starts_at) == (moved.version, THURSDAY)


def test_publish_call_off_and_delete(app):
    draft, published = slot_at(publish=False), slot_at(THURSDAY + timedelta(days=1))
    make_booking(published)
    with pytest.raises(Conflict, match="run_refused"):
        done(change_of(BulkAction.PUBLISH, draft, published))
    assert fresh(draft).state is SlotState.DRAFT
    assert done(change_of(BulkAction.PUBLISH, draft)).change is None
    assert fresh(draft).state is SlotState.PUBLISHED
    both = change_of(BulkAction.CALL_OFF, fresh(draft), fresh(published))
    with pytest.raises(Invalid, match="required"):
        done(both)
    assert done(replace(both, reason="台风")).count == 2
    assert {fresh(slot).state for slot in (draft, published)} == {SlotState.CALLED_OFF}
    assert db.session.scalars(select(Booking.state)).all() == [BookingState.CANCELLED]
    assert sorted(told("slot_called_off")) == [cast.CONTACT.id, cast.COLLEAGUE.id]
    doomed = slot_at(THURSDAY + timedelta(days=4), publish=False)
    with pytest.raises(Conflict, match="run_refused"):
        done(change_of(BulkAction.DELETE, doomed, fresh(published)))
    done(change_of(BulkAction.DELETE, doomed))
    with pytest.raises(Exception, match="No row"):
        fresh(doomed)


@pytest.mark.parametrize("actor", [cast.STRANGER_CLERK, cast.CONTACT, cast.STEWARD, cast.AUDITOR])
def test_a_foreign_slot_does_not_exist(app, actor):
    slot = slot_at()
    made = drag(slot)
    for action in BulkAction:
        change = change_of(action, fresh(slot), steps=1, capacity=4, reason="x")
        for verb in (preview_bulk, apply_bulk):
            with pytest.raises(NotFound), unit_of_work():
                verb(change, actor=actor.actor)
    with pytest.raises(NotFound):
        drag(slot, actor=actor.actor)
    with pytest.raises(NotFound), unit_of_work():
        undo_change(made.change, actor=actor.actor)
    with pytest.raises(NotFound), unit_of_work():  # nor may somebody else take it back who may edit it
        undo_change(made.change, actor=cast.COORDINATOR.actor)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"action": BulkAction.MOVE}, "steps_out_of_range"),
        ({"action": BulkAction.MOVE, "steps": 61}, "steps_out_of_range"),
        ({"action": BulkAction.CHANGE}, "nothing_to_change"),
        ({"action": BulkAction.PUBLISH, "slots": ()}, "none_selected"),
        ({"action": BulkAction.PUBLISH, "slots": tuple((f"a{n}", 1) for n in range(201))}, "too_many_items"),
    ],
)
def test_what_asks_for_nothing_or_too_much(app, values, code):
    with pytest.raises(Invalid, match=code):
        done(BulkChange(**{"slots": (("zzzzzzzzzzzzy", 1),), **values}))


def test_a_stale_selection_is_refused(app):
    slot = slot_at()
    seen = change_of(BulkAction.MOVE, slot, steps=1)
    drag(slot)
    with pytest.raises(Conflict, match="run_refused") as caught:
        done(seen)
    assert caught.value.fields["because"].code == "stale_edit"


def test_dragging_asks_before_anybody_is_told(app):
    slot = slot_at()
    make_booking(slot)
    with pytest.raises(Conflict, match="move_unconfirmed") as caught:
        drag(slot)
    assert (caught.value.fields["asks"], caught.value.fields["booked"]) == (["booked"], 1)
    assert fresh(slot).starts_at == THURSDAY
    made = drag(slot, agreed=frozenset({"booked"}), reason="会议室有变")
    assert fresh(slot).starts_at == THURSDAY + timedelta(days=1)
    assert told("slot_moved").count(cast.CONTACT.id) == 1
    assert made.change


def test_dragging_onto_a_day_off_or_into_another_slot_asks(app):
    slot = slot_at()
    slot_at(THURSDAY + timedelta(days=1, minutes=60), place=cast.BASE)
    with pytest.raises(Conflict) as caught:
        drag(slot)
    assert caught.value.fields["asks"] == ["taken"]
    with pytest.raises(Conflict) as caught:
        drag(slot, days=2)
    assert caught.value.fields["asks"] == ["day_off"]
    drag(slot, days=2, agreed=frozenset({"day_off"}))
    assert fresh(slot).starts_at == THURSDAY + timedelta(days=2)


def test_the_edge_makes_it_longer_and_keeps_the_window(app):
    slot = slot_at(publish=False)
    drag(slot, days=0, minutes=30)
    assert fresh(slot).ends_at == THURSDAY + timedelta(minutes=120)
    assert (fresh(slot).starts_at, fresh(slot).closes_at) == (slot.starts_at, slot.closes_at)
    version = fresh(slot).version
    assert drag(slot, days=0, minutes=30).change is None  # it is there already
    assert fresh(slot).version == version


@pytest.mark.parametrize(
    ("starts_at", "minutes", "code"),
    [
        (datetime(2026, 11, 25, 14, 0, tzinfo=ZONE), 0, "slot_in_the_past"),
        (THURSDAY, -90, "end_before_start"),
        (THURSDAY + timedelta(days=900), 0, "slot_too_far_ahead"),
    ],
)
def test_where_it_cannot_go(app, starts_at, minutes, code):
    slot = slot_at(publish=False)
    with pytest.raises(Refusal, match=code):
        drag(slot, starts_at=starts_at, minutes=minutes)
    assert fresh(slot).version == slot.version


def test_undoing_ends_after_a_quarter_of_an_hour(app, traveller):
    slot = slot_at()
    made = drag(slot)
    traveller.shift(timedelta(minutes=15, seconds=1))
    with pytest.raises(Conflict, match="undo_too_late"), unit_of_work():
        undo_change(made.change, actor=CLERK)
    with pytest.raises(NotFound), unit_of_work():
        undo_change("zzzzzzzzzzzzy", actor=CLERK)


def test_undoing_never_overwrites_what_came_after(app):
    one, other = slot_at(), slot_at(THURSDAY + timedelta(days=5))
    made = done(change_of(BulkAction.MOVE, one, other, steps=1))
    drag(other, days=1)
    with pytest.raises(Conflict, match="undo_stale"), unit_of_work():
        undo_change(made.change, actor=CLERK)
    assert fresh(one).starts_at == THURSDAY + timedelta(days=1)


def test_two_clerks_at_once_move_it_once(app):
    slot = slot_at()
    barrier, codes = Barrier(2), []

    def move(days: int) -> None:
        starts_at = THURSDAY + timedelta(days=days)
        command = Reschedule(slot.public_id, starts_at, starts_at + timedelta(minutes=90), slot.version)
        with app.app_context():
            barrier.wait()
            try:
                with unit_of_work():
                    reschedule_slot(command, actor=CLERK)
                codes.append("moved")
            except Refusal as error:
                codes.append(error.code)

    threads = [Thread(target=move, args=(days,)) for days in (1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["moved", "stale_edit"]


def test_a_slot_that_has_begun_is_not_moved_any_more(app, traveller):
    slot = slot_at()
    traveller.move_to(THURSDAY + timedelta(minutes=1))
    with pytest.raises(Conflict, match="slot_began"):
        drag(slot)
    effect = preview_bulk(change_of(BulkAction.MOVE, slot, steps=1), actor=CLERK)[0]
    assert effect.refusal.code == "slot_began"
    with pytest.raises(Conflict, match="run_refused"):
        done(change_of(BulkAction.MOVE, slot, steps=1))
    assert fresh(slot).starts_at == THURSDAY
