"""Rules of booking: states, parties, windows, capacity. Each refusal has a stable code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eventsys.accounts.rules import NAME_MAX, parse_email, parse_mobile
from eventsys.core.errors import Conflict, Invalid, Refusal
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.settings import CAPACITY_MAX
from eventsys.slots.rules import QuestionKind, SlotState

ASKS_MAX = 1_000
ANSWER_MAX = 500
REASON_MAX = 200
PARTY_MAX = 500  # of one booking, whatever the slot allows


class BookingState(StrEnum):
    """The states of CONTRACTS.md; `attended` and `no_show` are derived and never stored."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ACTIVE = (
    BookingState.HELD,
    BookingState.PENDING,
    BookingState.CONFIRMED,
    BookingState.WAITLISTED,
    BookingState.OFFERED,
)
TAKES_PLACES = (BookingState.HELD, BookingState.PENDING, BookingState.OFFERED, BookingState.CONFIRMED)


class BookingChannel(StrEnum):
    """How the enterprise booked; the clerk says it when booking on behalf."""

    WEB = "web"
    API = "api"
    PHONE = "phone"
    WECHAT = "wechat"
    ON_SITE = "on_site"


class TicketState(StrEnum):
    """Whether an attendee's code still counts."""

    VALID = "valid"
    REPLACED = "replaced"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class NewAttendee:
    """A named person of a party."""

    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class NewBooking:
    """The command to book. `slot` is a public id, `enterprise` a primary key; `party` None means those named.

    `answers` maps a question's public id to the answer; `asks` is what the enterprise wants to raise.
    """

    slot: str
    enterprise: int
    party: int | None = None
    attendees: tuple[NewAttendee, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    asks: str = ""
    channel: BookingChannel = BookingChannel.WEB
    on_behalf_reason: str = ""


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What decides about a booking, read under the slot's lock."""

    state: SlotState
    starts_at: datetime
    opens_at: datetime | None
    closes_at: datetime
    places_left: int
    people_left: int | None
    party_max: int | None


def clean_attendee(attendee: NewAttendee, field: str = "attendees") -> NewAttendee:
    """The attendee with cleaned values, or Invalid naming `field` and what of it."""
    name = clean_line(attendee.name, f"{field}.name", NAME_MAX, required=True)
    phone = parse_mobile(attendee.phone, f"{field}.phone") if attendee.phone.strip() else ""
    email = parse_email(attendee.email, f"{field}.email") if attendee.email.strip() else ""
    return NewAttendee(name, phone, email)


def clean_attendees(attendees: tuple[NewAttendee, ...]) -> tuple[NewAttendee, ...]:
    """All attendees cleaned; Invalid names the field and position of every one that cannot be right."""
    if len(attendees) > PARTY_MAX:
        raise Invalid("out_of_range", field="attendees", minimum=0, maximum=PARTY_MAX)
    cleaned, problems = [], []
    for position, attendee in enumerate(attendees):
        try:
            cleaned.append(clean_attendee(attendee, f"attendees.{position}"))
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise Invalid.many(problems)
    return tuple(cleaned)


def party_of(party: int | None, named: int) -> int:
    """The number of people: as said, or those named; Invalid when it is none, too many or fewer than are named."""
    size = named if party is None else party
    if size < 1:
        raise Invalid("party_empty", field="party" if party is not None else "attendees")
    if size > min(PARTY_MAX, CAPACITY_MAX):
        raise Invalid("out_of_range", field="party", minimum=1, maximum=PARTY_MAX)
    if named > size:
        raise Invalid("more_names_than_party", field="attendees", party=size, named=named)
    return size


def clean_answers(
    answers: tuple[tuple[str, str], ...], questions: dict[str, tuple[QuestionKind, bool]]
) -> dict[str, str]:
    """Answers by question, cleaned; `questions` maps a public id to (kind, required)."""
    given, problems = dict(answers), []
    for unknown in given.keys() - questions.keys():
        problems.append(Invalid("unknown_question", field=f"answers.{unknown}"[:80]))
    cleaned: dict[str, str] = {}
    for key, (kind, required) in questions.items():
        try:
            text = clean_text(given.get(key, ""), f"answers.{key}", ANSWER_MAX, required=required)
            if text and kind is QuestionKind.YES_NO and text not in {"yes", "no"}:
                raise Invalid("yes_or_no", field=f"answers.{key}")
        except Invalid as problem:
            problems.append(problem)
        else:
            if text:
                cleaned[key] = text
    if problems:
        raise Invalid.many(problems)
    return cleaned


def refusal(slot: SlotFacts, party: int, now: datetime, *, on_behalf: bool) -> Refusal | None:
    """Why a party cannot have places in the slot now; None when it can.

    A clerk booking on behalf is not bound by the window, only by the start: many bookings come by phone.
    """
    if slot.state is not SlotState.PUBLISHED:
        return Conflict("slot_called_off" if slot.state is SlotState.CALLED_OFF else "slot_not_published")
    if now >= slot.starts_at:
        return Conflict("window_closed", closes_at=min(slot.closes_at, slot.starts_at))
    if not on_behalf and slot.opens_at is not None and now < slot.opens_at:
        return Conflict("window_not_open", opens_at=slot.opens_at)
    if not on_behalf and now >= slot.closes_at:
        return Conflict("window_closed", closes_at=slot.closes_at)
    if slot.party_max is not None and party > slot.party_max:
        return Conflict("party_too_large", maximum=slot.party_max, remove=party - slot.party_max)
    if slot.places_left < 1 or (slot.people_left is not None and party > slot.people_left):
        return Conflict("slot_full", places_left=slot.places_left, attendee_places_left=slot.people_left)
    return None


def check_cancel(state: BookingState, slot: SlotState, starts_at: datetime, now: datetime) -> None:
    """Raise Conflict unless a booking may be cancelled: until the start; after the deadline it is a late one."""
    if state not in ACTIVE:
        raise Conflict("booking_not_active", state=state.value)
    if slot is SlotState.PUBLISHED and now >= starts_at:
        raise Conflict("slot_began", starts_at=starts_at)


def check_names(state: BookingState, names_until: datetime, now: datetime, *, is_staff: bool) -> None:
    """Raise Conflict unless attendees may be named or changed now; a clerk may until the slot ends."""
    if state not in ACTIVE:
        raise Conflict("booking_not_active", state=state.value)
    if not is_staff and now >= names_until:
        raise Conflict("names_closed", names_until=names_until)
