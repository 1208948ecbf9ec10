"""What an enterprise receives is capped over all departments; the enterprise is locked by whoever asks here."""

from __future__ import annotations

from datetime import datetime

from eventsys.bookings.queries import list_visits_received
from eventsys.bookings.rules import REASON_MAX, VisitCaps, counted_with, received_refusal
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.errors import Conflict
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.text import clean_line
from eventsys.directory.models import Enterprise
from eventsys.directory.queries import district_settings
from eventsys.slots.models import Slot
from eventsys.slots.rules import SlotFormat


def find_too_many(
    enterprise: int, starts_at: datetime, *, but: int | None = None, was: datetime | None = None
) -> Conflict | None:
    """The cap that a visit at that time would break, as `visits_received` with the visits that count (`received`).
    `but` is the slot (primary key) that moves, `was` its start before."""
    settings, zone = district_settings(), installation().zone
    caps = VisitCaps(settings.visits_day, settings.visits_week, settings.visits_month)
    day = starts_at.astimezone(zone).date()
    received = list_visits_received(enterprise, *counted_with(day), but=but)
    days = [slot.starts_at.astimezone(zone).date() for slot in received]
    refused = received_refusal(caps, day, days, was=was.astimezone(zone).date() if was else None)
    if refused is not None:
        refused.fields["received"] = [slot.public_id for slot in received]
    return refused


def check_received(
    enterprise: Enterprise,
    starts_at: datetime,
    *,
    actor: Actor,
    beyond: str = "",
    but: int | None = None,
    was: datetime | None = None,
) -> None:
    """Raise the cap that one more visit at that time would break, unless a coordinator says why it must be: then the
    reason stays on record."""
    refused = find_too_many(enterprise.id, starts_at, but=but, was=was)
    if refused is None:
        return
    reason = clean_line(beyond, "beyond", REASON_MAX)
    if not reason:
        raise refused
    authorize(actor, Permission.GRANT_EXCEPTION, Scope())
    told = {"starts_at": starts_at, "span": refused.fields["span"], "used": refused.fields["used"]}
    audit.record(actor, "enterprise.visited_beyond", "enterprise", enterprise.public_id, after=told, reason=reason)


def check_move(slot: Slot, starts_at: datetime, enterprises: list[Enterprise], *, actor: Actor, beyond: str) -> None:
    """The same for a locked visit that moves, for each enterprise that receives it."""
    if slot.format is not SlotFormat.VISIT or starts_at == slot.starts_at:
        return
    for enterprise in enterprises:
        check_received(enterprise, starts_at, actor=actor, beyond=beyond, but=slot.id, was=slot.starts_at)
