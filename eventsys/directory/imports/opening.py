"""A file opened for import: its rows below the heading, and which column is taken for what, remembered for the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.directory.imports.columns import Column, check_mapping, find_heading, heading_hash, recognise
from eventsys.directory.imports.read import read_sheet
from eventsys.directory.imports.rules import Heading, Row
from eventsys.directory.models import ImportMapping
from eventsys.directory.queries.imports import find_mapping


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file as read: its rows below the heading, and which column is taken for what."""

    heading: Heading
    rows: tuple[Row, ...]
    mapping: dict[str, int]


def open_file(
    kind: str, columns: Sequence[Column], file_bytes: bytes, mapping: Mapping[str, int] | None = None
) -> OpenedFile:
    """Read a file and find its heading row and columns; Invalid names what is wrong with the file or the mapping."""
    sheet = read_sheet(file_bytes)
    heading = find_heading(columns, sheet)
    if mapping is None:
        remembered = find_mapping(kind, heading_hash(heading))
        mapping = remembered.mapping if remembered else recognise(columns, heading.texts)
    rows = sheet.rows[heading.index + 1 :]
    if not rows:
        raise Invalid("file_empty", field="file")
    return OpenedFile(heading, rows, check_mapping(columns, mapping, heading))


def remember_mapping(kind: str, heading: Heading, mapping: Mapping[str, int]) -> None:
    """Take these columns for the next file with the same heading row."""
    key = heading_hash(heading)
    remembered = find_mapping(kind, key)
    if remembered is None:
        remembered = ImportMapping(kind=str(kind), heading_hash=key, headings="\n".join(heading.texts))
        db.session.add(remembered)
    remembered.mapping = dict(mapping)
    db.session.flush()
