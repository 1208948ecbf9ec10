"""What stands above the events of a feed (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from eventsys.calendars.events import Named
from eventsys.calendars.words import COLOURS, WORDS
from eventsys.directory.rules import Topic
from eventsys.slots.rules import SlotFormat


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a feed's events."""

    name: str
    description: str
    url: str
    color: str


def public_heading(
    district: Named,
    narrowed: Sequence[Named],
    chosen: Sequence[Topic | SlotFormat],
    search: str,
    arguments: dict[str, str],
    colour: int,
    locale: str,
    base_url: str,
) -> Heading:
    """The heading of public slots: everything, or what they are narrowed to by name, by choice and by words."""
    words = WORDS[locale]
    parts = [name.in_language(locale) for name in narrowed] + [words[item] for item in chosen]
    if search:
        parts.append(words["searched"].format(search))
    title = (
        words["narrowed"].format("·".join(parts)) if parts else words["everything"].format(district.in_language(locale))
    )
    page = f"{base_url}/?{urlencode(arguments)}" if arguments else f"{base_url}/"
    if "edition" in arguments:
        page = f"{base_url}/editions/{arguments['edition']}"
    return Heading(title, words["refreshed"], page, COLOURS[(colour - 1) % len(COLOURS)])


def private_heading(kind: str, name: Named, colour: int, locale: str, base_url: str) -> Heading:
    """The heading of an enterprise's, desk's, steward's or staff member's calendar."""
    words = WORDS[locale]
    color = COLOURS[(colour - 1) % len(COLOURS)]
    return Heading(words[kind].format(name.in_language(locale)), words["refreshed"], f"{base_url}/calendars", color)
