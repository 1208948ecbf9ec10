"""Attendees check in themselves: by the code of the venue, and by who they are."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings.models import Attendee
from eventsys.checkin.models import Gate
from eventsys.checkin.queries.gates import find_gate, get_gate
from eventsys.checkin.queries.venue import find_venue, list_called
from eventsys.checkin.rules import (
    PHONE_DIGITS,
    TYPED_FAILURES_A_MINUTE,
    TYPED_WINDOW,
    CheckIn,
    ScanResult,
    VenueKind,
    self_opens_at,
)
from eventsys.checkin.services.answers import Answer
from eventsys.checkin.services.scanning import check_in, log_unknown
from eventsys.core import audit
from eventsys.core.actor import Actor, Channel
from eventsys.core.clock import now
from eventsys.core.errors import Conflict, NotFound, TooMany
from eventsys.core.ids import new_public_id
from eventsys.core.permissions import CHECKIN, Permission
from eventsys.core.text import clean_line
from eventsys.slots.models import Slot

BY_THEMSELVES = "self"
NAME_MAX = 60


def set_venue(gate: str, kind: VenueKind, *, renew: bool, actor: Actor) -> Gate:
    """How attendees check in themselves at the gate; `renew` makes its code anew, and the old one is dead."""
    row = get_gate(gate, actor, Permission.MANAGE_GATES)
    before = {"venue": row.venue_kind.value}
    row.venue_kind = kind
    row.venue_version += renew
    audit.record(actor, "gate.venue_set", "gate", row.public_id, before=before, after={"venue": kind.value})
    return row


def check_in_yourself(token: str, code: str, name: str = "", *, actor: Actor) -> Answer:
    """Check in at the gate whose code is `token`, by the personal code or by name and the last digits of the mobile
    number. The answer's result says whether it worked; twice is `already_admitted`.

    Raises NotFound when the venue's code is dead, Invalid for what cannot be read, `not_yet` as a Conflict
    `door_not_yet` before attendees may, TooMany for guessing.
    """
    gate = find_venue(token)
    if gate is None:
        raise NotFound()
    door = door_of(gate, actor)
    opens_at = min((own_door(slot) for slot in gate.slots if slot.ends_at >= now()), default=None)
    if opens_at is not None and now() < opens_at:
        raise Conflict("door_not_yet", opens_at=opens_at)
    code = clean_line(code, "code", 400, required=True)
    digits = "".join(code.split())
    is_by_name = len(digits) == PHONE_DIGITS and digits.isdecimal()
    if is_by_name:
        name = clean_line(name, "name", NAME_MAX, required=True)
        facts = find_gate(key=gate.id)
        if facts is None or facts.typed_failures >= TYPED_FAILURES_A_MINUTE:
            raise TooMany("too_many", retry_after=int(TYPED_WINDOW.total_seconds()))
        found = list_called(gate, name, digits)
        if not found:
            return log_unknown(f"tel:{digits}", facts, actor=door)
        code = _soonest(found).typed_code
    answer = check_in(CheckIn(code, new_public_id(), device=BY_THEMSELVES), actor=door)
    slot = answer.slot
    if slot is not None and now() < own_door(slot) and answer.result in {ScanResult.ADMITTED, ScanResult.NOT_YET}:
        raise Conflict("door_not_yet", opens_at=own_door(slot))
    return answer


def own_door(slot: Slot) -> datetime:
    """From when attendees check in themselves at the slot."""
    return self_opens_at(slot.starts_at, slot.door_opens_at)


def door_of(gate: Gate, actor: Actor) -> Actor:
    """Who acts when an attendee does it by the gate's code: the gate itself."""
    return Actor(name=gate.name, gate=gate.id, channel=Channel.GATE, scopes=frozenset({CHECKIN}), address=actor.address)


def _soonest(found: list[Attendee]) -> Attendee:
    """Of one person's tickets of several slots the one that is on, else the next."""
    return min(found, key=lambda attendee: (attendee.booking.slot.ends_at < now(), attendee.booking.slot.starts_at))
