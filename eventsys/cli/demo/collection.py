"""The edition of the month that nobody can book yet: most departments have submitted, one has to do it again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from eventsys.cli.application import COMMAND_LINE
from eventsys.cli.demo.district import DemoDistrict
from eventsys.core.installation import installation
from eventsys.directory.models import Department, Place
from eventsys.slots.collection import NewEdition, usual_dates
from eventsys.slots.queries.editions import last_day, next_number
from eventsys.slots.rules import NewSlot, SlotFormat
from eventsys.slots.services import create_slot, offer_slot
from eventsys.slots.services.editions import create_edition, return_submission, submit
from eventsys.workdays.queries import working_calendar

SUBMITTED, NOTHING = slice(2, 13), slice(13, 16)  # of the departments; the first two, whose clerks sign in, have not
EVERY_DAYS = 2
JOINT = (1, 4, 7)  # of those submitted: the department whose clerk signs in is asked to support them
OFFERED = 9  # and to lead this one


def write_collection(district: DemoDistrict) -> None:
    """Add the edition after the last one, with the drafts of those who have submitted."""
    last = last_day()
    assert last is not None  # the activity has editions
    starts_on = last + timedelta(days=1)
    calendar = working_calendar()
    until, opens = usual_dates(starts_on, calendar, installation().zone)
    ends_on = (starts_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    command = NewEdition(next_number(), starts_on, ends_on, "新春政策服务月", collects_until=until, opens_at=opens)
    edition = create_edition(command, actor=COMMAND_LINE)
    for number, department in enumerate(district.departments[SUBMITTED]):
        day = calendar.next_workday(starts_on + timedelta(days=EVERY_DAYS * number))
        supporting = (district.departments[0].id,) if number in JOINT else ()
        draft = _draft(department, district.places[number % 7], day, edition.id, supporting)
        slot = create_slot(draft, actor=COMMAND_LINE)
        if number == OFFERED:
            offer_slot(slot.public_id, district.departments[0].code, "本月人手不足，材料已备好。", actor=COMMAND_LINE)
        submit(edition.public_id, department.code, actor=COMMAND_LINE)
    for department in district.departments[NOTHING]:
        submit(edition.public_id, department.code, actor=COMMAND_LINE, nothing=True)
    returned = district.departments[SUBMITTED][0]
    return_submission(edition.public_id, returned.code, "请补充服务事项和地点。", actor=COMMAND_LINE)


def _draft(department: Department, place: Place, day: date, edition: int, supporting: tuple[int, ...]) -> NewSlot:
    service, starts_at = department.services[0], datetime.combine(day, time(14, 30), installation().zone)
    return NewSlot(
        department=department.id,
        title=f"{service.name}专场",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        format=SlotFormat.SESSION,
        topic=service.topic,
        capacity=20,
        attendee_capacity=40,
        party_max=2,
        place=place.id,
        services=(service.id,),
        edition=edition,
        supporting=supporting,
    )
