"""A planned visit (计划走访): reserved for one enterprise, which agrees, proposes another time or does not need it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.bookings.rules.commands import NOTE_MAX, REASON_MAX, NewAttendee, clean_attendee
from eventsys.bookings.rules.states import BookingChannel, BookingState
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.text import clean_line, clean_text
from eventsys.slots.rules import CUT_OFF_TIME, Audience, AudienceKind, NewSlot, SlotFormat
from eventsys.workdays.rules import WorkingCalendar

PROPOSALS_MAX = 3
ANSWER_DAYS = 3  # working days; then the clerk is told to call
NOT_NEEDED = "暂不需要"  # why the slot is called off when the enterprise gave no reason
WITHDRAWN = "部门已撤回"  # and when the department cancelled without one


class VisitAnswer(StrEnum):
    """What the enterprise has said so far."""

    WAITING = "waiting"
    AGREED = "agreed"
    ANOTHER_TIME = "another_time"
    NOT_NOW = "not_now"


GIVEN = (VisitAnswer.AGREED, VisitAnswer.ANOTHER_TIME, VisitAnswer.NOT_NOW)


@dataclass(frozen=True, slots=True)
class NewPlannedVisit:
    """The command to plan a visit. `enterprise` is a primary key; of `slot` format, size and audience follow from what
    a planned visit is. `beyond` is why a coordinator goes beyond the visits an enterprise receives."""

    enterprise: int
    slot: NewSlot
    beyond: str = ""

    def reserved(self) -> NewSlot:
        """The slot: a visit of this one enterprise, in no public list, outside its quotas."""
        return replace(
            self.slot,
            format=SlotFormat.VISIT,
            capacity=1,
            attendee_capacity=None,
            audience=Audience(AudienceKind.NAMED, enterprises=(self.enterprise,)),
            needs_approval=False,
            quota_month=None,
            quota_edition=None,
            quota_open=None,
            invited_until=None,
            draw_at=None,
            opens_at=None,
        )


@dataclass(frozen=True, slots=True)
class AnswerVisit:
    """The command to answer. `seen_at` is the start that was shown (None: whatever it is), `receives` who receives the
    visitors; `proposals` and `wishes` say when else. A clerk records what was said elsewhere: by which channel, and
    why."""

    answer: VisitAnswer
    seen_at: datetime | None = None
    receives: NewAttendee | None = None
    proposals: tuple[datetime, ...] = ()
    wishes: str = ""
    channel: BookingChannel = BookingChannel.WEB
    on_behalf_reason: str = ""


def clean_visit_answer(command: AnswerVisit, now: datetime) -> AnswerVisit:
    """The command with cleaned texts; Invalid names the field that cannot be right."""
    if command.answer not in GIVEN:
        raise Invalid("bad_choice", field="answer")
    wishes = clean_text(command.wishes, "wishes", NOTE_MAX)
    reason = clean_line(command.on_behalf_reason, "reason", REASON_MAX)
    proposals = tuple(sorted(set(command.proposals))) if command.answer is VisitAnswer.ANOTHER_TIME else ()
    if len(proposals) > PROPOSALS_MAX:
        raise Invalid("too_many_items", field="proposals", limit=PROPOSALS_MAX)
    if any(at <= now for at in proposals):
        raise Invalid("slot_in_the_past", field="proposals")
    if command.answer is VisitAnswer.ANOTHER_TIME and not proposals and not wishes:
        raise Invalid("visit_when", field="wishes")
    receives = command.receives if command.answer is VisitAnswer.AGREED else None
    receives = clean_attendee(receives, "receives") if receives is not None else None
    return replace(command, proposals=proposals, wishes=wishes, on_behalf_reason=reason, receives=receives)


def check_answer(state: BookingState, starts_at: datetime, seen_at: datetime | None, now: datetime) -> None:
    """Raise Conflict unless the visit waits for an answer, still lies ahead, and is the one that was seen."""
    if state is not BookingState.PENDING:
        raise Conflict("visit_answered")
    if now >= starts_at:
        raise Conflict("slot_began", starts_at=starts_at)
    if seen_at is not None and seen_at != starts_at:
        raise Conflict("visit_moved", starts_at=starts_at)


def check_reserved(command: NewSlot, enterprise: int) -> None:
    """Raise Invalid when a change would make a planned visit anything but a visit of this one enterprise."""
    if command.format is not SlotFormat.VISIT:
        raise Invalid("visit_reserved", field="format")
    if command.capacity != 1:
        raise Invalid("visit_reserved", field="capacity")
    if command.audience.kind is not AudienceKind.NAMED or set(command.audience.enterprises) != {enterprise}:
        raise Invalid("visit_reserved", field="audience")


def answer_until(asked_at: datetime, starts_at: datetime, calendar: WorkingCalendar, zone: ZoneInfo) -> datetime:
    """When the clerk is told to call: three working days after it was asked, and in time for the working day before
    the visit; at once when that is past."""
    by = calendar.end_of_workday_after(asked_at, ANSWER_DAYS, zone)
    day: date = calendar.working_days_before(starts_at.astimezone(zone).date(), 1)
    eve = datetime.combine(day, time(CUT_OFF_TIME.hour), zone)
    return max(asked_at, min(by, eve))
