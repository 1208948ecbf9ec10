"""Not attended (未到场): what follows from it, and what the enterprise and the department may say. Nobody is blamed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from eventsys.core.errors import Conflict

EXPLAIN_WITHIN = timedelta(days=30)  # of the slot's start


@dataclass(frozen=True, slots=True)
class NoShowRule:
    """Who did not come `count` times within `months` needs approval for `days` after the last time."""

    count: int
    months: int
    days: int

    def needs_approval(self, missed: Collection[datetime], now: datetime) -> bool:
        """Whether the rule holds at `now`, of the starts of the slots missed and not excused."""
        recent = [at for at in missed if at > months_before(now, self.months)]
        return len(recent) >= self.count and max(recent) > now - timedelta(days=self.days)


def months_before(now: datetime, months: int) -> datetime:
    """Since when something lies within the last `months`."""
    return now - timedelta(days=30.5 * months)


def explain_until(at: datetime) -> datetime:
    """Until when the enterprise may explain why it did not come to the slot that began `at`."""
    return at + EXPLAIN_WITHIN


def check_explain(at: datetime, *, is_explained: bool, is_decided: bool, now: datetime) -> None:
    """Raise Conflict unless the enterprise may explain it now: once, within thirty days, before it is answered."""
    if is_explained or is_decided:
        raise Conflict("no_show_decided" if is_decided else "no_show_explained")
    if now > explain_until(at):
        raise Conflict("no_show_too_old", explain_until=explain_until(at))


def check_decide(*, is_explained: bool, is_decided: bool, is_excused: bool) -> None:
    """Raise Conflict unless the department may answer so: once. It may excuse what nobody has explained in writing;
    to say no before would take the enterprise's word."""
    if is_decided:
        raise Conflict("no_show_decided")
    if not is_explained and not is_excused:
        raise Conflict("no_show_unexplained")
