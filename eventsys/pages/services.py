"""Merge two enterprises: everything that hangs on the one hangs on the other afterwards. It spans features, so it
stands on this floor."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from eventsys.bookings import messages
from eventsys.bookings.models import Booking, NoShow, QuotaException, VisitRequest
from eventsys.bookings.queries import get_own, lock_slot
from eventsys.bookings.services import end_doubled
from eventsys.calendars.models import FeedLink
from eventsys.core import audit
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.models import Device, Enterprise, Membership
from eventsys.directory.recipients import contacts_of
from eventsys.directory.rules import NOTE_MAX, MembershipState
from eventsys.directory.services.enterprises import switch_enterprise
from eventsys.notifications.services import enqueue
from eventsys.pages.queries import Doubled, list_doubled
from eventsys.slots.models import slot_enterprises


@dataclass(frozen=True, slots=True)
class Merged:
    """What went over to the enterprise that stays."""

    bookings: int
    contacts: int
    doubled: int


def merge_enterprises(source: str, target: str, *, actor: Actor) -> Merged:
    """Let the enterprise `target` (public id) take over everything of `source`, which is disabled then.

    Of two bookings of a slot the one with the better claim stays and the other one is cancelled. The contacts of both
    are told.
    """
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    gone, stays = _lock(source, target)
    doubled = _end_doubled(gone, stays, actor)
    bookings = _hand_over(Booking, gone, stays)
    for model in (NoShow, VisitRequest, FeedLink):
        _hand_over(model, gone, stays)
    _move_exceptions(gone, stays)
    _move_invitations(gone, stays)
    contacts = _move_contacts(gone, stays)
    gone.link_hash, gone.note = None, f"→ {stays.credit_code} {stays.name}\n{gone.note}".strip()[:NOTE_MAX]
    if gone.active:
        switch_enterprise(gone, active=False, actor=actor)
    told = {"into": stays.public_id, "bookings": bookings, "contacts": contacts, "doubled": len(doubled)}
    audit.record(actor, "enterprise.merged", "enterprise", gone.public_id, after=told)
    audit.record(actor, "enterprise.took_over", "enterprise", stays.public_id, after={"from": gone.public_id})
    slots = [messages.slot_context(item.slot) for item in doubled]
    context = {"gone": gone.name, "stays": stays.name, "doubled": slots, "url": absolute_url("/my")}
    enqueue("enterprise_merged", contacts_of(stays.id), context)
    return Merged(bookings, contacts, len(doubled))


def _lock(source: str, target: str) -> tuple[Enterprise, Enterprise]:
    keys = {
        row.public_id: row.id
        for row in db.session.execute(
            select(Enterprise.public_id, Enterprise.id).where(Enterprise.public_id.in_([source, target]))
        )
    }
    if source not in keys or target not in keys:
        raise NotFound()
    if source == target:
        raise Conflict("same_enterprise")
    locked = {key: lock_enterprise(key) for key in sorted(keys.values())}
    gone, stays = locked[keys[source]], locked[keys[target]]
    assert gone is not None and stays is not None  # noqa: PT018 - enterprises are never deleted
    if not stays.active:
        raise Conflict("enterprise_disabled")
    return gone, stays


def _end_doubled(gone: Enterprise, stays: Enterprise, actor: Actor) -> list[Doubled]:
    """Cancel one of two bookings of one slot; slots are locked in the order of their keys."""
    doubled = list_doubled(gone.id, stays.id)
    for item in doubled:
        slot = lock_slot(item.slot.id)
        end_doubled(get_own(item.goes), slot, actor=actor)
    db.session.flush()
    return doubled


def _hand_over(model: type[Booking | NoShow | VisitRequest | FeedLink], gone: Enterprise, stays: Enterprise) -> int:
    changed = db.session.execute(
        update(model)
        .where(model.enterprise_id == gone.id)
        .values(enterprise_id=stays.id)
        .returning(model.enterprise_id)
    )
    return len(changed.all())


def _move_exceptions(gone: Enterprise, stays: Enterprise) -> None:
    kept = select(QuotaException.slot_id).where(QuotaException.enterprise_id == stays.id)
    fresh = (QuotaException.enterprise_id == gone.id, QuotaException.slot_id.not_in(kept))
    db.session.execute(update(QuotaException).where(*fresh).values(enterprise_id=stays.id))
    db.session.execute(delete(QuotaException).where(QuotaException.enterprise_id == gone.id))


def _move_invitations(gone: Enterprise, stays: Enterprise) -> None:
    table = slot_enterprises
    kept = select(table.c.slot_id).where(table.c.enterprise_id == stays.id)
    fresh = (table.c.enterprise_id == gone.id, table.c.slot_id.not_in(kept))
    db.session.execute(update(table).where(*fresh).values(enterprise_id=stays.id))
    db.session.execute(delete(table).where(table.c.enterprise_id == gone.id))


def _move_contacts(gone: Enterprise, stays: Enterprise) -> int:
    """Contacts with their devices; who is known to both keeps one membership, the more alive of the two."""
    known = {row.person_id: row for row in _contacts(stays)}
    moved = 0
    for membership in _contacts(gone):
        other = known.get(membership.person_id)
        moved += membership.state is not MembershipState.ENDED
        if other is None:
            membership.enterprise_id = stays.id
            continue
        if membership.state is MembershipState.ACTIVE:
            other.state, other.ended_at = MembershipState.ACTIVE, None
        devices = update(Device).where(Device.membership_id == membership.id)
        db.session.execute(devices.values(membership_id=other.id))
        membership.state, membership.ended_at = MembershipState.ENDED, membership.ended_at or now()
    db.session.flush()
    return moved


def _contacts(enterprise: Enterprise) -> list[Membership]:
    query = select(Membership).where(Membership.enterprise_id == enterprise.id, Membership.role == Role.CONTACT)
    return list(db.session.scalars(query.order_by(Membership.id)))
