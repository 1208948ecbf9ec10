"""A slot that moves: from when on those who booked are asked again whether they come."""

from __future__ import annotations

from datetime import datetime, timedelta

RECONFIRM_DAYS = 2  # working days in which they should answer


def is_large_move(agreed: datetime, starts_at: datetime, minutes: int) -> bool:
    """Whether a start is more than so many minutes from the one agreed to; 0 minutes: no move ever is."""
    return minutes > 0 and abs(starts_at - agreed) > timedelta(minutes=minutes)


def agreed_start(moved_from: datetime | None, was_at: datetime, starts_at: datetime, minutes: int) -> datetime | None:
    """The start an enterprise still has to agree away from, None when the new one needs no answer: it is close to the
    one agreed to last (`moved_from` while an answer is due, else `was_at`)."""
    agreed = moved_from or was_at
    return agreed if is_large_move(agreed, starts_at, minutes) else None
