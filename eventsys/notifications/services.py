"""Put messages into the outbox, inside the transaction they tell of; claim and settle them; mark them read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.notifications.models import Message
from eventsys.notifications.queries import get_inbox_message
from eventsys.notifications.rules import ERROR_MAX, LEASE, MessageState, retry_delay


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


def mark_read(public_id: str, *, actor: Actor) -> Message:
    """Note when the actor first read a message of theirs; raises NotFound for anybody else's."""
    if actor.person is None:
        raise NotFound("not_found", message=public_id)
    message = get_inbox_message(public_id, actor.person)
    message.read_at = message.read_at or now()
    return message


def mark_all_read(*, actor: Actor) -> None:
    """Note that the actor has read everything that has arrived."""
    at = now()
    db.session.execute(
        update(Message)
        .where(Message.person_id == actor.person, Message.read_at.is_(None), Message.due_at <= at)
        .values(read_at=at)
    )


def claim_due(limit: int) -> list[Message]:
    """Up to `limit` due mails, oldest first, counted as attempted and leased to the caller for `LEASE`.

    A lease outlives the transaction, so that none is open while a mail server talks. A worker that dies leaves its
    mails due again when the lease ends.
    """
    at = now()
    query = (
        select(Message)
        .where(Message.state == MessageState.QUEUED, Message.due_at <= at)
        .order_by(Message.due_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    messages = list(db.session.scalars(query))
    for message in messages:
        message.attempts += 1
        message.due_at = at + LEASE
    return messages


def settle(message: Message, *, error: str = "", is_final: bool = False) -> None:
    """Record what became of a claimed mail: sent (no `error`), tried again later, or failed for good.

    Does nothing when another worker has claimed it since, because the lease ran out.
    """
    values: dict[str, Any] = {"last_error": error.replace("\0", "")[:ERROR_MAX]}  # a server may answer anything
    delay = None if is_final else retry_delay(message.attempts)
    if not error:
        values |= {"state": MessageState.SENT, "sent_at": now()}
    elif delay is None:
        values |= {"state": MessageState.FAILED}
    else:
        values |= {"due_at": now() + delay}
    db.session.execute(
        update(Message)
        .where(Message.id == message.id, Message.attempts == message.attempts, Message.state == MessageState.QUEUED)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
