"""Collection (报送): departments submit their slots of an edition, and it is published whole (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.core.errors import Conflict, Invalid
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.rules import NAME_MAX
from eventsys.slots.rules import DESCRIPTION_MAX
from eventsys.workdays.rules import WorkingCalendar

NUMBER_MAX = 9_999
LONGEST_EDITION = timedelta(days=366)
SUBMIT_DAY, SUBMIT_TIME = 20, time(17, 30)  # of the month before (DEFAULTS.md)
OPENING_DAY, OPENING_TIME = 25, time(10, 0)


class SubmissionState(StrEnum):
    """How far a department is with an edition."""

    MISSING = "missing"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    NOTHING = "nothing"


OWED = frozenset({SubmissionState.MISSING, SubmissionState.RETURNED})


@dataclass(frozen=True, slots=True)
class NewEdition:
    """The command to make, or to change, an edition: the run `number` of the district's series from `starts_on` to
    `ends_on`. Departments submit until `collects_until`; it is published whole at `opens_at`. Both None: no
    collection, each slot is published by itself."""

    number: int
    starts_on: date
    ends_on: date
    title: str = ""
    description: str = ""
    collects_until: datetime | None = None
    opens_at: datetime | None = None


def clean_edition(command: NewEdition) -> NewEdition:
    """The command with cleaned texts; Invalid names the field that cannot be right."""
    if not 1 <= command.number <= NUMBER_MAX:
        raise Invalid("out_of_range", field="number", minimum=1, maximum=NUMBER_MAX)
    if command.ends_on < command.starts_on:
        raise Invalid("end_before_start", field="ends_on")
    if command.ends_on - command.starts_on > LONGEST_EDITION:
        raise Invalid("edition_too_long", field="ends_on")
    if (command.collects_until is None) != (command.opens_at is None):
        raise Invalid("required", field="opens_at" if command.opens_at is None else "collects_until")
    if command.collects_until and command.opens_at and command.opens_at < command.collects_until:
        raise Invalid("opens_before_collected", field="opens_at")
    title = clean_line(command.title, "title", NAME_MAX)
    return replace(command, title=title, description=clean_text(command.description, "description", DESCRIPTION_MAX))


def usual_dates(starts_on: date, calendar: WorkingCalendar, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Until when departments submit, and when the edition opens: the 20th and the 25th of the month before, or the
    next working day."""
    before = (starts_on.replace(day=1) - timedelta(days=1)).replace(day=1)
    submit = calendar.next_workday(before.replace(day=SUBMIT_DAY))
    opening = calendar.next_workday(before.replace(day=OPENING_DAY))
    return datetime.combine(submit, SUBMIT_TIME, zone), datetime.combine(opening, OPENING_TIME, zone)


def check_collecting(
    state: SubmissionState, collects_until: datetime | None, published_at: datetime | None, at: datetime, *, late: bool
) -> None:
    """Raise Conflict unless a department may answer now: until the deadline; `late` lets the coordinator answer for it
    afterwards, and what was returned may come again until the edition is published."""
    if collects_until is None:
        raise Conflict("no_collection")
    if published_at is not None:
        raise Conflict("edition_published")
    if at > collects_until and not late and state is not SubmissionState.RETURNED:
        raise Conflict("collection_closed", until=collects_until)


def check_return(state: SubmissionState, published_at: datetime | None) -> None:
    """Raise Conflict unless there is an answer to give back."""
    if published_at is not None:
        raise Conflict("edition_published")
    if state in OWED:
        raise Conflict("nothing_submitted")
