"""Documents of a slot (pure): which files are taken, told by their content, and how their names are made harmless."""

from __future__ import annotations

import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from eventsys.core.errors import Invalid
from eventsys.core.text import clean_line

DOCUMENTS_MAX = 10  # of a slot
FILE_BYTES_MAX = 10 * 1024 * 1024
PART_BYTES = 512 * 1024
FILE_NAME_MAX = 120
HEAD_BYTES = 4096  # enough to tell what a file is
DOCUMENT_URL_MAX = 500
_SEPARATORS = re.compile(r"[\\/]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"^\s*<|<!doctype|<html|<script|<svg", re.IGNORECASE)
_SPECIAL = re.compile(r'[<>:"|?*%;]')


class DocumentKind(StrEnum):
    """The files that are taken, by their extension."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    JPG = "jpg"
    PNG = "png"
    TXT = "txt"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file is by its content; `digest` is its SHA-256 in hexadecimal."""

    kind: DocumentKind
    size: int
    digest: str


_OFFICE = "application/vnd.openxmlformats-officedocument."
MEDIA_TYPES = {
    DocumentKind.PDF: "application/pdf",
    DocumentKind.DOCX: _OFFICE + "wordprocessingml.document",
    DocumentKind.XLSX: _OFFICE + "spreadsheetml.sheet",
    DocumentKind.PPTX: _OFFICE + "presentationml.presentation",
    DocumentKind.JPG: "image/jpeg",
    DocumentKind.PNG: "image/png",
    DocumentKind.TXT: "text/plain; charset=utf-8",
}
MAGIC = {
    b"%PDF-": DocumentKind.PDF,
    b"\xff\xd8\xff": DocumentKind.JPG,
    b"\x89PNG\r\n\x1a\n": DocumentKind.PNG,
}
OFFICE_PARTS = {
    "word/document.xml": DocumentKind.DOCX,
    "xl/workbook.xml": DocumentKind.XLSX,
    "ppt/presentation.xml": DocumentKind.PPTX,
}
MACROS = re.compile(r"(^|/)vbaProject\.bin$", re.IGNORECASE)


def kind_of(head: bytes) -> DocumentKind | None:
    """What a file is by its first bytes; None when they do not tell (a ZIP, a text, or something not taken)."""
    return next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)


def kind_of_members(names: list[str]) -> DocumentKind | None:
    """Which Office file a ZIP with these members is; None for another, and for one with macros."""
    if "[Content_Types].xml" not in names or any(MACROS.search(name) for name in names):
        return None
    return next((kind for part, kind in OFFICE_PARTS.items() if part in names), None)


def is_text(parts: Iterable[bytes]) -> bool:
    """Whether a file is plain UTF-8 text without control characters, and no page in disguise."""
    decoder, is_first = getincrementaldecoder("utf-8-sig")(), True
    try:
        for part in parts:
            text = decoder.decode(part)
            if _NO_TEXT.search(text) or (is_first and _MARKUP.search(text[:1024])):
                return False
            is_first = False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def clean_file_name(name: str, kind: DocumentKind) -> str:
    """The name without path, control or direction characters, in at most FILE_NAME_MAX characters; the extension is
    that of the content."""
    name = unicodedata.normalize("NFC", _SEPARATORS.split(name)[-1])
    name = "".join(" " if c.isspace() else c for c in name if not unicodedata.category(c).startswith("C"))
    stem = _SPECIAL.sub("_", name.rpartition(".")[0] if "." in name else name).strip(" .")
    stem = " ".join(stem.split())[: FILE_NAME_MAX - len(kind) - 1].rstrip(" .")
    return f"{stem or 'document'}.{kind.value}"


def clean_document_url(value: str) -> str:
    """A link to a document: https with a host; Invalid names the field."""
    url = clean_line(value, "url", DOCUMENT_URL_MAX, required=True)
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_good = False
    if not is_good or any(c.isspace() or not c.isprintable() for c in url):
        raise Invalid("bad_document_url", field="url")
    return url
