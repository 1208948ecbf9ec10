"""What the address of the home page narrows its list to. Whatever cannot be right is left out, a link stays usable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from eventsys.core.errors import Invalid
from eventsys.directory.rules import Topic
from eventsys.slots.queries import SlotFilter
from eventsys.slots.rules import SlotFormat
from eventsys.web.months import Month, read_month

SEARCH_MAX = 60
SPAN_MAX = timedelta(days=100)
_ID = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for on the home page; an empty value does not narrow."""

    text: str = ""
    department: str = ""
    topic: Topic | None = None
    park: str = ""
    format: SlotFormat | None = None
    has_places: bool = False
    month: Month | None = None
    as_calendar: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(self.text or self.department or self.topic or self.park or self.format or self.has_places)

    def arguments(self, **changes: str | None) -> dict[str, str]:
        """The parameters of an address that looks for this, with `changes` (None takes one out)."""
        values: dict[str, str | None] = {
            "q": self.text,
            "department": self.department,
            "topic": self.topic.value if self.topic else None,
            "park": self.park,
            "format": self.format.value if self.format else None,
            "places": "1" if self.has_places else None,
            "month": self.month.key if self.month else None,
            "view": "calendar" if self.as_calendar else None,
        }
        return {key: value for key, value in {**values, **changes}.items() if value}

    def to_filter(self, starts_from: datetime, starts_before: datetime) -> SlotFilter:
        """The filter of the list for a span of time."""
        return SlotFilter(
            starts_from=starts_from,
            starts_before=starts_before,
            department=self.department,
            park=self.park,
            topic=self.topic,
            format=self.format,
            has_places=self.has_places,
            search=self.text,
        )

    def span(self, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
        """The chosen month; without one, from today to the end of next month."""
        if self.month is not None:
            return self.month.start(zone), self.month.end(zone)
        today = now.astimezone(zone).date()
        return datetime.combine(today, time(), zone), Month(today.replace(day=1)).next.end(zone)


def read_search(arguments: Mapping[str, str]) -> Search:
    """The search of an address's parameters."""
    text = "".join(c if c.isprintable() else " " for c in arguments.get("q", "")[:SEARCH_MAX])
    return Search(
        text=" ".join(text.split()),
        department=_identifier(arguments.get("department", "")),
        topic=_choice(Topic, arguments.get("topic", "")),
        park=_identifier(arguments.get("park", "")),
        format=_choice(SlotFormat, arguments.get("format", "")),
        has_places=arguments.get("places") == "1",
        month=read_month(arguments.get("month", "")),
        as_calendar=arguments.get("view") == "calendar",
    )


def read_span(arguments: Mapping[str, str], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """`start` and `end` of a calendar's question (ISO 8601, local without an offset); Invalid names the wrong one."""
    start, end = (_instant(arguments.get(name, ""), name, zone) for name in ("start", "end"))
    if not timedelta(0) < end - start <= SPAN_MAX:
        raise Invalid("end_before_start" if end <= start else "slot_too_long", field="end", days=SPAN_MAX.days)
    return start, end


def _instant(text: str, field: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("bad_time", field=field) from None
    if not 2000 <= at.year <= 2100:
        raise Invalid("bad_time", field=field)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _identifier(text: str) -> str:
    return text if _ID.fullmatch(text) else ""


def _choice(kind: type[Choice], text: str) -> Choice | None:
    try:
        return kind(text)
    except ValueError:
        return None
