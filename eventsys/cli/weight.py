"""What keeps a server process small; tests/house/test_weight.py holds the figures."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

if TYPE_CHECKING:
    from flask import Flask

# Imported by libraries only because it is installed; None makes their `import` fail as if it were not.
NOT_WANTED = (
    "greenlet",  # structlog and SQLAlchemy would look into it; nothing here is asynchronous
    "rich",  # structlog would load 12 MB to colour what is JSON
)
# Imported by libraries whatever is installed. APIFlask takes marshmallow or pydantic, and the other weighs 9 MB;
# SQLAlchemy loads every driver of PostgreSQL (ours is psycopg), limits every store once more for asyncio.
STAND_INS = (
    *("pydantic", "pydantic.fields", "pydantic.json_schema", "pydantic_core"),
    *(f"sqlalchemy.dialects.postgresql.{driver}" for driver in ("asyncpg", "pg8000", "psycopg2", "psycopg2cffi")),
    *("limits.aio", "limits.aio.storage", "limits.aio.strategies"),
)
# mallopt(3) by number. By default glibc keeps what once was large and a heap for each few threads.
MALLOC = {-8: 1, -3: 64 * 1024, -1: 512 * 1024}  # M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
# A page leaves a thousand objects that only the collector frees; the default lets 70,000 gather (10 MB).
GC_THRESHOLDS = (700, 10, 2)


def leave_out_what_is_not_used() -> None:
    """Keep libraries out of the process that others would load for nothing."""
    for name in NOT_WANTED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    for name in STAND_INS:
        sys.modules.setdefault(name, _StandIn(name))
    if "PIL" not in sys.modules:  # the drawers of qrcode would load it, and pages draw codes as SVG
        sys.modules["PIL"] = None  # type: ignore[assignment]
        import qrcode  # noqa: F401

        del sys.modules["PIL"]  # a poster needs it


def give_memory_back() -> None:
    """Make the C library return what is freed to the system; without glibc nothing happens."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        for option, value in MALLOC.items():
            library.mallopt(option, value)


class KeptTemplates(FileSystemBytecodeCache):
    """Templates once compiled, by their content: compiling all of them leaves 3 MB of holes behind. A page never fails
    for the want of a place to keep them, such as on a full disk."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what is kept, if it can be read."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, if there is room."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def keep_templates(app: Flask, folder: Path) -> None:
    """Compile templates once for all processes, in `folder`."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
    app.jinja_env.bytecode_cache = KeptTemplates(str(folder))


def settle() -> None:
    """After the application was made: what lives as long as the process is never looked through again, and garbage is
    found sooner."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


class _Anything(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _Nothing(metaclass=_Anything):
    """A base and an annotation of what is never made."""


class _StandIn(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing
