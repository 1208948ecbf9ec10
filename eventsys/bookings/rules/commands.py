"""What is asked for: the command to book, its limits, and how what was typed is cleaned."""

from __future__ import annotations

from dataclasses import dataclass

from eventsys.accounts.rules import NAME_MAX, parse_email, parse_mobile
from eventsys.bookings.rules.states import BookingChannel
from eventsys.core.errors import Invalid
from eventsys.core.text import clean_line, clean_text
from eventsys.directory.settings import CAPACITY_MAX
from eventsys.slots.rules import QuestionKind

ASKS_MAX = 1_000
ANSWER_MAX = 500
REASON_MAX = 200
NOTE_MAX = 500
PARTY_MAX = 500  # of one booking, whatever the slot allows


@dataclass(frozen=True, slots=True)
class NewAttendee:
    """A named person of a party."""

    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class NewBooking:
    """The command to book. `slot` is a public id, `enterprise` a primary key; `party` None means those named.

    `answers` maps a question's public id to the answer; `asks` is what the enterprise wants to raise. Who
    `waits` comes with at least `party_min` people (None: the whole party) and is asked before a place is confirmed when
    `asks_first`. `hold` is the public id of the hold to turn into the booking; the enterprise's own is found without.
    """

    slot: str
    enterprise: int
    party: int | None = None
    attendees: tuple[NewAttendee, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    asks: str = ""
    channel: BookingChannel = BookingChannel.WEB
    on_behalf_reason: str = ""
    waits: bool = False
    party_min: int | None = None
    asks_first: bool = False
    hold: str = ""


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


def party_min_of(party_min: int | None, party: int) -> int:
    """The smallest number that comes all the same; Invalid when it is none or more than the party."""
    if party_min is not None and not 1 <= party_min <= party:
        raise Invalid("out_of_range", field="party_min", minimum=1, maximum=party)
    return party if party_min is None else party_min


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
