"""New slots as JSON, and one of them: looking at it, changing it, publishing it, calling it off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from marshmallow import fields
from werkzeug.exceptions import PreconditionRequired

from eventsys.bookings.api.routes import alternatives_as_json
from eventsys.bookings.queries import correct_counts, find_active_booking
from eventsys.bookings.services import Told, call_off_slot, change_slot, create_slot, create_slots, publish_slot
from eventsys.core.actor import Actor
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission, is_allowed
from eventsys.slots.api import (
    CallOffIn,
    SlotIn,
    SlotOut,
    SlotPatch,
    changed_command,
    new_command,
    slot_response,
    slots_json,
    viewer,
)
from eventsys.slots.models import Slot
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.rules import REASON_MAX, NewSlot
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.parsing import Listed, Part, PublicId, Text, below, load, version_of

WAITS_MAX = 200

bp = APIBlueprint("slot_api", __name__, url_prefix="/api/v1", tag="Slots")
AT_ONCE_MAX = 100  # slots of one request


class ETagHeader(Part):
    """The version to send back in If-Match."""

    etag = fields.String(data_key="ETag")


class SlotChange(SlotPatch):
    """What is to change, and what those who booked are told of it."""

    reason = Text(REASON_MAX, metadata={"description": "told to those who booked when time or place moves"})
    waits = Listed(PublicId(), WAITS_MAX, metadata={"description": "bookings that go back to the head of the queue"})


class IfMatchHeader(Part):
    """The ETag of the slot as it was read."""

    if_match = Text(100, data_key="If-Match", metadata={"description": "required: 428 without, 412 when stale"})


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
            values = load(SlotIn(), sent, "")
            slot = create_slot(new_command(values, actor), actor=actor, publish=values["publish"])
        return slot_response(get_visible_slot(slot.public_id, actor), 201, shows_online_url=True)
    if not 1 <= len(sent) <= AT_ONCE_MAX:
        raise Invalid("out_of_range", field="", minimum=1, maximum=AT_ONCE_MAX)
    with unit_of_work():
        made = _create(list(_commands(sent, actor)), actor)
    answer = jsonify(items=slots_json(made, shows_online_url=True), next=None)
    answer.status_code = 201
    return answer


def _commands(sent: list[Any], actor: Actor) -> Iterator[tuple[NewSlot, bool]]:
    """The slots of the request and whether each is published; what is wrong with one is named below its position."""
    for position, item in enumerate(sent):
        values = load(SlotIn(), item, str(position))
        try:
            yield new_command(values, actor), values["publish"]
        except Invalid as error:
            raise below(error, str(position)) from None


def _create(commands: list[tuple[NewSlot, bool]], actor: Actor) -> list[Slot]:
    try:
        return create_slots(commands, actor=actor)
    except Invalid as error:
        raise below(error, str(error.fields["position"])) from None


@bp.get("/slots/<slot>")
@public
@bp.output(SlotOut, headers=ETagHeader)
def one_slot(slot: str) -> Response:
    """One slot. `online_url` and `staff` are told to who booked and to the department."""
    actor = viewer(current_actor())
    found = get_visible_slot(slot, actor)
    correct_counts(found)
    return slot_response(found, shows_online_url=_may_join(found, actor))


@bp.patch("/slots/<slot>")
@requires(Permission.EDIT_SLOT)
@bp.input(IfMatchHeader, location="headers", arg_name="header")
@bp.input(SlotChange, arg_name="body")
@bp.output(SlotOut, headers=ETagHeader)
@bp.doc(responses=[409, 412, 428])
def change(slot: str, header: dict[str, Any], body: dict[str, Any]) -> Response:
    """Change what is sent; who booked is told when time or place moved."""
    actor = current_actor()
    found = get_visible_slot(slot, actor)
    if "if_match" not in header:
        raise PreconditionRequired()
    seen = version_of(request.headers["If-Match"])
    if seen is not None and seen != found.version:
        raise Conflict("stale_edit", version=found.version)
    command, version = changed_command(found, body), found.version
    with unit_of_work():  # reads the slot anew under its lock and compares the version again
        change_slot(slot, command, version=version, actor=actor, told=_told(body))
    return slot_response(get_visible_slot(slot, actor), shows_online_url=True)


@bp.post("/slots/<slot>/publish")
@requires(Permission.EDIT_SLOT)
@bp.output(SlotOut)
@bp.doc(responses=[409])
def publish(slot: str) -> Response:
    """Publish a draft. The enterprise that asked for this visit is booked at once."""
    actor = current_actor()
    with unit_of_work(), alternatives_as_json():
        publish_slot(slot, actor=actor)
    return slot_response(get_visible_slot(slot, actor), shows_online_url=True)


@bp.post("/slots/<slot>/call-off")
@requires(Permission.EDIT_SLOT)
@bp.input(CallOffIn, arg_name="body")
@bp.output(SlotOut)
@bp.doc(responses=[409])
def call_off(slot: str, body: dict[str, Any]) -> Response:
    """Call a published slot off: every booking is cancelled and told why."""
    actor = current_actor()
    with unit_of_work():
        call_off_slot(slot, body["reason"], actor=actor)
    return slot_response(get_visible_slot(slot, actor), shows_online_url=True)


def _told(body: dict[str, Any]) -> Told:
    return Told(body.get("reason", ""), body.get("waits", ()))


def _may_join(slot: Slot, actor: Actor) -> bool:
    """Whether the meeting's address and who comes are for the actor."""
    if is_allowed(actor, Permission.SEE_HIDDEN_SLOT, slot.scope):
        return True
    own = actor.enterprises()
    return bool(own) and find_active_booking(slot.id, own) is not None
