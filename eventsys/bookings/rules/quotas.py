"""Quotas of an enterprise, shared by all its contacts (CONTRACTS.md)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from eventsys.core.errors import Conflict


class QuotaKind(StrEnum):
    """What a quota counts: a department in a month, an edition, or whatever is open at a time."""

    MONTH = "month"
    EDITION = "edition"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of the slot (None: there is none) and how many the enterprise has of it already."""

    kind: QuotaKind
    limit: int | None
    used: int

    @property
    def is_reached(self) -> bool:
        """Whether one more would be too many."""
        return self.limit is not None and self.used >= self.limit


def quota_refusal(quotas: Collection[Quota], *, department: str, month: int) -> Conflict | None:
    """The first quota that is reached, as `quota_reached`; `month` is the slot's (yyyymm)."""
    for quota in quotas:
        if quota.is_reached:
            day = date(month // 100, month % 100, 1)
            return Conflict(
                "quota_reached",
                wording=f"quota_reached_{quota.kind.value}",
                quota=quota.kind.value,
                department=department,
                month=day,
                next_month=(day + timedelta(days=32)).replace(day=1),
                used=quota.used,
                maximum=quota.limit,
            )
    return None
