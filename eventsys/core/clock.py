"""The one clock. Everything that asks for the time asks here; tests travel with time-machine."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, UTC."""
    return datetime.now(UTC)
