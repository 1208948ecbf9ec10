"""Any spreadsheet people have -> rows of text: .xlsx, .xls, and .csv in UTF-8, GB 18030 or UTF-16.

What a file is, its content says, never its name. Whatever cannot be read is an Invalid that names the cause.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from eventsys.core.errors import Invalid
from eventsys.directory.imports.cells import unguard
from eventsys.directory.imports.rules import (
    CELL_MAX,
    COLUMNS_MAX,
    FILE_BYTES_MAX,
    HEADING_WITHIN,
    PARTS_MAX,
    READ_MEMORY,
    READ_SECONDS,
    ROWS_MAX,
    STYLED_ROWS_MAX,
    UNPACKED_BYTES_MAX,
    UNPACKED_RATIO_MAX,
    Row,
    Sheet,
)

SHEET_ROWS_MAX = ROWS_MAX + HEADING_WITHIN
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 20
_SMALL_PART = 1 << 20
_FIELD = "file"
_SAID = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)


def read_sheet(content: bytes) -> Sheet:
    """The rows of the first sheet that holds anything; Invalid (field `file`) names what is wrong with the file."""
    if len(content) > FILE_BYTES_MAX:
        raise _refused("file_too_large", megabytes=FILE_BYTES_MAX // 2**20)
    if content.startswith(_ZIP):
        _check_archive(content)
        rows: Iterable[list[str]] = _read_workbook(content)
    elif content.startswith(_OLE):
        rows = _read_workbook(content)
    else:
        rows = _read_csv(_decode(content))
    return Sheet(tuple(_rows(rows)))


def _rows(rows: Iterable[list[str]]) -> Iterator[Row]:
    is_empty = True
    for number, cells in enumerate(rows, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if number > SHEET_ROWS_MAX:
            raise _refused("file_too_many_rows", limit=ROWS_MAX)
        if len(cells) > COLUMNS_MAX:
            raise _refused("file_too_many_columns", limit=COLUMNS_MAX)
        if any(len(cell) > CELL_MAX for cell in cells):
            raise _refused("file_cell_too_long", row=number, limit=CELL_MAX)
        is_empty = False
        yield Row(number, tuple(unguard(cell) for cell in cells))
    if is_empty:
        raise _refused("file_empty")


def _check_archive(content: bytes) -> None:
    """Look at a workbook's parts before anything unpacks them: how many, how large, how densely packed, and that they
    hold what their directory says and declare no XML entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_sizes(parts)
            if not any(part.filename == "xl/workbook.xml" for part in parts):
                raise _refused("file_kind_unknown")
            for part in parts:
                _check_part(archive, part)
    # zipfile raises NotImplementedError for a way of packing that it does not know, RuntimeError for a password
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise _refused("file_damaged") from None


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    packed_too_densely = any(
        part.file_size > _SMALL_PART and part.file_size > UNPACKED_RATIO_MAX * max(part.compress_size, 1)
        for part in parts
    )
    if packed_too_densely or len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise _refused("file_unpacks_too_large", megabytes=UNPACKED_BYTES_MAX // 2**20)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read a part once, as many bytes as it declares (zipfile holds it to that and to its checksum)."""
    tail, rows = b"", 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            window = tail + chunk
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                raise _refused("file_declares_entities")
            rows += chunk.count(b"<row")
            if rows > STYLED_ROWS_MAX:
                raise _refused("file_too_many_rows", limit=ROWS_MAX)
            tail = chunk[-16:]


def _read_workbook(content: bytes) -> list[list[str]]:
    script = Path(__file__).with_name("workbook.py")
    limits = [str(READ_MEMORY), str(SHEET_ROWS_MAX), str(COLUMNS_MAX)]
    try:
        done = subprocess.run(  # noqa: S603 - our own script, our own interpreter
            [sys.executable, "-I", str(script), *limits],
            input=content,
            capture_output=True,
            timeout=READ_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused("file_sheet_too_large") from None
    if done.returncode != 0:  # out of memory ends the process
        raise _refused("file_sheet_too_large" if b"alloc" in done.stderr or done.returncode < 0 else "file_damaged")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise _refused(answer["error"], limit=ROWS_MAX if answer["error"] == "file_too_many_rows" else COLUMNS_MAX)
    rows: list[list[str]] = answer["rows"]
    return rows


def _decode(content: bytes) -> str:
    """CSV text: by its byte order mark, else UTF-8, else GB 18030 (GBK is part of it)."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ("utf-16",) if marked else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _refused("file_kind_unknown")


def _read_csv(text: str) -> Iterator[list[str]]:
    said = _SAID.match(text)  # Excel's own first line, which says what separates the cells
    text, mark = (text[said.end() :], said[1]) if said else (text, _delimiter(text))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        for count, cells in enumerate(reader, start=1):
            if count > SHEET_ROWS_MAX:
                raise _refused("file_too_many_rows", limit=ROWS_MAX)
            yield cells
    except csv.Error:
        raise _refused("file_row_unreadable", row=reader.line_num) from None


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab: what the first lines use most."""
    head = text[:4_000]
    return max(",;\t", key=lambda mark: (head.count(mark), mark == ","))


def _refused(code: str, **fields: object) -> Invalid:
    return Invalid(code, field=_FIELD, **fields)
