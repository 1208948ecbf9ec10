"""What a gate shows of a scan, as JSON: the API and the gate page answer the same."""

from __future__ import annotations

import base64
from typing import Any

from flask_babel import lazy_gettext as _l

from eventsys.bookings.keys import public_keys
from eventsys.bookings.models import Attendee
from eventsys.checkin.models import Gate, Scan
from eventsys.checkin.queries import Conflict, OfflineRoster, venue_token
from eventsys.checkin.queries.offline import OfflineTicket
from eventsys.checkin.rules import ScanResult, VenueKind
from eventsys.checkin.services import Answer, walk_in_slots
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import GATE_OVERRIDE, GATE_SEARCH
from eventsys.slots.models import Slot
from eventsys.web.locale import format_moment
from eventsys.web.rfc3339 import format_instant

MESSAGES: dict[ScanResult, Any] = {
    ScanResult.INVALID: _l("Not recognised. Search by name or register here."),
    ScanResult.FORGED: _l("Not recognised. Search by name or register here."),
    ScanResult.UNKNOWN: _l("Not recognised. Search by name or register here."),
    ScanResult.REVOKED: _l("Code replaced, show the new one."),
    ScanResult.CANCELLED: _l("Booking cancelled."),
    ScanResult.WRONG_SLOT: _l("For another slot: %(starts_at)s, %(place)s."),
    ScanResult.NOT_CONFIRMED: _l("Not confirmed: register here or call the clerk."),
    ScanResult.NOT_YET: _l("Check-in opens %(opens_at)s."),
    ScanResult.EXPIRED: _l("Check-in closed %(ends_at)s."),
    ScanResult.ALREADY_ADMITTED: _l("Checked in %(first_at)s, %(gate)s. Check the person."),
    ScanResult.ADMITTED: _l("Checked in (%(arrived)s of %(party)s)"),
    ScanResult.EXITED: _l("Checked out."),
    ScanResult.ANNULLED: _l("Taken back."),
}
# Why a scan that an offline gate let through should not have been.
REASONS: dict[ScanResult, Any] = {
    ScanResult.INVALID: _l("The code could not be read"),
    ScanResult.FORGED: _l("Not a code of ours"),
    ScanResult.UNKNOWN: _l("No such code"),
    ScanResult.REVOKED: _l("The code had been replaced"),
    ScanResult.CANCELLED: _l("The booking had been cancelled"),
    ScanResult.WRONG_SLOT: _l("Registered for another slot"),
    ScanResult.NOT_CONFIRMED: _l("The booking is not confirmed"),
    ScanResult.NOT_YET: _l("Before check-in opened"),
    ScanResult.EXPIRED: _l("After check-in closed"),
    ScanResult.ALREADY_ADMITTED: _l("Let in twice"),
}
RELEASED = _l("The place was given up at %(ended_at)s. Give it back on the page of places, while some are left.")
ALREADY_ADMITTED_WITHOUT_GATE = _l("Checked in %(first_at)s. Check the person.")


def answer_json(answer: Answer) -> dict[str, Any]:
    """`{scan, result, message, attendee, arrived, party, first_scan, slot, counters}`; null where it does not apply."""
    attendee, slot, first = answer.attendee, answer.slot, _earlier(answer)
    enterprise = attendee.booking.enterprise.name if attendee else ""
    counters = answer.counters
    return {
        "scan": answer.scan.public_id if answer.scan else None,
        "result": answer.result.value,
        "shown": answer.scan.shown.value if answer.scan and answer.scan.shown else None,
        "message": message_of(answer),
        "attendee": {"name": attendee.name, "enterprise": enterprise} if attendee else None,
        "arrived": answer.arrived,
        "party": answer.party,
        "first_scan": _first_json(first) if first else None,
        "slot": _slot_json(slot) if slot else None,
        "counters": {"admitted": counters.admitted, "expected": counters.expected} if counters else None,
    }


def conflict_json(conflict: Conflict) -> dict[str, Any]:
    """`{scan, result, at, gate, device, code, reason, attendee, first_scan}`; null where it does not apply."""
    scan, attendee, admission = conflict.scan, conflict.attendee, conflict.admission
    return {
        "scan": scan.public_id,
        "result": conflict.result.value,
        **_first_json(scan),
        "code": None if attendee else scan.code,
        "reason": scan.reason,
        "attendee": {"name": attendee.name, "enterprise": attendee.booking.enterprise.name} if attendee else None,
        "first_scan": _first_json(admission) if admission else None,
    }


def message_of(answer: Answer) -> str:
    """The sentence the steward reads, in the language of the request."""
    first, slot = _earlier(answer), answer.slot
    text = MESSAGES[answer.result]
    if answer.result is ScanResult.ALREADY_ADMITTED and not (first and first.gate):
        text = ALREADY_ADMITTED_WITHOUT_GATE
    booking = answer.attendee.booking if answer.attendee else None
    if answer.result is ScanResult.CANCELLED and booking is not None and booking.is_released:
        text = RELEASED
    return str(text) % {
        "ended_at": format_moment(booking.cancelled_at) if booking and booking.cancelled_at else "–",
        "arrived": answer.arrived,
        "party": answer.party,
        "first_at": format_moment(first.scanned_at) if first else "–",
        "gate": first.gate.name if first and first.gate else "–",
        "starts_at": format_moment(slot.starts_at) if slot else "–",
        "ends_at": format_moment(slot.ends_at) if slot else "–",
        "opens_at": format_moment(answer.opens_at) if answer.opens_at else "–",
        "place": _place(slot) or "–" if slot else "–",
    }


def gate_messages() -> dict[str, str]:
    """The sentence of each result with its gaps, for a gate that judges without us, in the language of the request."""
    return {result.value: str(text) for result, text in MESSAGES.items()}


def _earlier(answer: Answer) -> Scan | None:
    """The admission that stands, unless it is this very scan (a repeated request)."""
    first, scan = answer.first, answer.scan
    return None if first and scan and first.id == scan.id else first


def _first_json(first: Scan) -> dict[str, Any]:
    gate = first.gate.name if first.gate else None
    return {"at": format_instant(first.scanned_at), "gate": gate, "device": first.device}


def _slot_json(slot: Slot) -> dict[str, Any]:
    times = {"starts_at": format_instant(slot.starts_at), "ends_at": format_instant(slot.ends_at)}
    return {"id": slot.public_id, "title": slot.title, **times, "place": _place(slot)}


def _place(slot: Slot) -> str:
    return " ".join(filter(None, [slot.place.name if slot.place else "", slot.place_text]))


def found_json(attendee: Attendee, is_here: bool) -> dict[str, Any]:
    """`{name, enterprise, typed_code, is_admitted}` of somebody who is expected."""
    enterprise = attendee.booking.enterprise.name
    return {
        "name": attendee.name,
        "enterprise": enterprise,
        "typed_code": attendee.typed_code,
        "is_admitted": is_here,
    }


def offline_json(gate: Gate, actor: Actor, roster: OfflineRoster) -> dict[str, Any]:
    """What a gate keeps to judge codes without a network (the schema says what is what)."""
    scopes = actor.scopes or ()
    return {
        "gate": {"id": gate.public_id, "name": gate.name},
        "now": format_instant(now()),
        "walk_in_url": _walk_in_url(gate),
        "may": [name for name, scope in (("override", GATE_OVERRIDE), ("search", GATE_SEARCH)) if scope in scopes],
        "keys": {str(key_id): base64.b64encode(raw).decode() for key_id, raw in public_keys().items()},
        "slots": [_slot_json(slot) | {"opens_at": format_instant(slot.door_opens_at)} for slot in roster.slots],
        "has_check_characters": roster.has_check_characters,
        "parties": roster.parties,
        "tickets": [_ticket_json(ticket) for ticket in roster.tickets],
    }


def _walk_in_url(gate: Gate) -> str | None:
    """Where who has not booked registers at the gate; a code that runs on a screen has no lasting address."""
    if gate.venue_kind is not VenueKind.PRINTED or not walk_in_slots(gate):
        return None
    return absolute_url(f"/c/{venue_token(gate)}/walk-in")


def _ticket_json(ticket: OfflineTicket) -> dict[str, Any]:
    admission = ticket.admission
    return {
        "id": ticket.id,
        "slot": ticket.slot,
        "booking": ticket.booking,
        "state": ticket.state,
        "sealed": ticket.sealed,
        "admission": _first_json(admission) | {"is_inside": ticket.is_inside} if admission else None,
    }
