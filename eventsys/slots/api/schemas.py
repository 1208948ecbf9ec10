"""The JSON of a slot, out and in."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flask import Response, jsonify
from marshmallow import fields

from eventsys.core.installation import absolute_url
from eventsys.directory.queries import all_parks, all_tags
from eventsys.directory.rules import NAME_MAX, EnterpriseSize, Topic
from eventsys.directory.settings import CAPACITY_MAX
from eventsys.slots.models import Slot
from eventsys.slots.rules import (
    BRING_MAX,
    DESCRIPTION_MAX,
    DOOR_MINUTES_MAX,
    INVITED_MAX,
    LABEL_MAX,
    PLACE_TEXT_MAX,
    QUESTIONS_MAX,
    SERVICES_MAX,
    STAFF_MAX,
    SUPPORTING_MAX,
    TITLE_MAX,
    URL_MAX,
    AudienceKind,
    QuestionKind,
    SlotFormat,
    SlotState,
    WalkIns,
)
from eventsys.web.parsing import (
    Choice,
    Derived,
    Flag,
    Input,
    Instant,
    Listed,
    Nested,
    Part,
    PublicId,
    Text,
    Whole,
    etag_of,
)

FILTER_MAX = 100  # parks, tags or sub-districts of an audience
_REFERENCE = {"description": "id or code"}


class DepartmentRef(Part):
    """A department, in short."""

    id = Text(attribute="public_id")
    code = Text()
    short_name = Text()


class ServiceRef(Part):
    """A service, by name."""

    id = Text(attribute="public_id")
    name = Text()


class PlaceRef(Part):
    """Where it is: the place's id (null without one) and its name with what was added."""

    id = Text(allow_none=True)
    name = Text()


class EditionRef(Part):
    """The numbered run of a series."""

    id = Text(attribute="public_id")
    number = Whole()
    series = Text(attribute="series.name")


class QuestionOut(Part):
    """A question to who books; `id` names it in `answers`."""

    id = Text()
    label = Text()
    kind = Text(metadata={"enum": [kind.value for kind in QuestionKind]})
    required = fields.Boolean()


class AudienceOut(Part):
    """Whom the slot is for; who is invited by name is not told."""

    kind = Choice(AudienceKind)
    parks = Listed(Text(), metadata={"description": "ids"})
    tags = Listed(Text(), metadata={"description": "names"})
    sub_districts = Listed(Text())
    sizes = Listed(Text())


class QuotaOut(Part):
    """How many bookings one enterprise may have, null without a limit."""

    month = Whole(allow_none=True, metadata={"description": "of the department in a month"})
    edition = Whole(allow_none=True, metadata={"description": "of the edition"})
    open = Whole(allow_none=True, metadata={"description": "open at a time"})


class BallotOut(Part):
    """What is known of a draw before it: `seed_hash` (SHA-256) fixes its outcome, `registered` take part."""

    seed_hash = Text()
    weighted = fields.Boolean()
    registered = Whole()


class StaffRef(Part):
    """Somebody who comes."""

    id = Text(attribute="public_id")
    name = Text()
    office = Text()


class SlotOut(Part):
    """A slot. `opens_at` null: open since it was published; a limit that is null does not exist."""

    id = Text(attribute="public_id")
    state = Choice(SlotState)
    version = Whole()
    title = Text()
    title_en = Text()
    description = Text()
    topic = Choice(Topic)
    format = Choice(SlotFormat)
    services = Listed(Nested(ServiceRef))
    department = Nested(DepartmentRef)
    supporting = Listed(Nested(DepartmentRef))
    place = Derived(PlaceRef, "place_of", allow_none=True)
    starts_at = Instant()
    ends_at = Instant()
    opens_at = Instant(allow_none=True)
    closes_at = Instant()
    cancel_until = Instant()
    names_until = Instant()
    capacity = Whole()
    attendee_capacity = Whole(allow_none=True)
    party_max = Whole(allow_none=True)
    places_left = Whole()
    attendee_places_left = Whole(allow_none=True)
    waiting = Whole(metadata={"description": "enterprises on the waiting list"})
    queue_until = Instant(metadata={"description": "until when the waiting list orders who comes next"})
    quota = Derived(QuotaOut, "quota_of")
    needs_approval = fields.Boolean()
    walk_ins = Choice(WalkIns, metadata={"description": "who has not booked, at the door"})
    door_minutes = Whole(metadata={"description": "check-in opens so many minutes before the start"})
    invited_until = Instant(allow_none=True, metadata={"description": "until when only the invited may book"})
    draw_at = Instant(allow_none=True, metadata={"description": "until then bookings register for a draw"})
    drawn_at = Instant(allow_none=True)
    ballot = Derived(BallotOut, "ballot_of", allow_none=True)
    questions = Listed(Nested(QuestionOut))
    audience = Derived(AudienceOut, "audience_of")
    online_url = Text(allow_none=True, metadata={"description": "for who booked and the department"})
    staff = Listed(Nested(StaffRef), allow_none=True, metadata={"description": "for who booked and the department"})
    bring = Text()
    edition = Nested(EditionRef, allow_none=True)
    call_off_reason = Text()
    url = fields.Method("url_of", metadata={"type": "string", "format": "uri"})

    def place_of(self, slot: Slot) -> Any:
        """The place with the text beside it, null for neither."""
        name = " ".join(filter(None, [slot.place.name if slot.place else "", slot.place_text]))
        return {"id": slot.place.public_id if slot.place else None, "name": name} if name else None

    def quota_of(self, slot: Slot) -> Any:
        """The quotas of the slot."""
        return {"month": slot.quota_month, "edition": slot.quota_edition, "open": slot.quota_open}

    def ballot_of(self, slot: Slot) -> Any:
        """The draw of a slot that is drawn, once it is published."""
        ballot = slot.ballot if slot.draw_at is not None else None
        if ballot is None:
            return None
        registered = slot.waiting if slot.drawn_at is None else len(ballot.entries)
        return {"seed_hash": ballot.seed_hash, "weighted": slot.is_draw_weighted, "registered": registered}

    def audience_of(self, slot: Slot) -> Any:
        """The audience with public ids and names."""
        kept = slot.audience
        return {
            "kind": slot.audience_kind,
            "parks": [self._parks[key] for key in kept.get("parks", ()) if key in self._parks],
            "tags": [self._tags[key] for key in kept.get("tags", ()) if key in self._tags],
            "sub_districts": kept.get("sub_districts", []),
            "sizes": kept.get("sizes", []),
        }

    def url_of(self, slot: Slot) -> str:
        """The slot's page."""
        return absolute_url(f"/slots/{slot.public_id}")

    @cached_property
    def _parks(self) -> dict[int, str]:
        return {park.id: park.public_id for park in all_parks(include_inactive=True)}

    @cached_property
    def _tags(self) -> dict[int, str]:
        return {tag.id: tag.name for tag in all_tags()}


class Slots(Part):
    """A page of slots by start."""

    items = fields.Raw(metadata={"type": "array", "items": {"$ref": "#/components/schemas/SlotOut"}})
    next = Text(allow_none=True)


class QuestionIn(Part):
    """A question the department puts to who books."""

    label = Text(LABEL_MAX, required=True)
    kind = Choice(QuestionKind, load_default=QuestionKind.TEXT)
    required = Flag(load_default=False)


class AudienceIn(Part):
    """For everybody without a list; named enterprises, or filters that must all fit."""

    kind = Choice(AudienceKind)
    parks = Listed(PublicId(), FILTER_MAX, load_default=list)
    tags = Listed(Text(40), FILTER_MAX, load_default=list, metadata={"description": "names"})
    sub_districts = Listed(Text(40), FILTER_MAX, load_default=list)
    sizes = Listed(Choice(EnterpriseSize), FILTER_MAX, load_default=list)
    enterprises = Listed(PublicId(), INVITED_MAX, load_default=list, metadata={"description": "ids or credit codes"})


class QuotaIn(Part):
    """How many bookings one enterprise may have; null or left out: no limit."""

    month = Whole(1, CAPACITY_MAX, load_default=None, allow_none=True)
    edition = Whole(1, CAPACITY_MAX, load_default=None, allow_none=True)
    open = Whole(1, CAPACITY_MAX, load_default=None, allow_none=True)


class SlotPatch(Input):
    """What of a slot can be set; times not given follow from the format's defaults."""

    title = Text(TITLE_MAX)
    title_en = Text(TITLE_MAX)
    description = Text(DESCRIPTION_MAX)
    topic = Choice(Topic)
    format = Choice(SlotFormat)
    department = PublicId(metadata=_REFERENCE)
    supporting = Listed(PublicId(), SUPPORTING_MAX, metadata={"description": "departments: ids or codes"})
    services = Listed(PublicId(), SERVICES_MAX, metadata={"description": "ids"})
    place = Text(NAME_MAX, allow_none=True, metadata={"description": "id or name"})
    place_text = Text(PLACE_TEXT_MAX)
    online_url = Text(URL_MAX)
    bring = Text(BRING_MAX)
    staff = Listed(PublicId(), STAFF_MAX, metadata={"description": "ids; of departments that take part"})
    starts_at = Instant()
    ends_at = Instant()
    opens_at = Instant(allow_none=True)
    closes_at = Instant(allow_none=True)
    cancel_until = Instant(allow_none=True)
    names_until = Instant(allow_none=True)
    capacity = Whole(1, CAPACITY_MAX)
    attendee_capacity = Whole(1, CAPACITY_MAX, allow_none=True)
    party_max = Whole(1, CAPACITY_MAX, allow_none=True)
    audience = Nested(AudienceIn)
    questions = Listed(Nested(QuestionIn), QUESTIONS_MAX)
    quota = Nested(QuotaIn)
    needs_approval = Flag()
    walk_ins = Choice(WalkIns)
    door_minutes = Whole(0, DOOR_MINUTES_MAX)
    invited_until = Instant(allow_none=True, metadata={"description": "the enterprises of the audience come first"})
    draw_at = Instant(allow_none=True)
    draw_weighted = Flag(metadata={"description": "more chances for who was not served for long"})


class SlotIn(SlotPatch):
    """A new slot: a draft unless `publish`."""

    title = Text(TITLE_MAX, required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    format = Choice(SlotFormat, required=True)
    capacity = Whole(1, CAPACITY_MAX, required=True)
    publish = Flag(load_default=False)


class CallOffIn(Input):
    """Why a slot is called off; everyone booked reads it."""

    reason = Text(required=True)


def slots_json(slots: Any, *, shows_online_url: bool = False) -> list[dict[str, Any]]:
    """The slots as everybody sees them, the meeting's address and who comes only for who may
    join; reads audiences' names once."""
    hidden = () if shows_online_url else ("staff",)
    told: list[dict[str, Any]] = SlotOut(many=True, exclude=hidden).dump(slots)
    for item in told:
        item["online_url"] = (item["online_url"] or None) if shows_online_url else None
        item.setdefault("staff", None)
    return told


def slot_response(slot: Slot, status: int = 200, *, shows_online_url: bool = False) -> Response:
    """The answer that holds one slot, with its ETag."""
    answer = jsonify(slots_json([slot], shows_online_url=shows_online_url)[0])
    answer.status_code = status
    answer.headers["ETag"] = etag_of(slot.version, slot.places_taken, slot.people_taken)
    if status == 201:
        answer.headers["Location"] = f"/api/v1/slots/{slot.public_id}"
    return answer
