"""Put messages into the outbox, inside the transaction they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.notifications.models import Message
from eventsys.notifications.rules import MessageState


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom: a person (who sees it in the inbox), a mail address, or both."""

    person: int | None = None
    address: str | None = None
    locale: str = "zh_CN"


def enqueue(
    kind: str,
    recipients: Iterable[Recipient],
    context: dict[str, Any],
    *,
    attachments: Sequence[dict[str, str]] = (),
    due_at: datetime | None = None,
) -> None:
    """One message a recipient. `context` is plain JSON data for templates/mail/<kind>/; times as RFC 3339 text.

    An attachment is `{filename, content_type, text}` or `{filename, qr}`, the text a PNG code will hold.
    """
    for recipient in recipients:
        db.session.add(
            Message(
                kind=kind,
                address=recipient.address,
                person_id=recipient.person,
                locale=recipient.locale or "zh_CN",
                context=context,
                attachments=list(attachments),
                state=MessageState.QUEUED if recipient.address else MessageState.INBOX,
                due_at=due_at or now(),
            )
        )
