"""An edition is published whole: every draft of the departments that submitted, in one unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from eventsys.bookings.models import VisitRequest
from eventsys.bookings.services.clashes import visited_by
from eventsys.bookings.services.requests import publish_slot
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Refusal
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.directory.feed_sets import lock_enterprise
from eventsys.directory.recipients import coordinators
from eventsys.notifications.services import enqueue
from eventsys.slots.models import Edition, Slot
from eventsys.slots.queries import find_commands
from eventsys.slots.queries.editions import list_drafts_to_publish, lock_edition


@dataclass(frozen=True, slots=True)
class Published:
    """How many slots were published, and those that could not be, each with the code of the refusal."""

    count: int
    left: tuple[tuple[str, str], ...]


def publish_edition(public_id: str, *, actor: Actor) -> Published:
    """Publish the edition now. What stands against single slots, as a start that is past, keeps those drafts; the
    coordinators are told which. Conflict `edition_published` the second time, `no_collection` without a collection."""
    authorize(actor, Permission.MANAGE_EDITIONS, Scope())
    edition = lock_edition(public_id)
    if edition.published_at is not None:
        raise Conflict("edition_published")
    if edition.opens_at is None:
        raise Conflict("no_collection")
    drafts = list_drafts_to_publish(edition.id)
    _lock_enterprises(drafts)
    left = [(slot.title, code) for slot in drafts if (code := _publish(slot.public_id, actor))]
    edition.published_at = now()
    edition.version += 1
    published = Published(len(drafts) - len(left), tuple(left))
    told = {"slots": published.count, "left": left}
    audit.record(actor, "edition.published", "edition", public_id, after=told)
    _tell(edition, published)
    db.session.flush()
    return published


def _lock_enterprises(drafts: Sequence[Slot]) -> None:
    """Those that asked for one of the visits or are visited, by primary key, before the slots: the order of locks."""
    asked = select(VisitRequest.enterprise_id).where(VisitRequest.slot_id.in_([slot.id for slot in drafts])).distinct()
    visited = visited_by(find_commands([slot.public_id for slot in drafts]))
    for enterprise in sorted({*db.session.scalars(asked), *visited}):
        lock_enterprise(enterprise)


def _publish(slot: str, actor: Actor) -> str:
    """Publish one; the code of what stands against it, else nothing."""
    try:
        with db.session.begin_nested():
            publish_slot(slot, actor=actor)
    except Refusal as refused:
        return refused.code
    return ""


def _tell(edition: Edition, published: Published) -> None:
    context = {
        "series": edition.series.name,
        "number": edition.number,
        "count": published.count,
        "left": [title for title, _code in published.left],
        "url": absolute_url(f"/desk/editions/{edition.public_id}"),
    }
    enqueue("edition_published", coordinators(), context)
