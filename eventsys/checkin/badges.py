"""Badges and name cards (胸牌、桌签): what is printed on them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Layout(StrEnum):
    """Badges of 90 by 60 mm, eight on an A4 sheet or one a label; name cards for the table, A4 to fold."""

    SHEET = "sheet"
    LABEL = "label"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wears a badge; `code` is the text of the QR code and `typed` the code below it, empty for the staff."""

    name: str
    organisation: str
    code: str = ""
    typed: str = ""


def told(people: Iterable[Person], layout: Layout, *, title: str, lead: str, language: str) -> dict[str, Any]:
    """What the template templates/checkin/badges.typ reads, JSON values; `codes` are texts still."""
    codes: list[str] = []
    printed = []
    for person in people:
        place = len(codes) if person.code and layout is not Layout.CARD else None
        if place is not None:
            codes.append(person.code)
        printed.append({"name": person.name, "enterprise": person.organisation, "typed": person.typed, "code": place})
    return {
        "title": title,
        "lead": lead,
        "layout": layout.value,
        "language": language,
        "people": printed,
        "codes": codes,
    }
