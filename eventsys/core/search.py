"""What a search looks through: names, their pinyin and its initials, so that `swj` finds 税务局."""

from __future__ import annotations

from eventsys.core.text import fold

SEARCH_MAX = 1_000


def search_text(*names: str) -> str:
    """The names folded, each with its pinyin and initials, a form a line; at most SEARCH_MAX characters."""
    forms = [form for name in names if name for form in (fold(name), *_pinyin(name))]
    return "\n".join(dict.fromkeys(forms))[:SEARCH_MAX]


def initials(name: str) -> str:
    """The initials of a name's pinyin, folded: `swj` of 税务局; what is no Chinese character stays."""
    from pypinyin import Style, lazy_pinyin

    return fold("".join(lazy_pinyin(name, Style.FIRST_LETTER)))


def _pinyin(name: str) -> tuple[str, ...]:
    """Pinyin and initials of a name that has Chinese characters."""
    if name.isascii():
        return ()
    from pypinyin import lazy_pinyin  # 45 MB of phrases: only who writes a name pays for them

    return fold("".join(lazy_pinyin(name))), initials(name)
