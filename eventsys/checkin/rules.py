"""Rules of check-in: what a scan can result in, and when a gate is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from eventsys.bookings.rules import BookingState, TicketState
from eventsys.core.errors import Invalid
from eventsys.slots.rules import SlotState

CLOCK_TOLERANCE = timedelta(minutes=2)
UNDO_WITHIN = timedelta(minutes=15)
NONCE_MAX = 64
CODE_MAX = 400
REASON_MAX = 200
GATE_NAME_MAX = 60
DEVICE_NAME_MAX = 60
DEVICES_MAX = 50  # at one gate
PAIRING_FOR = timedelta(hours=12)
HISTORY_FOR = timedelta(days=2)  # after a gate closed, its devices may still send what they had queued
SELF_OPENS_BEFORE = timedelta(minutes=60)  # attendees check in themselves later than stewards do
LATE_AFTER = timedelta(minutes=15)
ROTATES_EVERY = timedelta(seconds=60)
STEPS_ACCEPTED = 2  # of a rotating code: the one shown now and the one before, so 60 to 120 seconds
PHONE_DIGITS = 4
SEARCH_MIN = 2  # letters of a name
SEARCHES_A_MINUTE = 20
FOUND_MAX = 20
BATCH_MAX = 500
TYPED_FAILURES_A_MINUTE = 10
TYPED_WINDOW = timedelta(minutes=1)
NO_SHOWS_WITHIN = timedelta(days=7)  # of the start: a worker that stood still longer leaves it at that
TYPED_INPUT_MAX = 12  # six characters with blanks or hyphens between


class ScanResult(StrEnum):
    """What a scan means, in the order of precedence."""

    INVALID = "invalid"
    FORGED = "forged"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    WRONG_SLOT = "wrong_slot"
    NOT_CONFIRMED = "not_confirmed"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    ALREADY_ADMITTED = "already_admitted"
    ADMITTED = "admitted"
    EXITED = "exited"
    ANNULLED = "annulled"  # a row that takes an earlier one back


class VenueKind(StrEnum):
    """How attendees check in themselves at a gate: not at all, by a code on the wall, by one that runs on a screen."""

    OFF = "off"
    PRINTED = "printed"
    ROTATING = "rotating"


LET_THROUGH = frozenset({ScanResult.ADMITTED, ScanResult.EXITED})  # the person went in or out
PASSES = LET_THROUGH | {ScanResult.ALREADY_ADMITTED}  # the code is good; whether it lets in depends on other scans


class Direction(StrEnum):
    """Which way through the gate."""

    ENTRY = "entry"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The command of one scan. `scanned_at` None means now; `is_history` is a gate's queued scan, never refused, and
    `shown` what that gate showed on its own: when it does not say, it let the person through."""

    code: str
    nonce: str
    gate: str | None = None
    scanned_at: datetime | None = None
    direction: Direction = Direction.ENTRY
    override_reason: str = ""
    device: str = ""
    is_history: bool = False
    shown: ScanResult | None = None


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What decides about a genuine ticket at the instant of its scan, read under the attendee's lock."""

    ticket: TicketState
    booking: BookingState
    slot: SlotState
    opens_at: datetime
    ends_at: datetime
    is_gates_slot: bool


def judge(facts: TicketFacts, at: datetime, direction: Direction, *, override: bool) -> ScanResult:
    """What a genuine ticket's own facts say of a scan at `at`, by the precedence of the contract: a refusal, or that it
    passes (ADMITTED, EXITED), which other scans of the ticket may turn into ALREADY_ADMITTED (merge.py).

    An override (by who may, with a reason) admits what time or state would refuse, never a dead code.
    """
    if facts.ticket is not TicketState.VALID:
        return ScanResult.REVOKED
    if facts.booking is BookingState.CANCELLED or facts.slot is SlotState.CALLED_OFF:
        return ScanResult.CANCELLED
    if not facts.is_gates_slot and not override:
        return ScanResult.WRONG_SLOT
    if facts.booking is not BookingState.CONFIRMED and not override:
        return ScanResult.NOT_CONFIRMED
    if at < facts.opens_at and not override:
        return ScanResult.NOT_YET
    if at > facts.ends_at and not override:
        return ScanResult.EXPIRED
    return passing(direction)


def self_opens_at(starts_at: datetime, door_opens_at: datetime) -> datetime:
    """From when attendees check in themselves: an hour before the start, and not before the door opens."""
    return max(starts_at - SELF_OPENS_BEFORE, door_opens_at)


def at_the_door(verdict: ScanResult, *, is_inside: bool) -> ScanResult:
    """What is shown for a scan judged now: nobody is let in twice, whichever of two scans at once claims to be the
    earlier."""
    return ScanResult.ALREADY_ADMITTED if verdict is ScanResult.ADMITTED and is_inside else verdict


def passing(direction: Direction) -> ScanResult:
    """The result of going through the gate this way."""
    return ScanResult.EXITED if direction is Direction.EXIT else ScanResult.ADMITTED


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Who of a booking is here, as a list says it: the tickets ticked, who came instead of whom (names by the tickets
    that die by it), who came in addition. `reason` is for what is entered after the end."""

    here: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.here or self.instead or self.more)


def sign_in_until(ends_at: datetime, days: int, is_workday: Callable[[date], bool], zone: ZoneInfo) -> datetime:
    """Until when somebody may be signed in afterwards (补签): the end of the last of so many working days after the
    slot's own day."""
    day = ends_at.astimezone(zone).date()
    while days:
        day += timedelta(days=1)
        days -= is_workday(day)
    return datetime.combine(day + timedelta(days=1), time(), zone)


class Answered(StrEnum):
    """Whether the slot answered what the enterprise came for."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


STARS = range(1, 6)
COMMENT_MAX = 500
RATE_FOR = timedelta(days=30)  # after the end
THANK_WITHIN = timedelta(days=14)  # of the end: a worker that stood still longer leaves it at that


@dataclass(frozen=True, slots=True)
class NewRating:
    """What somebody who came says of a slot: one to five stars, five is best."""

    stars: int
    answered: Answered | None = None
    comment: str = ""


class VisitSide(StrEnum):
    """Who said that a visit took place."""

    HOST = "host"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised at a visit, by whom, until when."""

    what: str
    who: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class VisitNotes:
    """The record of a visit: when, who came and who received them, what was asked and promised."""

    arrived_at: datetime
    departed_at: datetime | None = None
    team: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    topics: str = ""
    asked: str = ""
    promises: tuple[Promise, ...] = ()


NOTES_MAX = 2_000
NAMES_MAX = 30
PROMISES_MAX = 20
PHOTOS_MAX = 9
PHOTO_BYTES_MAX = 12 * 1024 * 1024


def check_visit_times(notes: VisitNotes, starts_at: datetime, now: datetime) -> None:
    """Raise Invalid for times that cannot be: within a day of the planned start, in order, not to come."""
    times = [("arrived_at", notes.arrived_at), ("departed_at", notes.departed_at)]
    for name, at in times:
        if at is not None and at > now + CLOCK_TOLERANCE:
            raise Invalid("in_the_future", field=name)
    if abs(notes.arrived_at - starts_at) > timedelta(days=1):
        raise Invalid("not_that_day", field="arrived_at", starts_at=starts_at)
    if notes.departed_at is not None and notes.departed_at < notes.arrived_at:
        raise Invalid("end_before_start", field="departed_at")
