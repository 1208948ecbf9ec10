"""Reads of the audit trail, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from eventsys.core.audit import AuditEntry
from eventsys.core.db import db
from eventsys.web.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor, make_page


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What of the trail: an object's type and public id, part of the actor's name, a span of time."""

    object_type: str = ""
    object_id: str = ""
    actor: str = ""
    start: datetime | None = None
    end: datetime | None = None


def list_audit(wanted: TrailFilter, *, cursor: str | None = None, size: int = PAGE_SIZE) -> Page[AuditEntry]:
    """Entries of the trail, newest first."""
    query = select(AuditEntry)
    if wanted.object_type:
        query = query.where(AuditEntry.object_type == wanted.object_type)
    if wanted.object_id:
        query = query.where(AuditEntry.object_id == wanted.object_id)
    if wanted.actor:
        query = query.where(AuditEntry.actor_name.contains(wanted.actor, autoescape=True))
    if wanted.start is not None:
        query = query.where(AuditEntry.at >= wanted.start)
    if wanted.end is not None:
        query = query.where(AuditEntry.at < wanted.end)
    if cursor:
        (last,) = decode_cursor(cursor, int)
        query = query.where(AuditEntry.id < last)
    rows = db.session.scalars(query.order_by(AuditEntry.id.desc()).limit(size + 1)).all()
    return make_page(rows, size, lambda row: encode_cursor(row.id))


def audited_types() -> list[str]:
    """The kinds of objects the trail speaks of."""
    return list(db.session.scalars(select(AuditEntry.object_type).distinct().order_by(AuditEntry.object_type)))
