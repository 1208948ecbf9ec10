"""Book, look, name, cancel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from marshmallow import RAISE

from eventsys.bookings.api.schemas import (
    AttendeesIn,
    BookedOut,
    BookingIn,
    BookingOut,
    BookingQuery,
    Bookings,
    CancelIn,
    HoldIn,
    HoldOut,
    IdempotencyHeader,
    MoveIn,
    booked_json,
    booking_json,
    hold_json,
    person_of,
)
from eventsys.bookings.keys import current_key_id
from eventsys.bookings.models import Booking
from eventsys.bookings.queries import get_booking, list_bookings, place_in_queue, places_in_queue
from eventsys.bookings.rules import NewBooking
from eventsys.bookings.services import (
    Idempotency,
    book_slot,
    cancel_booking,
    confirm_booking,
    hold_slot,
    move_booking,
    name_attendees,
)
from eventsys.bookings.services.booking import KEY_MAX
from eventsys.core.actor import Actor
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_line
from eventsys.directory.queries import find_enterprise
from eventsys.slots.api import slots_json
from eventsys.web.guards import current_actor, requires
from eventsys.web.pagination import decode_cursor, encode_cursor, make_page
from eventsys.web.parsing import etag_of, version_of

bp = APIBlueprint("bookings_api", __name__, url_prefix="/api/v1", tag="Bookings")


@bp.post("/bookings")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
@bp.input(IdempotencyHeader, location="headers", arg_name="header")
@bp.input(BookingIn, arg_name="body")
@bp.output(BookedOut, 201)
@bp.doc(responses=[404, 409])
def add_booking(header: dict[str, str], body: dict[str, Any]) -> Response:
    """Book a slot. A refusal (409) names its rule in `code` and the nearest slots with room in `nearest`."""
    actor = current_actor()
    key = clean_line(header["key"], "Idempotency-Key", KEY_MAX, required=True)
    command = _new_booking(body, actor)
    current_key_id()  # read before the lock, so that booking itself never waits for it
    with unit_of_work(), alternatives_as_json():
        booked = book_slot(command, actor=actor, idempotency=Idempotency(key, _request_hash(), booked_json))
    answer = jsonify(booked.answer)
    answer.status_code = 201
    answer.headers["Location"] = f"/api/v1/bookings/{(booked.answer or {})['id']}"
    return answer


@bp.get("/bookings")
@requires(Permission.SEE_BOOKING)
@bp.input(BookingQuery, location="query", arg_name="query", unknown=RAISE)
@bp.output(Bookings)
def bookings(query: dict[str, Any]) -> Response:
    """List the bookings that are your business, newest first."""
    actor, size = current_actor(), query["limit"]
    before = decode_cursor(query["cursor"], int)[0] if query.get("cursor") else None
    states = (query["state"],) if "state" in query else ()
    rows = list_bookings(actor, limit=size + 1, slot=query["slot"], states=states, before=before)
    page = make_page(rows, size, lambda booking: encode_cursor(booking.id))
    places = places_in_queue(page.items)
    items = [booking_json(booking, actor, places.get(booking.id)) for booking in page.items]
    return jsonify(items=items, next=page.next)


@bp.get("/bookings/<booking>")
@requires(Permission.SEE_BOOKING)
@bp.output(BookingOut)
def one_booking(booking: str) -> Response:
    """One booking with its tickets."""
    actor = current_actor()
    return _response(get_booking(booking, visible_to=actor), actor)


@bp.patch("/bookings/<booking>")
@requires(Permission.CHANGE_BOOKING)
@bp.input(AttendeesIn, arg_name="body")
@bp.output(BookingOut)
@bp.doc(responses=[409, 412])
def name(booking: str, body: dict[str, Any]) -> Response:
    """Say who comes. Who keeps ticket id and name keeps the ticket; If-Match is honoured."""
    actor = current_actor()
    if body["attendees"] is None and body["party"] is None:
        raise Invalid("required", field="attendees")
    named = body["attendees"]
    people = None if named is None else tuple((item["id"], person_of(item)) for item in named)
    version = version_of(request.headers.get("If-Match"))
    with unit_of_work(), alternatives_as_json():
        changed = name_attendees(booking, people, actor=actor, version=version, party=body["party"])
    return _response(changed, actor)


@bp.post("/bookings/<booking>/cancel")
@requires(Permission.CHANGE_BOOKING)
@bp.input(CancelIn, arg_name="body")
@bp.output(BookingOut)
@bp.doc(responses=[409, 412])
def cancel(booking: str, body: dict[str, Any]) -> Response:
    """Cancel; after the deadline it is a late cancellation. If-Match is honoured."""
    actor = current_actor()
    version = version_of(request.headers.get("If-Match"))
    with unit_of_work():
        cancelled = cancel_booking(booking, actor=actor, reason=body["reason"], version=version)
    return _response(cancelled, actor)


@bp.post("/bookings/<booking>/confirm")
@requires(Permission.CHANGE_BOOKING)
@bp.output(BookingOut)
@bp.doc(responses=[409])
def confirm(booking: str) -> Response:
    """Take an offered place, or say yes to a pending booking of your department."""
    actor = current_actor()
    with unit_of_work():
        confirmed = confirm_booking(booking, actor=actor)
    return _response(confirmed, actor)


@bp.post("/bookings/<booking>/move")
@requires(Permission.CHANGE_BOOKING)
@bp.input(MoveIn, arg_name="body")
@bp.output(BookingOut)
@bp.doc(responses=[409, 412])
def move(booking: str, body: dict[str, Any]) -> Response:
    """Rebook into another slot. The answer is the new booking; the old one is given up only for it."""
    actor = current_actor()
    version = version_of(request.headers.get("If-Match"))
    with unit_of_work(), alternatives_as_json():
        moved = move_booking(booking, body["slot"], actor=actor, version=version)
    return _response(moved, actor)


@bp.post("/holds")
@requires(Permission.BOOK, Permission.BOOK_ON_BEHALF)
@bp.input(HoldIn, arg_name="body")
@bp.output(HoldOut, 201)
@bp.doc(responses=[404, 409])
def add_hold(body: dict[str, Any]) -> Response:
    """Hold a place while the booking is filled in; again prolongs it while nobody waits."""
    actor = current_actor()
    enterprise = _enterprise(body.get("on_behalf_of"), actor)
    with unit_of_work(), alternatives_as_json():
        held = hold_json(hold_slot(body["slot"], enterprise, body["party"], actor=actor))
    answer = jsonify(held)
    answer.status_code = 201
    return answer


@contextmanager
def alternatives_as_json() -> Iterator[None]:
    """Turn the slots a refusal names into their JSON while they are loaded: a rollback forgets what was read."""
    try:
        yield
    except Refusal as refused:
        if "nearest" in refused.fields:
            refused.fields["nearest"] = slots_json(refused.fields["nearest"])
        raise


def _response(booking: Booking, actor: Actor) -> Response:
    answer = jsonify(booking_json(booking, actor, place_in_queue(booking)))
    answer.headers["ETag"] = etag_of(booking.version)
    return answer


def _new_booking(body: dict[str, Any], actor: Actor) -> NewBooking:
    return NewBooking(
        slot=body["slot"],
        enterprise=_enterprise(body.get("on_behalf_of"), actor),
        party=body["party"],
        attendees=tuple(person_of(item) for item in body["attendees"]),
        answers=tuple(body["answers"].items()),
        asks=body["asks"],
        channel=body["channel"],
        on_behalf_reason=body["reason"],
        waits=body["waitlist"],
        party_min=body["party_min"],
        asks_first=body["ask_first"],
        hold=body["hold"],
    )


def _enterprise(named: str | None, actor: Actor) -> int:
    """Whom the booking is for: the one named, or a contact's only one. To a contact others do not exist."""
    own = actor.enterprises()
    if named is None:
        if len(own) != 1:
            raise Invalid("required", field="on_behalf_of")
        return next(iter(own))
    enterprise = find_enterprise(named)
    if own and not actor.departments() and (enterprise is None or enterprise.id not in own):
        raise NotFound()
    if enterprise is None:
        raise Invalid("unknown_enterprise", field="on_behalf_of")
    return enterprise.id


def _request_hash() -> str:
    """What makes two requests the same: the body's JSON, however it was written."""
    canonical = json.dumps(request.get_json(), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
