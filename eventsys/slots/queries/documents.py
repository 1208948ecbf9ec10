"""Reads of a slot's documents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.slots.models import Document, DocumentPart, Slot


def list_documents(slot: Slot) -> Sequence[Document]:
    """The documents of a slot in the order in which they were added."""
    return db.session.scalars(select(Document).where(Document.slot_id == slot.id).order_by(Document.id)).all()


def get_document(slot: Slot, public_id: str) -> Document:
    """The document of this slot, or NotFound."""
    query = select(Document).where(Document.slot_id == slot.id, Document.public_id == public_id)
    document = db.session.scalars(query).one_or_none()
    if document is None:
        raise NotFound()
    return document


def read_part(document: int, position: int) -> bytes | None:
    """A piece of the file of a document (a primary key); None after the last."""
    query = select(DocumentPart.content).where(DocumentPart.document_id == document, DocumentPart.position == position)
    return db.session.scalar(query)
