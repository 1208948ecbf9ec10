"""The JSON of gates, scans and the roster, out and in."""

from __future__ import annotations

from marshmallow import fields

from eventsys.accounts.rules import NAME_MAX
from eventsys.checkin.rules import (
    CODE_MAX,
    GATE_NAME_MAX,
    NONCE_MAX,
    REASON_MAX,
    Direction,
    ScanResult,
)
from eventsys.checkin.services import GATE_SLOTS_MAX
from eventsys.directory.rules import NAME_MAX as ENTERPRISE_NAME_MAX
from eventsys.web.parsing import Choice, Input, Instant, Listed, Nested, Part, PublicId, Text, Whole

DEVICE_MAX = 60


class GateOut(Part):
    """A check-in point with the slots it serves."""

    id = Text(attribute="public_id")
    name = Text()
    slots = fields.Function(
        lambda gate: [slot.public_id for slot in gate.slots],
        metadata={"type": "array", "items": {"type": "string"}, "description": "ids"},
    )


class NewGateOut(GateOut):
    """A new gate; the token is told only now."""

    token = Text()


class Gates(Part):
    """The gates, newest first."""

    items = Listed(Nested(GateOut))
    next = Text(allow_none=True)


class GateIn(Input):
    """A new gate."""

    name = Text(GATE_NAME_MAX, required=True)
    slots = Listed(PublicId(), GATE_SLOTS_MAX, required=True, metadata={"description": "ids", "minItems": 1})


class CheckInIn(Input):
    """One scan. A gate's token implies its gate; the same nonce gets the same answer."""

    code = Text(CODE_MAX, required=True, metadata={"description": "the ticket's URL, its code, or six characters"})
    nonce = Text(NONCE_MAX, required=True, metadata={"description": "a random value of this scan"})
    gate = PublicId(load_default=None, allow_none=True, metadata={"description": "id"})
    scanned_at = Instant(load_default=None, allow_none=True)
    direction = Choice(Direction, load_default=Direction.ENTRY)
    override = Text(
        REASON_MAX, load_default=None, allow_none=True, metadata={"description": "the reason to admit nevertheless"}
    )
    device = Text(DEVICE_MAX, load_default="")


class HistoryIn(CheckInIn):
    """One scan that a gate queued while it was offline."""

    shown = Choice(
        ScanResult,
        load_default=None,
        allow_none=True,
        metadata={"description": "what the gate showed on its own; without it, it let the person through"},
    )


class PersonOut(Part):
    """Who stands there."""

    name = Text()
    enterprise = Text()


class FirstScanOut(Part):
    """The admission that stands."""

    at = Instant()
    gate = Text(allow_none=True)
    device = Text()


class ScannedSlotOut(Part):
    """The ticket's slot."""

    id = Text()
    title = Text()
    starts_at = Instant()
    ends_at = Instant()
    place = Text()


class CountersOut(Part):
    """Over the gate's slots."""

    admitted = Whole()
    expected = Whole()


class AnswerOut(Part):
    """What a scan meant; `message` is what the steward reads."""

    scan = Text(allow_none=True, metadata={"description": "id, by which it can be annulled"})
    result = Choice(ScanResult)
    shown = Choice(
        ScanResult, allow_none=True, metadata={"description": "what an offline gate showed; null if we judged it first"}
    )
    message = Text()
    attendee = Nested(PersonOut, allow_none=True)
    arrived = Whole()
    party = Whole()
    first_scan = Nested(FirstScanOut, allow_none=True)
    slot = Nested(ScannedSlotOut, allow_none=True)
    counters = Nested(CountersOut, allow_none=True)


class BatchAnswerOut(AnswerOut):
    """One of several; `code` says why an `invalid` one is."""

    nonce = Text(allow_none=True)
    code = Text()


class Batch(Part):
    """The answers in the order of the scans."""

    results = Listed(Nested(BatchAnswerOut))


class ExpectedOut(Part):
    """A named person who is expected."""

    ticket = Text()
    name = Text()
    enterprise = Text()
    booking = Text()
    is_admitted = fields.Boolean()


class Roster(Part):
    """Everyone expected, by enterprise and name."""

    items = Listed(Nested(ExpectedOut))
    next = Text(allow_none=True)
    counters = Nested(CountersOut)


class Released(Part):
    """What a release freed, and what is left of the slot now."""

    bookings = Listed(Text(), metadata={"description": "ids of the bookings that ended"})
    places_left = Whole()
    attendee_places_left = Whole(allow_none=True)


class ConflictOut(Part):
    """A scan let through that should not have been; of a duplicate `first_scan` is the admission that stands."""

    scan = Text(metadata={"description": "id"})
    result = Choice(ScanResult)
    at = Instant()
    gate = Text(allow_none=True)
    device = Text()
    code = Text(allow_none=True, metadata={"description": "what was read, of a code that names nobody"})
    reason = Text(metadata={"description": "why it was let through, where a reason was given"})
    attendee = Nested(PersonOut, allow_none=True)
    first_scan = Nested(FirstScanOut, allow_none=True)


class Conflicts(Part):
    """The conflicts of a slot, by time."""

    items = Listed(Nested(ConflictOut))
    next = Text(allow_none=True)


class OwnSlotOut(ScannedSlotOut):
    """A slot that the gate serves, and from when its codes are good there."""

    opens_at = Instant()


class OwnGateOut(Part):
    """The gate of the token."""

    id = Text()
    name = Text()


class AdmissionOut(Part):
    """The admission that stands, and whether the person is still inside."""

    at = Instant()
    gate = Text(allow_none=True)
    device = Text()
    is_inside = fields.Boolean()


class OfflineTicketOut(Part):
    """A ticket without a name; `slot` and `booking` are places in the lists beside."""

    id = Text()
    slot = Whole()
    booking = Whole()
    state = Text(metadata={"enum": ["valid", "revoked", "cancelled", "not_confirmed"]})
    sealed = Text(
        metadata={
            "description": "base64 of a 12 byte nonce and [name, enterprise] as JSON under AES-256-GCM (additional "
            "data: the 8 bytes of the ticket's id); key: HKDF-SHA256 of the code's 64 byte signature, salt: the "
            "ticket's id, info: eventsys-roster"
        }
    )
    admission = Nested(AdmissionOut, allow_none=True)


class OfflineRosterOut(Part):
    """What a gate needs to judge codes without a network."""

    gate = Nested(OwnGateOut)
    now = Instant(metadata={"description": "the server's clock"})
    walk_in_url = Text(allow_none=True, metadata={"description": "where who has not booked registers"})
    may = Listed(Text(), metadata={"description": "`override`, `search`"})
    keys = fields.Dict(
        fields.String(), fields.String(), metadata={"description": "Ed25519 public keys in base64, by id"}
    )
    slots = Listed(Nested(OwnSlotOut))
    has_check_characters = fields.Boolean(
        metadata={"description": "whether a typed code whose last character does not check the others is mistyped"}
    )
    parties = Listed(Whole(), metadata={"description": "how many people each booking is for"})
    tickets = Listed(Nested(OfflineTicketOut))


class WalkInIn(Input):
    """Who came without a booking; the enterprise by its full name, short name or credit code."""

    enterprise = Text(ENTERPRISE_NAME_MAX, required=True)
    name = Text(NAME_MAX, required=True)
    phone = Text(30, load_default="")


class SearchIn(Input):
    """Two letters or more of a name, or of an enterprise's."""

    q = Text(NAME_MAX, required=True)


class FoundOut(Part):
    """Somebody who is expected; the code counts at this gate."""

    name = Text()
    enterprise = Text()
    typed_code = Text()
    is_admitted = fields.Boolean()


class Found(Part):
    """The first who match, by enterprise and name."""

    items = Listed(Nested(FoundOut))
    next = Text(allow_none=True)
