"""Hold a place while the form is filled in: for the enterprise, counted like a booking, over when its time is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import facts_of, get_own, lock_slot_for
from eventsys.bookings.rules import BookingChannel, BookingState, may_renew, place
from eventsys.bookings.services.admission import check_entry, release_lapsed_holds, with_nearest
from eventsys.bookings.services.booking import authorize_booking, new_booking
from eventsys.bookings.services.states import enter
from eventsys.bookings.services.waiting import places_freed
from eventsys.core.actor import Actor, Channel
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound, Refusal
from eventsys.core.flush import flush_together
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.settings import settings_from


def hold_slot(slot: str, enterprise: int, party: int, *, actor: Actor) -> Booking:
    """Keep a place in the slot (public id) for the enterprise (primary key), or prolong its hold while nobody waits.

    The same refusals as `book_slot`; a slot that is drawn needs no hold: Conflict `draw_needs_no_hold`.
    """
    owner = lock_enterprise(enterprise)
    entry = lock_slot_for(enterprise, slot)
    if entry is None or owner is None:
        raise NotFound()
    on_behalf = authorize_booking(actor, enterprise, entry.slot)
    if entry.slot.draw_at is not None and entry.slot.drawn_at is None:
        raise Conflict("draw_needs_no_hold")
    release_lapsed_holds(entry.slot)
    own = get_own(entry.own) if entry.own is not None else None
    if own is not None and own.state is BookingState.HELD:
        return _renew(own, entry.slot.waiting, entry.settings, actor, on_behalf=on_behalf)
    if own is not None and own.state is not BookingState.EXPIRED:
        raise Conflict("already_booked", name=own.contact_name, booking=own.public_id)
    check_entry(entry, owner, party, (), on_behalf=on_behalf)
    placed = place(facts_of(entry.slot), party, now(), waits=False)
    if isinstance(placed, Refusal):
        raise with_nearest(placed, entry.slot, party, enterprise)
    booking = new_booking(entry, owner, party, actor)
    booking.channel = BookingChannel.API if actor.channel is Channel.API else BookingChannel.WEB
    booking.contact_id = None if on_behalf else actor.person
    booking.draft = own.draft if own is not None else {}
    until = now() + timedelta(minutes=settings_from(entry.settings).hold_minutes)
    enter(booking, entry.slot, BookingState.HELD, actor=actor, action="booking.held", lapses_at=until)
    db.session.add(booking)
    flush_together()
    return booking


def _renew(own: Booking, waiting: int, settings: dict[str, Any], actor: Actor, *, on_behalf: bool) -> Booking:
    """Start the time anew; whoever continues the form is whom to ask. When others wait for long it just runs on."""
    if may_renew(own.renewals, waiting):
        own.lapses_at = now() + timedelta(minutes=settings_from(settings).hold_minutes)
        own.renewals += 1
    own.contact_id, own.contact_name = None if on_behalf else actor.person, actor.name[:60]
    flush_together()
    return own


def save_draft(slot: str, enterprise: int, draft: dict[str, Any], *, actor: Actor) -> None:
    """Keep what was typed with the enterprise's hold, for any of its contacts to go on with; nothing without one."""
    lock_enterprise(enterprise)
    entry = lock_slot_for(enterprise, slot)
    if entry is None:
        raise NotFound()
    authorize_booking(actor, enterprise, entry.slot)
    own = get_own(entry.own) if entry.own is not None else None
    if own is not None and own.state is BookingState.HELD:
        own.draft = draft


def give_up_hold(slot: str, enterprise: int, *, actor: Actor) -> None:
    """Give a held place back before its time; nothing when there is no hold."""
    lock_enterprise(enterprise)
    entry = lock_slot_for(enterprise, slot)
    if entry is None:
        raise NotFound()
    authorize_booking(actor, enterprise, entry.slot)
    own = get_own(entry.own) if entry.own is not None else None
    if own is not None and own.state is BookingState.HELD:
        enter(own, entry.slot, BookingState.EXPIRED, actor=actor, action="booking.hold_given_up")
        places_freed(entry.slot)
