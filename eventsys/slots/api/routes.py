"""Lists of slots. New ones are made a floor above, where bookings are known (bookings.api.slots)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import jsonify
from marshmallow import RAISE

from eventsys.core.actor import ANYBODY, Actor
from eventsys.core.errors import Invalid
from eventsys.core.permissions import SLOTS_READ
from eventsys.directory.queries import find_department, find_park
from eventsys.directory.rules import Topic
from eventsys.slots.api.schemas import Slots, slots_json
from eventsys.slots.queries import SlotFilter, list_slots
from eventsys.slots.rules import SlotFormat, SlotState
from eventsys.web.guards import current_actor, public
from eventsys.web.pagination import decode_cursor, encode_cursor, make_page
from eventsys.web.parsing import Choice, Instant, PageQuery, PublicId, QueryFlag, Text

bp = APIBlueprint("slots_api", __name__, url_prefix="/api/v1", tag="Slots")
SEARCH_MAX = 100


class SlotQuery(PageQuery):
    """What the list of slots is narrowed to."""

    starts_from = Instant(data_key="from", metadata={"description": "starts at or after"})
    starts_before = Instant(data_key="to", metadata={"description": "starts before"})
    department = PublicId(metadata={"description": "id or code; lead or supporting"})
    park = PublicId()
    topic = Choice(Topic)
    format = Choice(SlotFormat)
    has_places = QueryFlag(metadata={"description": "only those with a place that can be booked still"})
    state = Choice(SlotState, load_default=SlotState.PUBLISHED, metadata={"description": "published by default"})
    search = Text(SEARCH_MAX)


@bp.get("/slots")
@public
@bp.input(SlotQuery, location="query", arg_name="query", unknown=RAISE)
@bp.output(Slots)
def slots(query: dict[str, Any]) -> Any:
    """List slots by start, those you may see."""
    size: int = query["limit"]
    after = _position(query["cursor"]) if query.get("cursor") else None
    rows = list_slots(_filter(query), viewer(current_actor()), limit=size + 1, after=after)
    page = make_page(rows, size, lambda slot: encode_cursor(slot.starts_at.isoformat(), slot.id))
    return jsonify(items=slots_json(page.items), next=page.next)


def viewer(actor: Actor) -> Actor:
    """The actor as one who looks at slots: a token without that scope sees what everybody sees."""
    return actor if actor.allows_scope(SLOTS_READ) else replace(ANYBODY, channel=actor.channel)


def _filter(query: dict[str, Any]) -> SlotFilter:
    department = find_department(query["department"]) if "department" in query else None
    if "department" in query and department is None:
        raise Invalid("unknown_department", field="department")
    park = query.get("park", "")
    if park and find_park(park) is None:
        raise Invalid("unknown_park", field="park")
    return SlotFilter(
        starts_from=query.get("starts_from"),
        starts_before=query.get("starts_before"),
        department=department.public_id if department else "",
        park=park,
        topic=query.get("topic"),
        format=query.get("format"),
        has_places=query.get("has_places", False),
        search=query.get("search", "")[:SEARCH_MAX],
        states=(query["state"],),
    )


def _position(cursor: str) -> tuple[datetime, int]:
    start, key = decode_cursor(cursor, str, int)
    try:
        at = datetime.fromisoformat(start)
    except ValueError:
        raise Invalid("bad_cursor", field="cursor") from None
    if at.tzinfo is None:
        raise Invalid("bad_cursor", field="cursor")
    return at, key
