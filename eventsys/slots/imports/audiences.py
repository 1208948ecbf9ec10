"""Whom a slot is for, as cells say it: 公开; 园区：甲、乙；规模：小型; 定向邀请. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from eventsys.core.errors import Invalid
from eventsys.core.text import fold
from eventsys.directory.rules import EnterpriseSize
from eventsys.slots.imports.columns import CLEARED
from eventsys.slots.imports.finding import Finder
from eventsys.slots.imports.texts import FILTERS, NAMED
from eventsys.slots.imports.words import SIZES, choice, split_names
from eventsys.slots.rules import Audience, AudienceKind

_PUBLIC = {"公开", "全部", "全部企业", "所有企业", "不限", "public", "all"}
_NAMED = {NAMED, "定向", "邀请", "named"}
_SYNONYMS = {"park": "parks", "subdistrict": "sub_districts", "tag": "tags", "size": "sizes"}
_PART = re.compile(r'(?:"(?:[^"]|"")*"|[^；;\n"])+')


def read_audience(text: str, invited: str, before: Audience, finder: Finder) -> Audience:
    """The audience of the two cells, either of which may be empty and leave that part; Invalid names the cell."""
    audience = _kind_of(text, before, finder) if text else before
    if invited == CLEARED:
        return replace(audience, enterprises=())
    if invited:
        audience = replace(audience, enterprises=finder.enterprises(invited, "invited"))
    return audience


def _kind_of(text: str, before: Audience, finder: Finder) -> Audience:
    plain = fold(text)
    if text == CLEARED or plain in _PUBLIC:
        return Audience(AudienceKind.PUBLIC, enterprises=before.enterprises)
    if plain in _NAMED:
        return Audience(AudienceKind.NAMED, enterprises=before.enterprises)
    parts = [part.strip() for part in _PART.findall(text) if part.strip()]
    found: dict[str, Any] = {}
    for part in parts:
        word, colon, names = part.replace("：", ":", 1).partition(":")
        if colon and fold(word) in _NAMED and len(parts) == 1:
            return Audience(AudienceKind.NAMED, enterprises=finder.enterprises(names, "audience"))
        name = next((name for name, zh in FILTERS.items() if fold(word) in {zh, name}), _SYNONYMS.get(fold(word)))
        if not colon or name is None or name in found:
            raise Invalid("cell_audience", field="audience")
        found[name] = _values(name, names, finder)
    if not any(found.values()):
        raise Invalid("audience_without_filter", field="audience")
    return Audience(AudienceKind.FILTERED, enterprises=before.enterprises, **found)


def _values(name: str, names: str, finder: Finder) -> tuple[Any, ...]:
    if name == "sub_districts":
        return split_names(names)
    if name == "sizes":
        return tuple(EnterpriseSize(choice(SIZES, item, "audience")) for item in split_names(names))
    return finder.all(name, names, "audience")
