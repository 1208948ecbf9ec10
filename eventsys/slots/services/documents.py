"""Add documents to a slot and remove them. A file is looked at before anything is locked, then stored in pieces."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

from sqlalchemy import insert, select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_line
from eventsys.directory.rules import NAME_MAX
from eventsys.slots.documents import (
    DOCUMENTS_MAX,
    FILE_BYTES_MAX,
    HEAD_BYTES,
    PART_BYTES,
    DocumentKind,
    FileFacts,
    clean_document_url,
    clean_file_name,
    is_text,
    kind_of,
    kind_of_members,
)
from eventsys.slots.models import Document, DocumentPart, Slot
from eventsys.slots.queries import get_slot_of

DIRECTORY_BYTES_MAX = 256 * 1024  # of a ZIP: a larger one is no office file, and would weigh when read
_END = b"PK\x05\x06"
_END_BYTES, _COMMENT_MAX = 22, 0xFFFF


def inspect_file(stream: IO[bytes]) -> FileFacts:
    """What the file is, by its content; Invalid names the field `file` when it is none that is taken."""
    digest, size = hashlib.sha256(), 0
    for part in _parts(stream):
        size += len(part)
        if size > FILE_BYTES_MAX:
            raise Invalid("document_too_large", field="file", megabytes=FILE_BYTES_MAX // 1024**2)
        digest.update(part)
    if not size:
        raise Invalid("document_empty", field="file")
    kind = _kind_of(stream, size)
    if kind is None:
        raise Invalid("document_kind", field="file")
    return FileFacts(kind, size, digest.hexdigest())


def add_link(slot_id: str, title: str, url: str, *, actor: Actor) -> Document:
    """Add a link to a slot (a public id); the same link again is the one that is there."""
    slot = get_slot_of(slot_id, actor, Permission.EDIT_SLOT)
    url = clean_document_url(url)
    title = clean_line(title, "title", NAME_MAX, required=True)
    kept = _find(slot, Document.url == url)
    return kept or _add(slot, Document(title=title, url=url), actor)


def add_file(slot_id: str, title: str, name: str, facts: FileFacts, stream: IO[bytes], *, actor: Actor) -> Document:
    """Add a file that was inspected to a slot (a public id); without a title its name is one. The same content again
    is the document that is there."""
    slot = get_slot_of(slot_id, actor, Permission.EDIT_SLOT)
    name = clean_file_name(name, facts.kind)
    title = clean_line(title, "title", NAME_MAX) or name.rpartition(".")[0]
    kept = _find(slot, Document.digest == facts.digest)
    if kept is not None:
        return kept
    document = Document(title=title, file_name=name, kind=facts.kind, size=facts.size, digest=facts.digest)
    _add(slot, document, actor)
    for position, part in enumerate(_parts(stream)):
        piece = {"document_id": document.id, "position": position, "content": part}
        db.session.execute(insert(DocumentPart).values(piece))
    return document


def remove_document(slot_id: str, public_id: str, *, actor: Actor) -> None:
    """Remove a document of a slot for good; one that is gone already changes nothing."""
    slot = get_slot_of(slot_id, actor, Permission.EDIT_SLOT)
    document = _find(slot, Document.public_id == public_id)
    if document is None:
        return
    before = {"title": document.title, "url": document.url, "file": document.file_name}
    audit.record(actor, "slot.document_removed", "slot", slot.public_id, before=before)
    db.session.delete(document)
    db.session.flush()


def _add(slot: Slot, document: Document, actor: Actor) -> Document:
    there = db.session.scalars(select(Document.id).where(Document.slot_id == slot.id)).all()
    if len(there) >= DOCUMENTS_MAX:  # the slot is locked, so two at once cannot both be the last
        raise Conflict("too_many_documents", limit=DOCUMENTS_MAX)
    document.slot_id, document.created_by_id = slot.id, actor.person
    db.session.add(document)
    db.session.flush()
    after = {"title": document.title, "url": document.url, "file": document.file_name}
    audit.record(actor, "slot.document_added", "slot", slot.public_id, after=after)
    return document


def _find(slot: Slot, condition: object) -> Document | None:
    query = select(Document).where(Document.slot_id == slot.id, condition)  # type: ignore[arg-type]
    return db.session.scalars(query.limit(1)).one_or_none()


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    while part := stream.read(PART_BYTES):
        yield part


def _kind_of(stream: IO[bytes], size: int) -> DocumentKind | None:
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(stream, size)
    return kind_of(head) or (DocumentKind.TXT if is_text(_parts(stream)) else None)


def _office_kind(stream: IO[bytes], size: int) -> DocumentKind | None:
    """Which Office file a ZIP is, by the names in its directory; nothing is unpacked."""
    stream.seek(max(0, size - _END_BYTES - _COMMENT_MAX))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES or b"PK\x06\x07" in tail:  # the last: a ZIP64, which such files are not
        return None
    (directory_bytes,) = struct.unpack_from("<I", tail, at + 12)
    if directory_bytes > DIRECTORY_BYTES_MAX:
        return None
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            return kind_of_members(archive.namelist())
    # zipfile raises NotImplementedError for a version of ZIP that it does not know
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, UnicodeDecodeError):
        return None
