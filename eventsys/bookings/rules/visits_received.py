"""How many visits an enterprise receives, over all departments: it is protected from being called on too often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from eventsys.core.errors import Conflict


class Span(StrEnum):
    """Over what visits are counted: a day, a week from Monday to Sunday, a month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def holds(self, one: date, other: date) -> bool:
        """Whether both days lie in the same span."""
        return self.first(one) == self.first(other)

    def first(self, day: date) -> date:
        """The first day of the span that holds `day`."""
        if self is Span.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Span.MONTH else day

    def after(self, day: date) -> date:
        """The day after the span that holds `day`."""
        if self is Span.MONTH:
            return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
        return self.first(day) + timedelta(days=7 if self is Span.WEEK else 1)


@dataclass(frozen=True, slots=True)
class VisitCaps:
    """The most visits an enterprise receives in each span; 0 means no limit."""

    day: int = 1
    week: int = 1
    month: int = 2

    def of(self, span: Span) -> int:
        """The limit of a span."""
        return {Span.DAY: self.day, Span.WEEK: self.week, Span.MONTH: self.month}[span]


def received_refusal(
    caps: VisitCaps, day: date, received: Iterable[date], *, was: date | None = None
) -> Conflict | None:
    """The first cap that one more visit on `day` would break, as `visits_received`; `received` are the days of the
    others. A visit that moves counts in no span in which it `was` before."""
    days = list(received)
    for span in Span:
        limit, used = caps.of(span), sum(span.holds(day, other) for other in days)
        is_there_already = was is not None and span.holds(day, was)
        if limit and used >= limit and not is_there_already:
            wording = f"visits_received_{span.value}"
            return Conflict("visits_received", wording=wording, span=span.value, used=used, maximum=limit)
    return None


def counted_with(day: date) -> tuple[date, date]:
    """The first day, and the day after the last one, of everything that counts together with `day`."""
    return min(span.first(day) for span in Span), max(span.after(day) for span in Span)
