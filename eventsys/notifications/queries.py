"""Reads of a person's inbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.notifications.models import Message
from eventsys.web.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor, make_page


def list_inbox(person_id: int, cursor: str | None = None, *, size: int = PAGE_SIZE) -> Page[Message]:
    """The messages to a person, newest first, whether they went by mail too or not; Invalid for a bad cursor."""
    query = select(Message).where(*_in_inbox(person_id)).order_by(Message.id.desc()).limit(size + 1)
    if cursor:
        (last,) = decode_cursor(cursor, int)
        query = query.where(Message.id < last)
    return make_page(db.session.scalars(query).all(), size, lambda message: encode_cursor(message.id))


def count_unread(person_id: int) -> int:
    """How many messages a person has not read."""
    query = select(func.count(Message.id)).where(*_in_inbox(person_id), Message.read_at.is_(None))
    return db.session.scalar(query) or 0


def get_inbox_message(public_id: str, person_id: int) -> Message:
    """A person's own message; raises NotFound, another person's does not exist for them."""
    message = db.session.scalar(select(Message).where(Message.public_id == public_id, *_in_inbox(person_id)))
    if message is None:
        raise NotFound("not_found", message=public_id)
    return message


def _in_inbox(person_id: int) -> tuple[ColumnElement[Any], ...]:
    """Theirs and due: a first attempt at mailing moves `due_at` but the message has arrived on the site."""
    return Message.person_id == person_id, or_(Message.due_at <= now(), Message.attempts > 0)
