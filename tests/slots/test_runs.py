"""Many slots at once: the preview with its marks, what is made of it, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from eventsys.bookings.services import change_slot
from eventsys.core.audit import AuditEntry
from eventsys.core.clock import now
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.core.ids import new_public_id
from eventsys.directory.models import Department, District
from eventsys.slots.models import Run, Slot
from eventsys.slots.queries import command_of, list_run_slots
from eventsys.slots.recurrence import Every, Fate, MonthBy, OnHoliday
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, SlotState
from eventsys.slots.runs import Mark, MonthCopy, stored_rule
from eventsys.slots.services import create_run, delete_run_drafts, preview_run, publish_run, undo_run
from eventsys.slots.sittings import TimesOfDay
from eventsys.workdays.rules import OFFICIAL
from tests import cast
from tests.factories import ZONE, make_slot, new_run, soon, tomorrow
from tests.support import counted_statements

CLERK = cast.CLERK.actor


def next_workday(days=1):
    day = tomorrow(days)
    while not OFFICIAL.is_workday(day):
        day += timedelta(days=1)
    return day


def make_run(command=None, *, actor=CLERK, publish=False):
    with unit_of_work():
        return create_run(command or new_run(), actor=actor, publish=publish)


def slots_of(run):
    db.session.rollback()
    db.session.expire_all()
    return list_run_slots(run)


def count(model, *where):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*where))


def rows(database, number):
    """The statements that so many new rows cost: SQLite numbers them one by one."""
    return number if database == "sqlite" else number // 100 + 1


def actions(action):
    return count(AuditEntry, AuditEntry.action == action)


def test_a_week_of_drafts(app):
    run = make_run()
    slots = slots_of(run)
    assert [slot.starts_at.astimezone(ZONE).date() for slot in slots] == [tomorrow(n) for n in range(1, 8)]
    assert {slot.state for slot in slots} == {SlotState.DRAFT}
    assert {slot.starts_at.astimezone(ZONE).time() for slot in slots} == {time(14)}
    assert len({slot.public_id for slot in slots}) == 7
    assert all(slot.closes_at <= slot.starts_at for slot in slots)
    assert (actions("slot.created"), actions("run.created")) == (7, 1)
    assert run.rule["rule"]["starts_on"] == tomorrow().isoformat()


def test_everything_of_the_pattern_is_in_each(app):
    pattern = {
        "supporting": (cast.SCIENCE,),
        "services": (cast.TAX, cast.SCIENCE),
        "audience": Audience(AudienceKind.NAMED, enterprises=(cast.ACME, cast.OTHER)),
        "questions": (NewQuestion("几人？𠮷"),),
        "description": "带材料",
        "quota_month": 2,
    }
    for slot in slots_of(make_run(new_run(slot=pattern, count=3), publish=True)):
        made = command_of(slot)
        assert {name: getattr(made, name) for name in pattern} == pattern
        assert slot.is_hidden
        assert slot.state is SlotState.PUBLISHED


def test_published_at_once_raises_the_feeds_once(app):
    before = db.session.get(District, 1).feed_revision, db.session.get(Department, cast.TAX).feed_revision
    slots = slots_of(make_run(publish=True))
    assert {slot.state for slot in slots} == {SlotState.PUBLISHED}
    after = db.session.get(District, 1).feed_revision, db.session.get(Department, cast.TAX).feed_revision
    assert after == (before[0] + 1, before[1] + 1)
    assert actions("slot.published") == 7


def test_venues_take_turns_by_day_whatever_is_ticked_off(app):
    command = new_run(places=(cast.CENTRE, cast.BASE), count=4, times=TimesOfDay(60, time(9), 2))
    preview = preview_run(command, actor=CLERK)
    assert [item.slot.place for item in preview.candidates] == [1, 1, 2, 2, 1, 1, 2, 2]
    keys = frozenset(item.key for item in preview.candidates[2:5])
    slots = slots_of(make_run(replace(command, chosen=keys)))
    assert [slot.place_id for slot in slots] == [2, 2, 1]
    assert [slot.park_id for slot in slots] == [cast.HILL_PARK, cast.HILL_PARK, cast.SOFTWARE_PARK]


def test_marks_of_the_preview(app):
    day = next_workday()
    at = datetime.combine(day, time(14), ZONE)
    make_slot(starts_at=at + timedelta(minutes=30), place=cast.BASE)
    preview = preview_run(new_run(starts_on=day, count=1), actor=CLERK)
    assert preview.candidates[0].marks == {Mark.OWN_SLOT}
    make_slot(starts_at=at - timedelta(minutes=89), department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    preview = preview_run(new_run(starts_on=day, count=1), actor=CLERK)
    assert preview.candidates[0].marks == {Mark.OWN_SLOT, Mark.PLACE_TAKEN}
    after = preview_run(new_run(starts_on=day, count=1, times=TimesOfDay(60, time(16))), actor=CLERK)
    assert after.candidates[0].marks == frozenset()


def test_a_slot_that_just_ends_is_no_clash_and_one_called_off_neither(app):
    at = datetime.combine(next_workday(), time(14), ZONE)
    make_slot(starts_at=at - timedelta(minutes=90))
    make_slot(starts_at=at + timedelta(minutes=90))
    preview = preview_run(new_run(starts_on=at.date(), count=1), actor=CLERK)
    assert preview.candidates[0].marks == frozenset()


def test_more_than_three_a_day_is_remarked_on_and_the_number_is_a_setting(app):
    day = next_workday()
    at = datetime.combine(day, time(8), ZONE)
    make_slot(starts_at=at)
    three = new_run(starts_on=day, count=1, times=TimesOfDay(60, time(10), 3))
    assert all(Mark.BUSY_DAY in item.marks for item in preview_run(three, actor=CLERK).candidates)
    with unit_of_work():
        db.session.get(Department, cast.TAX).settings = {"day_slots": 4}
    assert not any(Mark.BUSY_DAY in item.marks for item in preview_run(three, actor=CLERK).candidates)


def test_holidays_of_the_working_calendar(app):
    saturday = tomorrow((5 - tomorrow().weekday()) % 7 + 8)
    while OFFICIAL.is_workday(saturday):
        saturday += timedelta(weeks=1)
    friday, monday = (saturday + timedelta(days=n) for n in (-1, 2))
    for on_holiday, expected in (
        (OnHoliday.KEEP, saturday),
        (OnHoliday.PREVIOUS, friday),
        (OnHoliday.NEXT, monday),
    ):
        rule = {"starts_on": friday, "weekdays": frozenset({5}), "every": Every.WEEK, "on_holiday": on_holiday}
        [found] = preview_run(new_run(**rule, count=None, until=monday), actor=CLERK).candidates
        assert OFFICIAL.is_workday(expected) or on_holiday is OnHoliday.KEEP
        assert found.day == expected
        moved = on_holiday is not OnHoliday.KEEP
        assert found.marks == {Mark.MOVED if moved else Mark.DAY_OFF}
        assert found.moved_from == (saturday if moved else None)


def test_what_has_begun_today_is_not_offered(app):
    today = now().astimezone(ZONE).date()
    preview = preview_run(new_run(starts_on=today, count=2, times=TimesOfDay(60, time(0))), actor=CLERK)
    assert [item.day for item in preview.candidates] == [tomorrow()]
    assert [(item.day, item.fate) for item in preview.dropped] == [(today, Fate.PAST)]


rules = st.builds(
    dict,
    starts_on=st.integers(1, 120).map(tomorrow),
    every=st.sampled_from(Every),
    interval=st.integers(1, 3),
    weekdays=st.frozensets(st.integers(0, 6), max_size=3),
    by=st.sampled_from(MonthBy),
    nth=st.frozensets(st.sampled_from([-1, 1, 2, 3]), min_size=1, max_size=2),
    count=st.integers(1, 8),
    on_holiday=st.sampled_from(OnHoliday),
    left_out=st.frozensets(st.integers(1, 120).map(tomorrow), max_size=5),
    places=st.sampled_from([(), (cast.BASE,), (cast.BASE, cast.CENTRE)]),
    times=st.builds(
        TimesOfDay, minutes=st.integers(10, 90), first=st.just(time(9)), sittings=st.integers(1, 3),
        buffer_minutes=st.integers(0, 30), break_from=st.just(time(12)), break_until=st.just(time(13)),
    ),
)  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=rules, chance=st.randoms(use_true_random=False))
def test_what_is_made_is_what_was_shown(app, wanted, chance):
    command = new_run(**wanted)
    try:
        preview = preview_run(command, actor=CLERK)
    except Invalid as refused:
        with pytest.raises(Invalid, match=refused.code), unit_of_work():
            create_run(command, actor=CLERK)
        return
    finally:
        db.session.rollback()
    ticked = [item for item in preview.candidates if chance.random() < 0.7] or list(preview.candidates)
    run = make_run(replace(command, chosen=frozenset(item.key for item in ticked)))
    shown = [(c.slot.starts_at, c.slot.ends_at, c.slot.place, c.slot.title, c.slot.capacity) for c in ticked]
    assert stored_rule(run.rule) == command.rule
    made = [(s.starts_at, s.ends_at, s.place_id, s.title, s.capacity) for s in slots_of(run)]
    assert made == shown


def test_a_hundred_slots_cost_few_statements(app, database):
    pattern = {
        "supporting": (cast.SCIENCE,),
        "services": (cast.TAX,),
        "audience": Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)),
    }
    command = new_run(slot=pattern, count=100, places=(cast.CENTRE, cast.BASE))
    with counted_statements() as seen:
        run = make_run(command, publish=True)
    assert len(slots_of(run)) == 100
    assert len(seen) < 25 + rows(database, 2 * 100), len(seen)  # two entries of the trail each


@pytest.mark.parametrize("publish", [False, True])
def test_all_or_none(app, publish):
    with pytest.raises(Invalid):
        make_run(new_run(slot={"services": (99,)}), publish=publish)
    with pytest.raises(Invalid):
        make_run(new_run(places=(cast.CENTRE, 99)), publish=publish)
    with pytest.raises(Invalid):
        make_run(new_run(slot={"opens_at": soon(4)}), publish=publish)  # after the first of them has closed
    assert (count(Slot), count(Run), actions("slot.created")) == (0, 0, 0)


def test_too_many_and_none(app):
    with pytest.raises(Invalid) as caught:
        make_run(new_run(count=201, times=TimesOfDay(30, time(9), 2)))
    assert (caught.value.code, caught.value.fields["limit"]) == ("too_many_occurrences", 400)
    with pytest.raises(Invalid) as caught:
        make_run(new_run(chosen=frozenset()))
    assert caught.value.code == "none_chosen"
    with pytest.raises(Invalid) as caught:
        make_run(new_run(starts_on=date(9999, 12, 31), count=1))
    assert (caught.value.code, caught.value.field) == ("slot_too_far_ahead", "starts_on")


def test_what_was_chosen_and_is_no_more(app):
    with pytest.raises(Conflict) as caught:
        make_run(new_run(chosen=frozenset({"20200101T0900"})))
    assert caught.value.code == "run_changed"


def test_pressed_twice_is_made_once(app):
    command = new_run(public_id=new_public_id())
    make_run(command)
    with pytest.raises(Conflict) as caught:
        make_run(command)
    assert caught.value.code == "run_made"
    assert count(Slot) == 7


@pytest.mark.parametrize("member", [cast.STRANGER_CLERK, cast.STEWARD, cast.CONTACT, cast.AUDITOR])
def test_only_the_departments_clerk(app, member):
    with pytest.raises(NotAllowed):
        make_run(actor=member.actor)
    with pytest.raises(NotAllowed):
        preview_run(new_run(), actor=member.actor)
    run = make_run()
    for verb in (publish_run, undo_run, delete_run_drafts):
        with pytest.raises(NotFound), unit_of_work():
            verb(run.public_id, actor=member.actor)


def test_undo_deletes_what_nobody_touched(app):
    run = make_run()
    touched = slots_of(run)[2]
    with unit_of_work():
        change_slot(touched.public_id, replace(command_of(touched), title="改过"), version=None, actor=CLERK)
    with unit_of_work():
        assert undo_run(run.public_id, actor=CLERK) == 6
    assert [slot.title for slot in slots_of(run)] == ["改过"]
    with pytest.raises(Conflict), unit_of_work():
        undo_run(run.public_id, actor=CLERK)
    assert actions("slot.deleted") == 6
    with unit_of_work():
        assert delete_run_drafts(run.public_id, actor=CLERK) == 1
    assert count(Slot) == 0


def test_publishes_what_is_still_a_draft_in_few_statements(app, database):
    run = make_run(new_run(count=50))
    with unit_of_work(), counted_statements() as seen:
        assert publish_run(run.public_id, actor=CLERK) == 50
    assert len(seen) < 12 + rows(database, 50), len(seen)
    with unit_of_work():
        assert publish_run(run.public_id, actor=CLERK) == 0
    assert {slot.state for slot in slots_of(run)} == {SlotState.PUBLISHED}
    with pytest.raises(Conflict), unit_of_work():
        undo_run(run.public_id, actor=CLERK)


def month_start(months):
    first = now().astimezone(ZONE).date().replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=31)).replace(day=1)
    return first


def in_month(first, weekday, nth):
    day = first + timedelta(days=(weekday - first.weekday()) % 7)
    return datetime.combine(day + timedelta(weeks=nth - 1), time(14), ZONE)


def test_a_month_is_copied_by_weekday(app):
    source, target = month_start(1), month_start(2)
    kept = [make_slot(starts_at=in_month(source, 1, 1), title="一", opens_at=in_month(source, 1, 1) - timedelta(5))]
    kept.append(make_slot(starts_at=in_month(source, 3, 3), publish=False, title="三", place=cast.BASE))
    make_slot(starts_at=in_month(target, 0, 1), title="别的月份")
    make_slot(starts_at=in_month(source, 2, 2), department=cast.SCIENCE, actor=cast.STRANGER_CLERK.actor)
    command = MonthCopy(cast.TAX, source, OnHoliday.KEEP)
    preview = preview_run(command, actor=CLERK)
    assert {item.key for item in preview.candidates} == {slot.public_id for slot in kept}
    first, third = slots_of(make_run(command))
    assert (first.starts_at, third.starts_at) == (in_month(target, 1, 1), in_month(target, 3, 3))
    assert (first.title, third.title, third.place_id) == ("一", "三", cast.BASE)
    assert first.starts_at - first.opens_at == timedelta(5)
    assert {first.state, third.state} == {SlotState.DRAFT}


def test_a_full_month_is_copied_in_few_statements(app, database):
    source = month_start(1)
    named = {"audience": Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)), "services": (cast.TAX,)}
    for day in range(28):
        make_slot(starts_at=datetime.combine(source, time(9), ZONE) + timedelta(days=day), **named)
    with counted_statements() as seen:
        slots = slots_of(make_run(MonthCopy(cast.TAX, source, OnHoliday.KEEP)))
    assert len(slots) == 28
    assert {command_of(slot).audience for slot in slots} == {named["audience"]}
    assert len(seen) < 30 + rows(database, 2 * 28), len(seen)


def test_a_fifth_weekday_that_is_not_there_is_dropped(app):
    source = next(month_start(n) for n in range(1, 8) if in_month(month_start(n), 2, 5).month == month_start(n).month
                  and in_month(month_start(n + 1), 2, 5).month != month_start(n + 1).month)  # fmt: skip
    make_slot(starts_at=in_month(source, 2, 5), title="第五个")
    make_slot(starts_at=in_month(source, 2, 1))
    preview = preview_run(MonthCopy(cast.TAX, source, OnHoliday.KEEP), actor=CLERK)
    assert [(item.title, item.fate) for item in preview.dropped] == [("第五个", Fate.OUTSIDE)]
    assert len(preview.candidates) == 1


def test_an_empty_month(app):
    with pytest.raises(Invalid) as caught:
        preview_run(MonthCopy(cast.TAX, month_start(3)), actor=CLERK)
    assert (caught.value.code, caught.value.field) == ("nothing_left", "month")
