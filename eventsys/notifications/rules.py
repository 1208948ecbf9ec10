"""Rules of messages: their states and when a failed one is tried again."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

LEASE = timedelta(minutes=10)  # a batch is sent or given back within it
BATCH = 20
ERROR_MAX = 500
RETRY_SECONDS = (30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)


class MessageState(StrEnum):
    """Where a message is on its way. `inbox` has no address: it waits on the site."""

    INBOX = "inbox"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


def retry_delay(attempts: int) -> timedelta | None:
    """How long to wait after the n-th failed attempt (from 1); None when to give up (after about two days)."""
    return timedelta(seconds=RETRY_SECONDS[attempts - 1]) if attempts <= len(RETRY_SECONDS) else None
