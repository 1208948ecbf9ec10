"""The outbox, which is the inbox too: a row a message and recipient."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from eventsys.core.clock import now
from eventsys.core.db import Model
from eventsys.core.types import BigId, CreatedAt, Id, Instant, MaybeInstant, PublicId, text_enum
from eventsys.notifications.rules import MessageState


class Message(Model):
    """One message to one recipient: a mail when it has an `address`, an inbox entry when it has a `person_id`.

    `context` is plain data for templates/mail/<kind>/; `attachments` are `{filename, content_type, text}` or
    `{filename, qr}` (the text a PNG code holds).
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("address IS NOT NULL OR person_id IS NOT NULL", name="has_recipient"),
        Index("ix_messages_due", "state", "due_at"),
        Index("ix_messages_inbox", "person_id", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId] = mapped_column(insert_sentinel=True)  # so one INSERT takes many, on SQLite too
    kind: Mapped[str] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(254))
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    locale: Mapped[str] = mapped_column(String(8), default="zh_CN")
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[MessageState] = mapped_column(text_enum(MessageState, "state"))
    created_at: Mapped[CreatedAt]
    due_at: Mapped[Instant] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[MaybeInstant]
    read_at: Mapped[MaybeInstant]
    last_error: Mapped[str] = mapped_column(Text, default="")
