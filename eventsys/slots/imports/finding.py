"""Finds what the names in cells mean: as written first, then whatever their width, case and blanks. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from eventsys.core.errors import Invalid
from eventsys.core.text import fold
from eventsys.directory.rules import parse_credit_code
from eventsys.slots.imports.known import Known, Named
from eventsys.slots.imports.words import join_names, split_names

SHOWN = 5  # names in one sentence
_NUMBER = re.compile(r"第?(\d{1,6})期?", re.ASCII)


class Finder:
    """Looks names up among everything known."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._indexes = {
            kind: _index(getattr(known, kind)) for kind in ("departments", "places", "parks", "tags", "editions")
        }

    def find(self, kind: str, text: str) -> Named | None:
        """The one thing of a kind with this name, if there is one."""
        index = self._indexes[kind]
        for key in (("name", text), ("name", fold(text)), ("other", text), ("other", fold(text))):
            found = index.get(key, [])
            if len(found) == 1:
                return found[0]
        return None

    def one(self, kind: str, text: str, name: str) -> int:
        """The primary key of what a cell names; Invalid (field `name`) when it is not known."""
        return self.all(kind, join_names([text]), name)[0]

    def all(self, kind: str, text: str, name: str) -> tuple[int, ...]:
        """The primary keys of what a cell names; Invalid (field `name`) says which names are not known."""
        names = split_names(text)
        found = [self.find(kind, item) for item in names]
        _refuse_unknown(name, [item for item, row in zip(names, found, strict=True) if row is None])
        return tuple(dict.fromkeys(row.id for row in found if row is not None))

    def edition(self, text: str) -> int:
        """The edition of a series and number, or of a number alone where one series has it."""
        found = self.find("editions", text)
        number = _NUMBER.fullmatch(fold(text))
        if found is None and number:
            same = [item for item in self._known.editions if item.name.endswith(f"第{int(number[1])}期")]
            found = same[0] if len(same) == 1 else None
        if found is None:
            raise Invalid("unknown_edition", field="edition")
        return found.id

    def offered(self, kind: str, text: str, offered_by: Collection[int]) -> tuple[int, ...]:
        """The services or staff of departments by name, or by the longer form where several have that name."""
        offered = [item for item in getattr(self._known, kind) if item.owner in offered_by]
        keys: list[int] = []
        unknown: list[str] = []
        for name in split_names(text):
            found = [item for item in offered if item.name == name]
            found = found or [item for item in offered if name in item.others]
            found = found or [item for item in offered if fold(item.name) == fold(name)]
            keys += [found[0].id] if len(found) == 1 else []
            unknown += [name] if len(found) != 1 else []
        _refuse_unknown(kind, unknown)
        return tuple(dict.fromkeys(keys))

    def enterprises(self, text: str, name: str) -> tuple[int, ...]:
        """The enterprises of credit codes or names; Invalid says which are not known, or are several."""
        found, unknown = [], []
        for item in split_names(text):
            keys = self._known.enterprises.get(plain_credit_code(item)) or self._known.enterprises.get(
                item, frozenset()
            )
            found += list(keys) if len(keys) == 1 else []
            unknown += [item] if len(keys) != 1 else []
        _refuse_unknown(name, unknown)
        return tuple(dict.fromkeys(found))


def plain_credit_code(text: str) -> str:
    """The credit code a text is, in its plain form; empty when it is none."""
    try:
        return parse_credit_code(text).text
    except Invalid:
        return ""


def _refuse_unknown(name: str, unknown: list[str]) -> None:
    if unknown:
        names = "、".join(item[:40] for item in unknown[:SHOWN])
        raise Invalid("cell_unknown_names", field=name, names=names + ("…" if len(unknown) > SHOWN else ""))


def _index(rows: Iterable[Named]) -> dict[tuple[str, str], list[Named]]:
    index: dict[tuple[str, str], list[Named]] = {}
    for row in rows:
        for key in {("name", row.name), ("name", fold(row.name))}:
            index.setdefault(key, []).append(row)
        for key in {("other", form) for other in row.others if other for form in (other, fold(other))}:
            index.setdefault(key, []).append(row)
    return index
