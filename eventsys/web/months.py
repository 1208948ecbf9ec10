"""A month of the district's calendar, as addresses name it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the district's calendar."""

    first: date

    @property
    def key(self) -> str:
        """As it stands in an address: 2026-12."""
        return f"{self.first:%Y-%m}"

    @property
    def next(self) -> Month:
        """The month after."""
        return Month((self.first + timedelta(days=31)).replace(day=1))

    @property
    def previous(self) -> Month:
        """The month before."""
        return Month((self.first - timedelta(days=1)).replace(day=1))

    def start(self, zone: ZoneInfo) -> datetime:
        """Its first instant."""
        return datetime.combine(self.first, time(), zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The first instant after it."""
        return self.next.start(zone)


def read_month(text: str) -> Month | None:
    """A month written 2026-12; None for anything else."""
    match = _MONTH.fullmatch(text)
    return Month(date(int(match[1]), int(match[2]), 1)) if match else None


def this_month(at: datetime, zone: ZoneInfo) -> Month:
    """The month of an instant."""
    return Month(at.astimezone(zone).date().replace(day=1))
