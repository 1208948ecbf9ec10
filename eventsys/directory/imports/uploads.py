"""Uploaded files between preview and confirmation: kept on the server for the person who sent it, a day at most."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eventsys.core.errors import NotFound
from eventsys.core.tokens import new_token
from eventsys.directory.imports.rules import UPLOAD_HOURS

_KEY = re.compile(r"[a-z2-7]{32}", re.ASCII)
FILENAME_MAX = 100


def keep_upload(folder: Path, person: int, content: bytes, filename: str) -> str:
    """Keep a file for `person` and return its key; files of yesterday go."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_old(folder)
    key = new_token()
    descriptor = os.open(_path(folder, person, key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    name = "".join(c for c in filename if c.isprintable())[-FILENAME_MAX:].encode("utf-8", "replace")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(name + b"\n" + content)
    return key


def open_upload(folder: Path, person: int, key: str) -> tuple[bytes, str]:
    """Content and name of a file `person` sent, or NotFound."""
    try:
        name, _, content = _path(folder, person, key).read_bytes().partition(b"\n")
    except FileNotFoundError:
        raise NotFound from None
    return content, name.decode("utf-8", "replace")


@dataclass(slots=True)
class Claim:
    """A file taken to be imported; once `is_done` it does not come back."""

    content: bytes
    filename: str
    is_done: bool = False


@contextmanager
def claim_upload(folder: Path, person: int, key: str) -> Iterator[Claim]:
    """The file, for one of those who want it at once: for the others it is NotFound. It is there again afterwards
    unless that was the end of it."""
    content, filename = open_upload(folder, person, key)
    path = _path(folder, person, key)
    taken = path.with_name(f"{path.name}.taken")
    try:
        path.rename(taken)
    except FileNotFoundError:
        raise NotFound from None
    claim = Claim(content, filename)
    try:
        yield claim
    finally:
        if claim.is_done:
            taken.unlink(missing_ok=True)
        else:
            taken.rename(path)


def drop_upload(folder: Path, person: int, key: str) -> None:
    """Remove a file that has served."""
    _path(folder, person, key).unlink(missing_ok=True)


def _path(folder: Path, person: int, key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise NotFound
    return folder / f"{person}-{key}"


def _forget_old(folder: Path) -> None:
    oldest = time.time() - UPLOAD_HOURS * 3_600
    for file in folder.iterdir():
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
