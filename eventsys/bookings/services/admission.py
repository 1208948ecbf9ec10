"""Whether an enterprise gets into a slot: the same checks for booking, holding, moving and the waiting list."""

from __future__ import annotations

from typing import Any

from eventsys.bookings.models import Booking
from eventsys.bookings.queries import (
    Entry,
    facts_of,
    list_lapsed_holds,
    list_missed,
    list_stays,
    look_at_slot_for,
    next_lapse,
    whereabouts_of,
)
from eventsys.bookings.queries.stays import NOBODY
from eventsys.bookings.rules import (
    BookingState,
    NewAttendee,
    NoShowRule,
    Quota,
    QuotaKind,
    find_clash,
    months_before,
    quota_refusal,
    refusal,
)
from eventsys.bookings.services.states import enter
from eventsys.core.actor import system_actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotAllowed, NotFound, Refusal
from eventsys.directory.models import Enterprise
from eventsys.directory.settings import setting_of_district, settings_from
from eventsys.slots.models import Slot
from eventsys.slots.queries import is_slot_for, nearest_slots
from eventsys.slots.rules import AudienceKind

CLOCKWORK = system_actor("eventsys")


def check_entry(
    entry: Entry,
    enterprise: Enterprise,
    party: int,
    people: tuple[NewAttendee, ...],
    *,
    on_behalf: bool,
    leaving: int = NOBODY,
) -> None:
    """Raise the rule that keeps the enterprise out of the slot, whatever its capacity, with what is possible instead.

    NotFound for a slot that does not exist for it. `leaving` is a booking that a move gives up.
    """
    slot = entry.slot
    if not enterprise.active:
        raise NotAllowed("enterprise_disabled")
    if slot.audience_kind is not AudienceKind.PUBLIC and not is_slot_for(slot, enterprise.id):
        if slot.is_hidden and not on_behalf:
            raise NotFound()
        raise with_nearest(Conflict("not_invited"), slot, party, enterprise.id)
    refused = refusal(facts_of(slot), party, now(), on_behalf=on_behalf, is_invited=entry.is_invited)
    refused = refused or limits_of(entry)
    if refused is None and entry.may_clash:
        refused = clash_of(slot, enterprise, people, leaving=leaving)
    if refused is not None:
        raise with_nearest(refused, slot, party, enterprise.id)


def what_keeps_out(booking: Booking) -> Conflict | None:
    """Why a place that becomes free would pass by a booking that waits, as things are now; locks nothing."""
    entry = look_at_slot_for(booking.enterprise_id, booking.slot.public_id)
    return kept_out(entry, booking) if entry is not None else None


def kept_out(entry: Entry, booking: Booking) -> Conflict | None:
    """The limit or the clash that keeps a booking that waits from a place of the slot."""
    return limits_of(entry) or clash_of(entry.slot, booking.enterprise, people_of(booking))


def people_of(booking: Booking) -> tuple[NewAttendee, ...]:
    """Who is to come by the booking."""
    return tuple(NewAttendee(item.name, item.phone, item.email) for item in booking.valid_attendees)


def limits_of(entry: Entry) -> Conflict | None:
    """The quota that is reached, unless a coordinator made an exception."""
    if entry.has_exception:
        return None
    slot = entry.slot
    return quota_refusal(entry.quotas, department=slot.department.short_name, month=slot.month)


def clash_of(
    slot: Slot, enterprise: Enterprise, people: tuple[NewAttendee, ...], *, leaving: int = NOBODY
) -> Conflict | None:
    """Who of the people, or of the enterprise's visits, is elsewhere at the time of the slot or on the way."""
    stays = list_stays(slot, enterprise.id, people, leaving=leaving)
    stay = find_clash(stays, slot.starts_at, slot.ends_at, whereabouts_of(slot)) if stays else None
    return Conflict("clash", name=stay.name or enterprise.name, title=stay.title) if stay else None


def with_nearest(refused: Refusal, slot: Slot, party: int, enterprise: int) -> Refusal:
    """The refusal with what is possible instead."""
    refused.fields |= {"nearest": nearest_slots(slot, party, enterprise), "phone": slot.department.phone}
    return refused


def needs_approval(district: dict[str, Any], enterprise: int) -> bool:
    """Whether no-shows make the department decide, where the district has such a rule."""
    if not setting_of_district("no_show_rule", district):
        return False
    settings = settings_from(district)
    rule = NoShowRule(settings.no_show_count, settings.no_show_months, settings.no_show_days)
    return rule.needs_approval(list_missed(enterprise, months_before(now(), rule.months)), now())


def release_lapsed_holds(slot: Slot, *, but: Booking | None = None) -> None:
    """Expire the holds of a locked slot whose time has run out, `but` one that is about to become a booking: any
    request that needs the place does it, no job."""
    if slot.lapses_at is None or slot.lapses_at > now():
        return
    lapsed = [booking for booking in list_lapsed_holds(slot.id) if booking is not but]
    for booking in lapsed:
        enter(booking, slot, BookingState.EXPIRED, actor=CLOCKWORK, action="booking.expired")
    db.session.flush()
    slot.lapses_at = next_lapse(slot.id)


def open_quotas(entry: Entry) -> list[Quota]:
    """The quotas that count those who wait as well."""
    return [quota for quota in entry.quotas if quota.kind is QuotaKind.OPEN]
