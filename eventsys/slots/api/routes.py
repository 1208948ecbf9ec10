"""Lists of slots, new slots."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from marshmallow import RAISE

from eventsys.core.actor import ANYBODY, Actor
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, Refusal
from eventsys.core.permissions import SLOTS_READ, Permission
from eventsys.directory.queries import find_department, find_park
from eventsys.directory.rules import Topic
from eventsys.slots.api.commands import new_command
from eventsys.slots.api.schemas import SlotIn, SlotOut, Slots, slot_response, slots_json
from eventsys.slots.models import Slot
from eventsys.slots.queries import SlotFilter, get_visible_slot, list_slots
from eventsys.slots.rules import SlotFormat, SlotState
from eventsys.slots.services import create_slot
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.pagination import decode_cursor, encode_cursor, make_page
from eventsys.web.parsing import Choice, Instant, PageQuery, PublicId, QueryFlag, Text, below, load

bp = APIBlueprint("slots_api", __name__, url_prefix="/api/v1", tag="Slots")
AT_ONCE_MAX = 100  # slots of one request
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


@bp.post("/slots")
@requires(Permission.CREATE_SLOT)
@bp.input(SlotIn, validation=False, arg_name="_body")
@bp.output(SlotOut, 201)
def add_slots(_body: Any) -> Response:
    """Make a slot, or all of a list of slots or none."""
    actor = current_actor()
    sent = request.get_json() if request.data else {}
    if not isinstance(sent, list):
        with unit_of_work():
            slot = _create(sent, actor, "")
        return slot_response(get_visible_slot(slot.public_id, actor), 201, shows_online_url=True)
    if not 1 <= len(sent) <= AT_ONCE_MAX:
        raise Invalid("out_of_range", field="", minimum=1, maximum=AT_ONCE_MAX)
    with unit_of_work():
        made = [_create(item, actor, str(position)) for position, item in enumerate(sent)]
    answer = jsonify(items=slots_json(made, shows_online_url=True), next=None)
    answer.status_code = 201
    return answer


def viewer(actor: Actor) -> Actor:
    """The actor as one who looks at slots: a token without that scope sees what everybody sees."""
    return actor if actor.allows_scope(SLOTS_READ) else replace(ANYBODY, channel=actor.channel)


def _create(sent: Any, actor: Actor, prefix: str) -> Slot:
    """One slot of the request; what is wrong with it is named below `prefix`."""
    values = load(SlotIn(), sent, prefix)
    try:
        return create_slot(new_command(values, actor), actor=actor, publish=values["publish"])
    except Invalid as error:
        raise below(error, prefix) from None
    except Refusal as refused:
        if prefix:
            refused.fields["position"] = int(prefix)
        raise


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
