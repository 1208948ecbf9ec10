"""The states of a booking, which follows which, and what each takes of a slot (CONTRACTS.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eventsys.core.errors import Conflict


class BookingState(StrEnum):
    """The states of CONTRACTS.md; `attended` and `no_show` are derived and never stored."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class TicketState(StrEnum):
    """Whether an attendee's code still counts."""

    VALID = "valid"
    REPLACED = "replaced"
    DECLINED = "declined"


class InviteAnswer(StrEnum):
    """What an attendee's calendar answered to the invitation (RFC 5545 PARTSTAT, in small letters)."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class RequestState(StrEnum):
    """How far a request for a visit is."""

    OPEN = "open"
    ARRANGED = "arranged"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class BookingChannel(StrEnum):
    """How the enterprise booked; the clerk says it when booking on behalf."""

    WEB = "web"
    API = "api"
    PHONE = "phone"
    WECHAT = "wechat"
    ON_SITE = "on_site"


ACTIVE = (
    BookingState.HELD,
    BookingState.PENDING,
    BookingState.CONFIRMED,
    BookingState.WAITLISTED,
    BookingState.OFFERED,
)
TAKES_PLACES = (BookingState.HELD, BookingState.PENDING, BookingState.OFFERED, BookingState.CONFIRMED)
LAPSES = (BookingState.HELD, BookingState.OFFERED)
FIRMEST_FIRST = (
    BookingState.CONFIRMED,
    BookingState.PENDING,
    BookingState.OFFERED,
    BookingState.HELD,
    BookingState.WAITLISTED,
)

NEXT: dict[BookingState, frozenset[BookingState]] = {
    BookingState.HELD: frozenset(
        {
            BookingState.PENDING,
            BookingState.CONFIRMED,
            BookingState.WAITLISTED,  # its time ran out, others were faster, and the enterprise will wait
            BookingState.EXPIRED,
            BookingState.CANCELLED,
        }
    ),
    # Who has a place waits again only where the department makes the slot smaller and chooses them (ADR 0013).
    BookingState.PENDING: frozenset({BookingState.CONFIRMED, BookingState.WAITLISTED, BookingState.CANCELLED}),
    BookingState.WAITLISTED: frozenset(
        {
            BookingState.CONFIRMED,
            BookingState.PENDING,
            BookingState.OFFERED,
            BookingState.CANCELLED,
            BookingState.EXPIRED,
        }
    ),
    BookingState.OFFERED: frozenset(
        {
            BookingState.CONFIRMED,
            BookingState.PENDING,
            BookingState.WAITLISTED,
            BookingState.CANCELLED,
            BookingState.EXPIRED,
        }
    ),
    BookingState.CONFIRMED: frozenset({BookingState.WAITLISTED, BookingState.CANCELLED}),
    BookingState.CANCELLED: frozenset({BookingState.CONFIRMED}),  # released at the door, and they came after all
    BookingState.EXPIRED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a booking takes of its slot: places, people, and whether it waits (0 or 1)."""

    places: int = 0
    people: int = 0
    waiting: int = 0


def footprint(state: BookingState | None, party: int) -> Footprint:
    """The footprint of a booking in `state`; None is a booking that does not exist yet."""
    if state in TAKES_PLACES:
        return Footprint(places=1, people=party)
    return Footprint(waiting=1) if state is BookingState.WAITLISTED else Footprint()


def claim(state: BookingState, key: int, *, has_come: bool) -> tuple[bool, int, int]:
    """What orders active bookings of one slot of which one may stay, the best claim lowest: where somebody came, then
    the firmest, then the oldest (primary key)."""
    return not has_come, FIRMEST_FIRST.index(state), key


def check_step(before: BookingState, after: BookingState) -> None:
    """Raise Conflict unless a booking may go from `before` to `after`."""
    if after not in NEXT[before]:
        raise Conflict("booking_not_active" if before not in ACTIVE else "booking_state", state=before.value)
