"""The text of a feed, compressed while it is read, so that one of any size needs little memory; those asked for lately
are kept by the state they show."""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO

from eventsys.core.shelf import Shelf

LEVEL = 1  # a calendar repeats itself: level 9 saves a fifth more and takes four times as long
PIECE = 1 << 16  # octets handed on at a time
SPOOLED = 1 << 20  # octets of one body in memory; a larger one goes to a file
KEPT = 4 << 20  # octets of a process


@dataclass(frozen=True, slots=True)
class Body:
    """A feed's text as gzip: `size` octets of it, `length` of the text."""

    file: IO[bytes]
    size: int
    length: int

    def gzip(self) -> Iterator[bytes]:
        """The compressed text in pieces; the body is spent then."""
        with self.file:
            while piece := self.file.read(PIECE):
                yield piece

    def text(self) -> Iterator[bytes]:
        """The text itself in pieces; the body is spent then."""
        plain = zlib.decompressobj(wbits=31)
        for piece in self.gzip():
            while piece:
                yield plain.decompress(piece, PIECE)
                piece = plain.unconsumed_tail
        yield plain.flush()


def compress(pieces: Iterable[bytes]) -> Body:
    """The body of these pieces of text. The same text gives the same octets: a gzip header without a time."""
    file: IO[bytes] = SpooledTemporaryFile(SPOOLED)  # noqa: SIM115 - closed by who reads it
    packer = zlib.compressobj(LEVEL, wbits=31)
    length = 0
    for piece in pieces:
        length += len(piece)
        file.write(packer.compress(piece))
    file.write(packer.flush())
    size = file.tell()
    file.seek(0)
    return Body(file, size, length)


@dataclass(frozen=True, slots=True)
class Kept:
    """The compressed text of a feed in one state."""

    state: str
    raw: bytes
    length: int


BODIES: Shelf[Kept] = Shelf(KEPT)  # of this process, by what the feed is of


def find_body(identity: Hashable, state: str) -> Body | None:
    """The feed's body in this very state, when it is kept."""
    kept = BODIES.find(identity)
    if kept is None or kept.state != state:
        return None
    return Body(BytesIO(kept.raw), len(kept.raw), kept.length)


def keep_body(identity: Hashable, state: str, body: Body) -> None:
    """Keep a body that fits, in place of the feed's earlier one."""
    if body.size <= SPOOLED:
        raw = body.file.read()
        body.file.seek(0)
        BODIES.keep(identity, Kept(state, raw, body.length), body.size)
