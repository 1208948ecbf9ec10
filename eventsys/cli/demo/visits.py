"""Three planned visits of the first department: one waits for an answer, one is agreed to, one is to be moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import AnswerVisit, BookingChannel, NewAttendee, NewPlannedVisit, VisitAnswer
from eventsys.bookings.services import answer_visit, plan_visit
from eventsys.cli.application import COMMAND_LINE
from eventsys.cli.demo.district import DemoDistrict
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Refusal
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Enterprise
from eventsys.slots.rules import NewSlot, SlotFormat
from eventsys.workdays.rules import OFFICIAL

FIRST_DAY, LAST_DAY = 6, 40  # working days ahead
BY_PHONE = AnswerVisit(VisitAnswer.AGREED, channel=BookingChannel.PHONE, on_behalf_reason="企业来电")


def write_visits(district: DemoDistrict) -> None:
    """Plan them on the first days on which the enterprises receive no others, and record two answers."""
    department = district.departments[0]
    _waiting, agreed, other = [_plan(department, enterprise) for enterprise in district.enterprises[:3]]
    answer_visit(agreed.public_id, replace(BY_PHONE, receives=NewAttendee("林女士")), actor=COMMAND_LINE)
    zone = installation().zone
    later = tuple(OFFICIAL.add_workdays(other.slot.starts_at, days, zone).replace(hour=9) for days in (1, 2))
    wish = replace(BY_PHONE, answer=VisitAnswer.ANOTHER_TIME, proposals=later, wishes="最好安排在上午")
    answer_visit(other.public_id, wish, actor=COMMAND_LINE)


def _plan(department: Department, enterprise: Enterprise) -> Booking:
    for days in range(FIRST_DAY, LAST_DAY):
        try:
            with db.session.begin_nested():
                return plan_visit(
                    NewPlannedVisit(enterprise.id, _slot(department, enterprise, days)), actor=COMMAND_LINE
                )
        except Refusal:
            continue
    raise LookupError("no day without a visit")


def _slot(department: Department, enterprise: Enterprise, days: int) -> NewSlot:
    zone, service = installation().zone, department.services[0]
    day = OFFICIAL.add_workdays(now(), days, zone).date()
    starts_at = datetime.combine(day, time(15, 0), zone)
    return NewSlot(
        department=department.id,
        title=f"{service.name}上门走访",
        title_en=f"{service.name_en or service.name}: planned visit",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        format=SlotFormat.VISIT,
        topic=service.topic,
        party_max=6,
        services=(service.id,),
        place_text=enterprise.address,
        description="了解企业诉求，讲解最新政策，现场答疑。",
    )
