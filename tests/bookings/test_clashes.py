"""What clashes is warned of or forbidden, as the settings say: also when two clerks save at once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from eventsys.bookings.queries.clashes import list_clashes_of, tell_clashes
from eventsys.bookings.services import (
    RunChange,
    change_run,
    change_slot,
    create_run,
    create_slot,
    create_slots,
    publish_slot,
)
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid
from eventsys.directory.commands import StaffDetails
from eventsys.directory.models import Department, District, Place
from eventsys.directory.services import add_staff
from eventsys.slots.clashes import ClashKind
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of, list_run_slots
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from eventsys.slots.scopes import RunScope
from eventsys.slots.services import copy_slot
from tests import cast
from tests.factories import make_booking, make_slot, new_run, new_slot, soon
from tests.support import counted_statements

CLERK, STRANGER = cast.CLERK.actor, cast.STRANGER_CLERK.actor


@pytest.fixture
def forbid(app):
    def set_to(**settings):
        with unit_of_work():
            db.session.get(District, 1).settings = dict.fromkeys(settings, "forbid") | {
                name: value for name, value in settings.items() if value is not True
            }

    return set_to


def make_staff(name="陈一", actor=CLERK, department=cast.TAX):
    with unit_of_work():
        return add_staff(cast.fixed_id("d", department), StaffDetails(name), actor=actor)


def create(actor=CLERK, publish=False, **changes):
    with unit_of_work():
        return create_slot(new_slot(**changes), actor=actor, publish=publish)


def refused(**changes):
    with pytest.raises(Conflict) as error:
        create(**changes)
    assert error.value.code == "slot_clash"
    return error.value.fields


def visit(enterprise=cast.ACME, **changes):
    audience = Audience(AudienceKind.NAMED, enterprises=(enterprise,))
    return {"format": SlotFormat.VISIT, "audience": audience, "place": None, "capacity": 1, **changes}


def kinds_of(slot):
    return {clash.kind for clash in list_clashes_of([slot.id])}


def test_a_clash_is_warned_of_unless_set_otherwise(app, forbid):
    first, second = create(), create(place_text="2楼")
    assert kinds_of(second) == {ClashKind.VENUE}
    forbid(clash_venue="off")
    assert kinds_of(second) == set()
    forbid(clash_venue=True)
    assert refused()["slot"] == first.public_id
    assert db.session.scalar(select(func.count(Slot.id))) == 2


def test_staff_of_those_who_take_part(app, forbid):
    own, other = make_staff(), make_staff("外", STRANGER, cast.SCIENCE)
    slot = create(staff=(own.id,))
    assert [item.name for item in slot.staff] == ["陈一"]
    with pytest.raises(Invalid, match="unknown_staff"):
        create(staff=(other.id,))
    joint = create(staff=(own.id, other.id), supporting=(cast.SCIENCE,), starts_at=soon(9))
    assert len(joint.staff) == 2
    forbid(clash_staff=True)
    told = refused(staff=(own.id,), place=cast.BASE)
    assert (told["kind"], told["who"], told["title"]) == ("staff", "陈一", slot.title)
    create(staff=(own.id,), place=cast.BASE, starts_at=soon(7, 17))


def test_another_departments_hidden_slot_is_told_by_department_only(app, forbid):
    hidden = visit(place=cast.CENTRE, department=cast.SCIENCE, title="秘密")
    create(STRANGER, publish=True, **hidden)
    forbid(clash_venue=True)
    told = refused()
    assert (told["title"], told["slot"]) == ("科信局", None)
    assert tell_clashes(list_clashes_of([create(place=cast.BASE).id]), CLERK) == []


def test_an_enterprise_named_or_booked_is_visited_once_a_day(app, forbid):
    forbid(clash_enterprise=True)
    open_visit = create(publish=True, format=SlotFormat.VISIT, place=None, capacity=1, closes_at=None)
    morning = visit(starts_at=soon(7, 9), department=cast.SCIENCE)
    create(STRANGER, **morning)  # nobody has booked the other one
    later = visit(starts_at=soon(7, 17))
    assert refused(**later)["kind"] == "enterprise"
    create(**visit(cast.OTHER, starts_at=soon(7, 17)))
    make_booking(open_visit, cast.STRANGER)
    assert refused(**visit(cast.OTHER, starts_at=soon(7, 19)))["who"] == "乙网络公司"


def test_the_department_has_so_many_slots_a_day(app, forbid):
    forbid(clash_day=True, day_slots=2)
    for hour in (9, 11):
        create(starts_at=soon(7, hour))
    assert refused(starts_at=soon(7, 15))["number"] == 3
    create(starts_at=soon(8, 15))
    with unit_of_work():  # a department's own rule
        db.session.get(Department, cast.TAX).settings = {"clash_day": "warn"}
    create(starts_at=soon(7, 15))


def test_an_edit_is_refused_only_for_a_clash_it_brings_in(app, forbid):
    create()
    clashing, free = create(), create(starts_at=soon(8))
    forbid(clash_venue=True)
    with unit_of_work():
        change_slot(clashing.public_id, replace(command_of(clashing), title="新"), version=None, actor=CLERK)
    command = replace(command_of(free), starts_at=soon(), ends_at=soon() + timedelta(minutes=90), closes_at=soon())
    command = replace(command, cancel_until=soon(6), names_until=soon())
    with pytest.raises(Conflict, match="slot_clash"), unit_of_work():
        change_slot(free.public_id, command, version=None, actor=CLERK)
    db.session.expire_all()
    assert free.starts_at == soon(8)


def test_a_copy_is_a_draft_and_checked_when_it_is_published(app, forbid):
    slot = create()
    create(starts_at=soon(14), ends_at=soon(14) + timedelta(minutes=90))
    forbid(clash_venue=True)
    with unit_of_work():
        copy = copy_slot(slot.public_id, actor=CLERK)
    with pytest.raises(Conflict, match="slot_clash"), unit_of_work():
        publish_slot(copy.public_id, actor=CLERK)


def test_a_run_is_made_whole_or_not_at_all(app, forbid):
    taken = create(starts_at=soon(3), department=cast.SCIENCE, actor=STRANGER)
    forbid(clash_venue=True)
    with pytest.raises(Conflict) as error, unit_of_work():
        create_run(new_run(), actor=CLERK)
    assert error.value.fields["occurrence"] == taken.starts_at
    assert db.session.scalar(select(func.count(Slot.id))) == 1
    with unit_of_work():
        run = create_run(new_run(slot={"place": cast.BASE}), actor=CLERK)
    slots = list_run_slots(run)
    there = replace(command_of(slots[0]), place=cast.CENTRE)
    with pytest.raises(Conflict, match="slot_clash"), unit_of_work():
        change_run(RunChange(slots[0].public_id, there, None, RunScope.ALL), actor=CLERK)


def test_several_at_once_say_which_is_refused(app, forbid):
    forbid(clash_venue=True)
    commands = [(new_slot(starts_at=soon(7)), False), (new_slot(starts_at=soon(8)), True), (new_slot(), False)]
    with pytest.raises(Conflict) as error, unit_of_work():
        create_slots(commands, actor=CLERK)
    assert error.value.fields["position"] == 0
    assert db.session.scalar(select(func.count(Slot.id))) == 0


def test_rooms_are_those_of_the_place(app, forbid):
    with unit_of_work():
        db.session.get(Place, cast.CENTRE).rooms = 2
    forbid(clash_venue=True)
    create(), create()
    assert refused()["limit"] == 2


@pytest.mark.parametrize("what", ["place", "staff", "enterprise", "day"])
def test_of_two_clerks_at_once_one_is_refused(app, forbid, what):
    forbid(clash_venue=True, clash_staff=True, clash_enterprise=True, clash_day=True, day_slots=1)
    member = make_staff()
    science = {"department": cast.SCIENCE}
    mine, theirs = {
        "place": ({}, science),
        "staff": (
            {"place": None, "staff": (member.id,)},
            {"place": None, "staff": (member.id,), "supporting": (cast.TAX,), **science},
        ),
        "enterprise": (visit(), visit(starts_at=soon(7, 9), **science)),
        "day": ({"place": None}, {"starts_at": soon(7, 9), "place": None}),
    }[what]
    outcomes, start = [], threading.Barrier(2)

    def save(command, actor, publish):
        with app.app_context():
            start.wait()
            try:
                with unit_of_work():
                    create_slot(command, actor=actor, publish=publish)
                outcomes.append("made")
            except Conflict as error:
                outcomes.append(error.code)

    other = CLERK if what == "day" else STRANGER
    db.session.remove()
    threads = [
        threading.Thread(target=save, args=(new_slot(**mine), CLERK, True)),
        threading.Thread(target=save, args=(new_slot(**theirs), other, False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "slot_clash"]


def test_many_slots_cost_no_more_statements_than_few(app):
    members = [make_staff(name).id for name in ("一", "二")]
    slots = [make_slot(starts_at=soon(day), staff=tuple(members)) for day in range(3, 7)]
    with counted_statements() as few:
        list_clashes_of([slots[0].id])
    with counted_statements() as many:
        list_clashes_of([slot.id for slot in slots])
    assert len(many) == len(few) <= 10
