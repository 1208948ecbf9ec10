"""The audit trail: who did what, when, from where, before and after. Rows are only ever added (triggers hold it)."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from eventsys.core.actor import Actor, Channel
from eventsys.core.clock import now
from eventsys.core.db import Model, db
from eventsys.core.types import BigId, Id, Instant, text_enum


class AuditEntry(Model):
    """One act. `object_type` and `object_id` (a public id) say on what; values never hold a secret."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_object", "object_type", "object_id", "id"),
        Index("ix_audit_entries_at", "at"),
    )

    id: Mapped[Id]
    at: Mapped[Instant] = mapped_column(default=now)
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(80))
    actor_id: Mapped[int | None] = mapped_column(BigId)  # no foreign key: the trail outlives the person
    actor_name: Mapped[str] = mapped_column(String(200), default="")
    channel: Mapped[Channel] = mapped_column(text_enum(Channel, "channel"))
    address: Mapped[str] = mapped_column(String(64), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(String(500), default="")


def record(
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one entry to the running unit of work."""
    db.session.add(
        AuditEntry(
            action=action,
            object_type=object_type,
            object_id=object_id,
            actor_id=actor.person,
            actor_name=actor.name,
            channel=actor.channel,
            address=actor.address,
            request_id=actor.request_id,
            before=_plain(before or {}),
            after=_plain(after or {}),
            reason=reason,
        )
    )


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs of two states of one object."""
    keys = [key for key in after if before.get(key) != after[key]]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain_value(value) for key, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, date):  # an instant, too
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain_value(item) for item in value]
    return value
