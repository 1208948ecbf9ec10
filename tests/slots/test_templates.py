"""Templates: what a department keeps of a slot to make others like it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.slots.models import SlotTemplate
from eventsys.slots.queries import command_of
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, QuestionKind, SlotFormat, WalkIns
from eventsys.slots.services.templates import delete_template, rename_template, save_template
from eventsys.slots.templates import OF_ONE_DAY, TEMPLATES_MAX, from_template
from tests import cast
from tests.factories import make_slot, soon

CLERK, OTHER = cast.CLERK.actor, cast.STRANGER_CLERK.actor
RICH = {
    "title": "辅导😀𠮷",
    "topic": Topic.POLICY,
    "format": SlotFormat.VISIT,
    "supporting": (cast.SCIENCE,),
    "services": (1,),
    "audience": Audience(
        AudienceKind.FILTERED, parks=(cast.SOFTWARE_PARK,), sub_districts=("莲前街道",), sizes=(EnterpriseSize.SMALL,)
    ),
    "questions": (NewQuestion("几人？", QuestionKind.YES_NO, True),),
    "needs_approval": True,
    "walk_ins": WalkIns.ALWAYS,
    "door_minutes": 30,
    "quota_month": 2,
}


def keep(slot, name="样板", actor=CLERK):
    with unit_of_work():
        return save_template(slot.public_id, name, actor=actor)


def names():
    db.session.rollback()
    return sorted(db.session.scalars(select(SlotTemplate.name)))


def test_a_template_keeps_everything_but_the_day(app):
    slot = make_slot(**RICH)
    template = keep(slot)
    db.session.rollback()
    db.session.expire_all()
    command = command_of(slot)
    again = from_template(db.session.get_one(SlotTemplate, template.id).kept, cast.TAX, soon(30))
    same = {name: getattr(command, name) for name in OF_ONE_DAY if name not in {"starts_at", "ends_at"}}
    assert replace(again, **same, starts_at=command.starts_at, ends_at=command.ends_at) == command
    assert again.ends_at - again.starts_at == command.ends_at - command.starts_at


def test_the_same_twice_is_one_and_a_taken_name_is_refused(app):
    slot, other = make_slot(), make_slot(title="另一个")
    assert keep(slot).id == keep(slot).id
    with pytest.raises(Invalid, match="name_taken"):
        keep(other)
    keep(other, " 另一个 ")
    assert names() == ["另一个", "样板"]
    for name in ("", " ", "长" * 81, "两\n行", "a\x00"):
        with pytest.raises(Invalid):
            keep(slot, name)


def test_it_is_renamed_and_deleted(app):
    template = keep(make_slot())
    keep(make_slot(title="另一个"), "占用")
    with unit_of_work():
        rename_template(template.public_id, "新名", 1, actor=CLERK)
    with pytest.raises(Conflict, match="stale_edit"), unit_of_work():
        rename_template(template.public_id, "更新的名", 1, actor=CLERK)
    with pytest.raises(Invalid, match="name_taken"), unit_of_work():
        rename_template(template.public_id, "占用", 2, actor=CLERK)
    with unit_of_work():
        delete_template(template.public_id, actor=CLERK)
    assert names() == ["占用"]


def test_it_is_the_departments_own(app):
    slot = make_slot()
    template = keep(slot)
    for attempt in (
        lambda: save_template(slot.public_id, "夺", actor=OTHER),
        lambda: rename_template(template.public_id, "夺", 1, actor=OTHER),
        lambda: delete_template(template.public_id, actor=OTHER),
        lambda: delete_template(template.public_id, actor=cast.AUDITOR.actor),
    ):
        with pytest.raises(NotFound), unit_of_work():
            attempt()
    assert names() == ["样板"]
    with unit_of_work():
        delete_template(template.public_id, actor=cast.COORDINATOR.actor)


@pytest.mark.sqlite_only
def test_a_department_keeps_so_many(app):
    slot = make_slot()
    with unit_of_work():
        for number in range(TEMPLATES_MAX):
            save_template(slot.public_id, f"样板{number}", actor=CLERK)
    with pytest.raises(Conflict, match="templates_full"):
        keep(slot, "再一个")
