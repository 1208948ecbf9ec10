"""Who comes to the demonstration's slots, what to bring and what to read: some colleagues of every department."""

from __future__ import annotations

from random import Random

from sqlalchemy import insert, select

from eventsys.cli.demo.activity import SURNAMES
from eventsys.cli.demo.district import DemoDistrict
from eventsys.core.db import db
from eventsys.directory.models import Department, Staff
from eventsys.slots.models import Document, Slot, slot_staff
from eventsys.slots.rules import SlotFormat

SEED = 7
GIVEN_NAMES = ("建国", "丽华", "志强", "晓燕", "明辉", "雅婷", "文斌", "佳怡")
OFFICES = ("科长", "副科长", "一级科员", "业务骨干")
BRING = "营业执照副本复印件\n公章"
TOGETHER = 2  # colleagues at a slot


def write_staff(district: DemoDistrict) -> None:
    """Add the colleagues and send them to slots in turn, so that few of them clash."""
    random = Random(SEED)  # noqa: S311 - the same district everywhere, nothing secret
    staff = {department.id: _colleagues(department, random) for department in district.departments}
    db.session.add_all([member for members in staff.values() for member in members])
    db.session.flush()
    pairs = []
    for number, slot in enumerate(db.session.scalars(select(Slot).order_by(Slot.starts_at, Slot.id))):
        members = staff[slot.department_id]
        chosen = {members[(number + step) % len(members)].id for step in range(TOGETHER)}
        pairs += [{"slot_id": slot.id, "staff_id": key} for key in sorted(chosen)]
        if slot.format is SlotFormat.SESSION:
            slot.bring = BRING
            if number % 3 == 0:
                db.session.add(_guide(slot))
    if pairs:
        db.session.execute(insert(slot_staff), pairs)
    db.session.flush()


def _colleagues(department: Department, random: Random) -> list[Staff]:
    names = [random.choice(SURNAMES) + given for given in random.sample(GIVEN_NAMES, 5)]
    return [
        Staff(department_id=department.id, name=name, office=OFFICES[min(number, len(OFFICES) - 1)])
        for number, name in enumerate(names)
    ]


def _guide(slot: Slot) -> Document:
    return Document(slot_id=slot.id, title=f"{slot.title}办事指南", url="https://policy.example/guide.pdf")
