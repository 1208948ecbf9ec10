"""What a feed of public slots is narrowed to, as the arguments of an address: those of the home page, less what is no
property of a slot (the month looked at, the places left)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from eventsys.core.errors import NotFound
from eventsys.directory.rules import Topic
from eventsys.slots.queries import SlotFilter
from eventsys.slots.rules import SlotFormat

SEARCH_MAX = 60

Choice = TypeVar("Choice", bound=StrEnum)


def filter_from(arguments: Mapping[str, str]) -> SlotFilter:
    """The filter of an address's arguments, unknown ones left out; NotFound for a topic or format that is none, for a
    calendar must not show everything when it was asked for something."""
    text = "".join(letter if letter.isprintable() else " " for letter in arguments.get("q", "")[:SEARCH_MAX])
    return SlotFilter(
        department=arguments.get("department", ""),
        park=arguments.get("park", ""),
        edition=arguments.get("edition", ""),
        topic=_choice(Topic, arguments.get("topic", "")),
        format=_choice(SlotFormat, arguments.get("format", "")),
        search=" ".join(text.split()),
    )


def read_filter(query: str) -> SlotFilter:
    """The filter of a stored address's query."""
    return filter_from(dict(parse_qsl(query)))


def arguments_of(wanted: SlotFilter) -> dict[str, str]:
    """The arguments of an address that stands for the filter, in one order."""
    values = {
        "department": wanted.department,
        "topic": wanted.topic.value if wanted.topic else "",
        "park": wanted.park,
        "format": wanted.format.value if wanted.format else "",
        "edition": wanted.edition,
        "q": wanted.search,
    }
    return {name: value for name, value in values.items() if value}


def _choice(kind: type[Choice], text: str) -> Choice | None:
    try:
        return kind(text) if text else None
    except ValueError:
        raise NotFound() from None
